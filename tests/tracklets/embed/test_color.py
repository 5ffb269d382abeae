"""The colour descriptor on drawn people: kits separate, grounds and light do not; the foreground is the person."""

import numpy as np
import numpy.typing as npt
import pytest

from reid_solve.tracklets.embed.color import ColorEmbedder, _palette, foreground
from reid_solve.tracklets.embed.inputs import resized
from reid_solve.tracklets.video import Picture


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    pytest.importorskip("cv2", reason="needs the extra [video]")


GRASS, BOARDS = (60, 140, 70), (150, 60, 40)  # blue, green, red
RED, WHITE, SKY = (40, 30, 190), (225, 225, 225), (230, 180, 110)
BLACK, SKIN = (25, 25, 25), (120, 150, 200)


def person(rng: np.random.Generator, shirt: tuple[int, ...], shorts: tuple[int, ...], ground: tuple[int, ...] = GRASS,
           height: int = 120, light: float = 1.0) -> Picture:  # fmt: skip
    """A crop: head, shirt, shorts, legs, socks; legs apart at random, a little to one side, with noise."""
    width = round(0.42 * height)
    out = np.empty((height, width, 3))
    out[:] = ground
    middle = 0.5 + rng.uniform(-0.06, 0.06)

    def block(top: float, bottom: float, half: float, colour: tuple[int, ...], at: float = 0.0) -> None:
        left, right = (round((middle + at + side * half) * width) for side in (-1, 1))
        out[round(top * height) : round(bottom * height), max(left, 0) : right] = colour

    stride = rng.uniform(0.05, 0.16)
    block(0.02, 0.15, 0.09, SKIN)
    block(0.15, 0.48, 0.22, shirt)
    block(0.46, 0.63, 0.2, shorts)
    for side in (-1, 1):
        block(0.63, 0.76, 0.07, SKIN, side * stride)
        block(0.76, 0.97, 0.07, shirt, side * stride)
    return np.clip(out * light + rng.normal(0, 6, out.shape), 0, 255).astype(np.uint8)


def embedded(crops: list[Picture]) -> npt.NDArray[np.float32]:
    model = ColorEmbedder()
    model.load()
    return model.embed(model.prepare(crops))


def test_two_kits_separate_and_one_kit_is_alike_on_any_ground_and_at_any_size() -> None:
    rng = np.random.default_rng(1)
    kits = {"red": (RED, WHITE), "white": (WHITE, BLACK), "sky": (SKY, WHITE), "black": (BLACK, BLACK)}
    names = np.repeat(list(kits), 12)
    found = embedded([
        person(rng, *kits[name], ground=(GRASS, BOARDS)[k % 2], height=int(rng.integers(50, 160)),
               light=float(rng.uniform(0.9, 1.1)))
        for k, name in enumerate(names)
    ])  # fmt: skip
    assert found.shape == (48, 306)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    alike = found @ found.T
    same = names[:, None] == names
    np.fill_diagonal(alike, np.nan)
    assert np.nanmin(np.where(same, alike, np.nan)) > np.nanmax(np.where(same, np.nan, alike))
    assert np.nanmean(alike[same]) > 0.8 > 0.75 > np.nanmean(alike[~same])


def test_the_same_colours_in_other_places_are_another_kit() -> None:
    rng = np.random.default_rng(2)
    first, again, swapped = embedded([person(rng, RED, BLACK), person(rng, RED, BLACK), person(rng, BLACK, RED)])
    assert first @ again > first @ swapped + 0.1


def test_the_pattern_of_a_shirt_counts() -> None:
    rng = np.random.default_rng(3)

    def striped(axis: int) -> Picture:
        crop = person(rng, RED, WHITE)
        shirt = crop[20:56, 15:36]
        shirt[(np.indices(shirt.shape[:2])[axis] // 4) % 2 == 0] = WHITE
        return crop

    upright, upright2, hoops = embedded([striped(1), striped(1), striped(0)])
    assert upright @ upright2 > upright @ hoops + 0.02


@pytest.mark.parametrize("ground", [GRASS, BOARDS, (235, 235, 240)], ids=["grass", "boards", "ice"])
def test_the_foreground_is_the_person(ground: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(4)
    crops = [person(rng, RED, BLACK, ground) for _ in range(5)]
    small = np.stack([resized(crop, (64, 28)) for crop in crops])
    level = (small // 8).astype(int)
    weight = foreground(_palette()[0][(level[..., 0] * 32 + level[..., 1]) * 32 + level[..., 2]])
    person_like = np.abs(small.astype(int) - np.array(ground)).sum(axis=3) > 90
    assert weight[person_like].mean() > 0.7
    assert weight[~person_like].mean() < 0.15


def test_a_vector_depends_on_its_own_crop_alone() -> None:
    rng = np.random.default_rng(5)
    crops = [person(rng, RED, WHITE) for _ in range(7)]
    crops += [np.zeros((2, 2, 3), np.uint8), np.full((300, 3, 3), 255, np.uint8)]  # nothing to see, but no NaN either
    together = embedded(crops)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, np.concatenate([embedded([crop]) for crop in crops]), atol=1e-6)
