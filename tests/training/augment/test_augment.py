"""Every augmentation does what it says, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import apply, build, load_all

SIZE = (64, 32)


@pytest.fixture
def picture() -> Picture:
    rng = np.random.default_rng(0)
    ramp = np.linspace(40, 200, SIZE[0])[:, None, None] + rng.normal(0, 15, (*SIZE, 3))
    return np.asarray(np.clip(ramp + np.array([0, 10, 25]), 0, 255), np.uint8)


def done(picture: Picture, seed: int = 0, group: int = 0, **step: Any) -> Picture:
    return apply(build([step]), picture, np.random.default_rng(seed), np.random.default_rng(1000 + group))


@pytest.mark.parametrize("name", sorted(load_all()))
def test_all_keep_size_and_type_and_the_given_picture_and_depend_on_chance_alone(name: str, picture: Picture) -> None:
    before = picture.copy()
    results = [done(picture, seed, seed, name=name) for seed in range(12)]
    assert (picture == before).all()
    for seed, out in enumerate(results):
        assert out.shape == picture.shape
        assert out.dtype == np.uint8
        assert (out == done(picture, seed, seed, name=name)).all()
    assert len({out.tobytes() for out in results}) > 1
    never = [done(picture, seed, seed, name=name, p=0) for seed in range(12)]
    assert all((out == picture).all() for out in never)


def test_flips_mirror_half_of_the_pictures_each_for_itself(picture: Picture) -> None:
    flipped = [(done(picture, seed, name="flip") == picture[:, ::-1]).all() for seed in range(200)]
    kept = [(done(picture, seed, name="flip") == picture).all() for seed in range(200)]
    assert [a or b for a, b in zip(flipped, kept, strict=True)] == [True] * 200
    assert 70 < sum(flipped) < 130


def test_joint_flips_are_the_same_for_all_pictures_of_a_person(picture: Picture) -> None:
    by_group = [
        {done(picture, seed, group, name="flip", joint=True).tobytes() for seed in range(5)} for group in range(40)
    ]
    assert all(len(found) == 1 for found in by_group)  # one decision a person
    assert len(set.union(*by_group)) == 2  # but not the same for everybody


def test_cropping_shifts_and_fills_with_black(picture: Picture) -> None:
    seen = set()
    for seed in range(60):
        out = done(picture, seed, name="pad-crop", pixels=3)
        fits = [
            (down, right)
            for down in range(-3, 4)
            for right in range(-3, 4)
            if (out == np.pad(picture, ((3, 3), (3, 3), (0, 0)))[3 - down : 67 - down, 3 - right : 35 - right]).all()
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert {abs(down) for down, _ in seen} == {abs(right) for _, right in seen} == {0, 1, 2, 3}
    assert (done(picture, 1, name="pad-crop", pixels=500) <= picture.max()).all()  # all of it may be gone


def test_gamma_is_a_power_of_the_value(picture: Picture) -> None:
    low = np.round(255 * (picture / 255) ** 1.2)
    high = np.round(255 * (picture / 255) ** 0.8)
    means = []
    for seed in range(40):
        out = done(picture, seed, name="gamma")
        assert ((low <= out) & (out <= high)).all()
        means.append(out.mean())
    assert min(means) < picture.mean() < max(means)
    fixed = done(picture, name="gamma", low=2.0, high=2.0)
    assert (fixed == np.round(255 * (picture / 255) ** 2)).all()


def jitter(picture: Picture, seed: int = 0, **values: float) -> Picture:
    step: dict[str, Any] = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0, **values}
    return done(picture, seed, name="jitter", **step)


def test_jitter_changes_what_it_is_asked_to(picture: Picture) -> None:
    picture = (picture // 2 + 50).astype(np.uint8)  # nothing is clipped
    luma = np.array([0.299, 0.587, 0.114])
    grey, flat = picture @ luma, np.repeat(np.round(picture @ luma)[..., None], 3, axis=2).astype(np.uint8)
    assert (jitter(picture) == picture).all()
    for seed in range(8):
        bright = jitter(picture, seed, brightness=0.3) / picture
        assert bright.std() < 0.02
        assert 0.68 < bright.mean() < 1.32
        contrast = jitter(picture, seed, contrast=0.3)
        assert (contrast @ luma).mean() == pytest.approx(grey.mean(), abs=0.6)
        assert 0.65 < (contrast @ luma).std() / grey.std() < 1.35
        saturated = jitter(picture, seed, saturation=0.9)
        assert np.abs(saturated @ luma - grey).max() < 1.5
        turned = jitter(picture, seed, hue=0.5)
        assert np.abs(turned.astype(float).sum(axis=2) - picture.sum(axis=2)).max() <= 3  # about the axis of greys
        for kind in ("saturation", "hue"):
            assert np.abs(jitter(flat, seed, **{kind: 0.5}).astype(int) - flat).max() <= 1
    spread = [np.ptp(jitter(picture, seed, hue=0.5).astype(int), axis=2).mean() for seed in range(8)]
    assert np.ptp([jitter(picture, seed, hue=0.5)[..., 0].mean() for seed in range(8)]) > 3
    assert min(spread) > 3  # colours turn, and stay colours


def test_blur_takes_detail_and_keeps_the_mean(picture: Picture) -> None:
    detail = [np.abs(np.diff(done(picture, seed, name="blur", p=1).astype(int), axis=1)).mean() for seed in range(20)]
    assert min(detail) < 0.4 * np.abs(np.diff(picture.astype(int), axis=1)).mean()
    assert len({round(value, 3) for value in detail}) > 10  # not the same blur each time
    assert done(picture, name="blur", p=1).mean() == pytest.approx(picture.mean(), abs=1.0)


@pytest.mark.parametrize("fill", ["mean", "noise"])
def test_erasing_takes_one_rectangle_of_the_asked_size(fill: str, picture: Picture) -> None:
    areas = []
    for seed in range(60):
        out = done(picture, seed, name="erase", p=1, fill=fill)
        changed = (out != picture).any(axis=2)
        if not changed.any():
            continue
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        inside = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        areas.append(len(rows) * len(columns) / changed.size)
        assert 0.9 * inside.shape[0] * inside.shape[1] <= changed.sum()
        colours = len(np.unique(inside.reshape(-1, 3), axis=0))
        assert (colours == 1) == (fill == "mean")
        if fill == "mean":
            assert np.abs(inside[0, 0] - picture.reshape(-1, 3).mean(axis=0)).max() <= 0.5
    assert len(areas) > 50
    assert min(areas) > 0.01
    assert 0.2 < max(areas) < 0.36


def test_steps_are_done_in_order(picture: Picture) -> None:
    steps = build([{"name": "gamma", "low": 2.0, "high": 2.0}, {"name": "flip", "p": 1}])
    out = apply(steps, picture, np.random.default_rng(0), np.random.default_rng(0))
    assert (out == np.round(255 * (picture[:, ::-1] / 255) ** 2)).all()


def test_unknown_names_and_options_are_refused() -> None:
    with pytest.raises(OptionError, match="steps 2: 'sharpen' is not known; allowed names: blur, erase"):
        build([{"name": "flip"}, {"name": "sharpen"}], "steps")
    with pytest.raises(OptionError, match=r"steps 1 \(blur\): no key 'sigma'"):
        build([{"name": "blur", "sigma": 1}], "steps")
