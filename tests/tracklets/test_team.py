"""Teams by kit: on a generated video, and on kits that are hard to tell apart, drawn by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip
from tests.conftest import MiniClip

from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.foreground import learn_ground, to_lab
from reid_solve.tracklets.kits import Kits, measure
from reid_solve.tracklets.labels import check_label_target, with_labels
from reid_solve.tracklets.officials import officials
from reid_solve.tracklets.read import read
from reid_solve.tracklets.stretches import stretches
from reid_solve.tracklets.team import find_teams
from reid_solve.tracklets.wearers import Seen, learn_kits, recognise
from reid_solve.tracklets.write import write

cv2 = pytest.importorskip("cv2", reason="colours need the extra [video]")
GRASS = (60, 130, 90)  # blue, green, red, as everywhere here
SKIN = (110, 150, 200)
Colour = tuple[int, int, int]


def person(rng: np.random.Generator, shirt: Any, shorts: Colour, size: tuple[int, int] = (36, 88)) -> Any:
    """A crop: grass, a body with head, shirt (one colour or two for stripes), shorts, in a light of its own."""
    width, height = size
    out = np.empty((height, width, 3), np.uint8)
    out[:] = GRASS
    left, right = round(0.2 * width), round(0.8 * width)
    colours = shirt if isinstance(shirt, list) else [shirt]
    for at in range(left, right):
        out[round(0.15 * height) : round(0.5 * height), at] = colours[(at // 3) % len(colours)]
    out[round(0.03 * height) : round(0.15 * height), round(0.38 * width) : round(0.62 * width)] = SKIN
    out[round(0.5 * height) : round(0.68 * height), left:right] = shorts
    out[round(0.68 * height) :, round(0.3 * width) : round(0.45 * width)] = SKIN
    light = rng.normal(1, 0.08)
    noisy = cv2.GaussianBlur(out, (3, 3), 0) * light + rng.normal(0, 6, out.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def squad(kits: list[tuple[Any, Colour]], sizes: list[int], crops: int = 8, seed: int = 0) -> tuple[Seen, Any]:
    """People in kits, and the kit of each."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(len(kits)), sizes)
    pictures = [person(rng, *kits[k]) for k in who for _ in range(crops)]
    ground = learn_ground([to_lab(one) for one in pictures])
    assert ground is not None
    node = np.repeat(np.arange(len(who)), crops)
    return Seen(Kits(np.arange(len(node)), measure(pictures, ground), ground), node, len(who)), who


WHITE, BLACK, RED, BLUE, YELLOW, GREY = (
    (240, 240, 240), (30, 30, 30), (40, 40, 190), (180, 80, 30), (40, 220, 230), (200, 200, 200)
)  # fmt: skip
KITS: dict[str, tuple[tuple[Any, Colour], tuple[Any, Colour]]] = {
    "red and white": ((RED, WHITE), (WHITE, BLACK)),
    "blue and light blue": ((BLUE, WHITE), ((220, 170, 120), WHITE)),
    "two reds": ((RED, RED), ((60, 60, 120), (60, 60, 120))),
    "white and light grey": ((WHITE, BLUE), (GREY, BLACK)),
    "striped and plain": (([RED, WHITE], BLACK), (RED, WHITE)),
    "stripes of one mean": (([BLACK, WHITE], BLACK), ((135, 135, 135), BLACK)),
    "green on grass": (((70, 160, 60), WHITE), (WHITE, (70, 160, 60))),
}


@pytest.mark.parametrize("name", KITS)
@pytest.mark.parametrize("by_crops", [False, True])
def test_two_teams_among_officials_and_goalkeepers(name: str, by_crops: bool) -> None:
    one, two = KITS[name]
    seen, who = squad([one, two, (YELLOW, BLACK), ((200, 60, 200), (200, 60, 200))], [11, 11, 3, 1])
    found = learn_kits(seen, by_crops, np.zeros(seen.count, bool))
    assert found is not None
    noise = seen.noise(seen.median())
    chance = recognise(found, seen, by_crops, 0 * noise if by_crops else noise)
    team = chance[:, :2].argmax(axis=1)
    players = who < 2
    right = team[players] == who[players]
    assert max(right.mean(), 1 - right.mean()) >= 0.95
    assert (chance[who >= 2, 2] > 0.9).all()
    assert (chance[players, 2] < 0.5).mean() >= 0.95
    assert (found.centre[0, 0] > found.centre[1, 0]) or name == "stripes of one mean"


@pytest.mark.parametrize("kit", [(RED, WHITE), (WHITE, BLACK)])
def test_one_kit_is_not_divided(kit: tuple[Any, Colour]) -> None:
    seen, _ = squad([kit], [20])
    assert learn_kits(seen, False, np.zeros(20, bool)) is None


def test_without_dense_clusters_two_means_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, who = squad([(RED, WHITE), (WHITE, BLACK), (YELLOW, BLACK), (BLUE, BLUE)], [9, 9, 3, 2])
    monkeypatch.setattr("reid_solve.tracklets.two_kits._dense", lambda _: None)
    found = learn_kits(seen, False, np.zeros(seen.count, bool))
    assert found is not None
    assert found.how == "2-means"
    chance = recognise(found, seen, False, seen.noise(seen.median()))
    assert (chance.argmax(axis=1) == np.array([1, 0, 2, 2])[who]).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_people_does_not_matter(seed: int) -> None:
    seen, _ = squad([(RED, WHITE), (WHITE, BLACK), (YELLOW, BLACK)], [6, 6, 2], crops=4)
    order = np.random.default_rng(seed).permutation(seen.count)
    renamed = Seen(seen.kits, order[seen.node], seen.count)
    out = np.zeros(seen.count, bool)
    answers = []
    for one in (seen, renamed):
        found = learn_kits(one, False, out)
        assert found is not None
        answers.append(recognise(found, one, False, one.noise(one.median())))
    np.testing.assert_allclose(answers[0], answers[1][order], atol=1e-9)


def test_the_ground_is_found_and_a_crowd_of_colours_has_none() -> None:
    rng = np.random.default_rng(0)
    crops = [to_lab(person(rng, RED, WHITE)) for _ in range(20)]
    ground = learn_ground(crops)
    assert ground is not None
    inside = ~ground.foreground(crops[0])
    assert inside[:, :5].mean() > 0.9
    assert inside[20:40, 12:24].mean() < 0.1
    noise = [to_lab(rng.integers(0, 255, (60, 30, 3)).astype(np.uint8)) for _ in range(5)]
    assert learn_ground(noise) is None
    assert learn_ground([]) is None


def test_a_swapped_opponent_is_noticed_where_it_happens() -> None:
    a, b = np.log([0.9, 0.05, 0.05]), np.log([0.05, 0.9, 0.05])
    evidence = np.concatenate([np.tile(a, (6, 1)), np.tile(b, (6, 1)), np.tile(a, (3, 1)), b[None], np.tile(a, (3, 1))])
    node, frame = np.r_[np.zeros(12, int), np.full(7, 3)], np.r_[np.arange(12) * 10, np.arange(7) * 10]
    order = np.random.default_rng(0).permutation(19)
    found = stretches(node[order], frame[order], evidence[order])
    np.testing.assert_array_equal(found.tracklet, [0, 0, 3])  # one odd crop is no change of person
    np.testing.assert_array_equal(found.of_crop[np.argsort(order)], np.r_[np.zeros(6), np.ones(6), np.full(7, 2)])
    rows = found.of_rows(np.array([0, 0, 0, 0, 3, 3, 2, -1]), np.array([0, 54, 56, 500, 0, 99, 5, 5]))
    np.testing.assert_array_equal(rows, [0, 0, 1, 1, 2, 2, -1, -1])


def pitch(seconds: float, place: Any, others: int = 0) -> Any:
    """Ten players who stand about, and people in another kit at ``place``, [(x, y), ...], 25 frames a second."""
    frames = round(seconds * 25)
    spots = [(400 + 100 * k, 300 + 37 * (k % 7)) for k in range(10)] + list(place)
    frame, who = np.tile(np.arange(frames), len(spots)), np.repeat(np.arange(len(spots)), frames)
    x, y = np.array(spots, float)[who].T
    tracks = clip(frame, who, x, y)
    count = len(spots)
    team = np.where(np.arange(count) < 10, np.arange(count) % 2, -1)
    colour = np.where(np.arange(count) < 10, 50.0, 90.0)[:, None] * np.ones(9)
    chance = np.where(team[:, None] >= 0, [0.99, 0, 0.01], [0.0, 0.0, 1.0])
    role, score = officials(tracks, tracks.codes("track_id")[0], team, team < 0, chance, colour, np.full(9, 3.0))
    return role[10:].tolist(), score


def test_roles_of_other_kits_are_given_only_where_place_and_number_are_clear() -> None:
    assert pitch(12, [(150, 400)])[0] == ["goalkeeper"]
    assert pitch(5, [(150, 400)])[0] == ["other"]  # too short to know
    assert pitch(12, [(150, 900)])[0] == ["other"]  # along the touchline: an assistant, a coach
    assert pitch(12, [(850, 400)])[0] == ["other"]  # alone among the players: referee or keeper at a corner
    assert pitch(12, [(850, 400), (700, 900)])[0] == ["referee", "referee"]
    assert pitch(12, [(850, 950), (700, 900)])[0] == ["other", "other"]  # two, but nobody among the players
    _, score = pitch(12, [(150, 400)])
    assert score.min() > 0.9


def test_a_generated_clip_gets_its_teams(mini_clip: MiniClip, tmp_path: Path) -> None:
    truth = pq.read_table(mini_clip.truth)
    bare = truth.drop([name for name in ("team", "role", "jersey") if name in truth.column_names])
    tracks = read(bare.append_column("mine", pa.array(range(len(bare)))), fps=25, size=(640, 360))
    found = find_teams(tracks, mini_clip.video)
    table = found.tracks.source
    assert table.column_names == [*tracks.source.column_names, "team", "team_score", "role", "role_score"]
    assert table.select(tracks.source.column_names).equals(tracks.source)
    real, role, team = (
        np.array(column.to_pylist(), object) for column in (truth["team"], truth["role"], table["team"])
    )
    players = role == "player"
    assert (team[players] != None).mean() > 0.95  # noqa: E711
    pairs = {(t, r) for t, r in zip(team[players], real[players], strict=True) if t}
    assert len(pairs) == 2
    assert set(team[role == "referee"]) == {None}
    score = np.array(table["team_score"].to_pylist(), float)
    assert (score[players][team[players] != None] > 0.7).all()  # noqa: E711
    assert sum(found.tracklets.values()) == len(set(truth["track_id"].to_pylist()))
    write(found.tracks, tmp_path / "teams.parquet")
    again = read(tmp_path / "teams.parquet")
    assert again.canonical["team"].to_pylist() == table["team"].to_pylist()
    assert again.canonical["role_score"].to_pylist() == table["role_score"].to_pylist()


def test_what_the_table_says_stays_and_names_the_teams(mini_clip: MiniClip) -> None:
    truth = pq.read_table(mini_clip.truth)
    real, ids = np.array(truth["team"].to_pylist(), object), np.array(truth["track_id"].to_pylist())
    role = np.array(truth["role"].to_pylist(), object)
    some = (ids % 2 == 0) & (role == "player")
    given = pa.array([name if known else None for name, known in zip(real, some, strict=True)], pa.string())
    roles = pa.array(["coach" if one else None for one in ids == ids[0]], pa.string())
    table = truth.drop([name for name in ("team", "role", "jersey") if name in truth.column_names])
    tracks = read(table.append_column("team_name", given).append_column("role", roles), fps=25, size=(640, 360))
    out = find_teams(tracks, mini_clip.video).tracks.source
    assert "team" not in out.column_names
    team, score = (np.array(out[name].to_pylist(), object) for name in ("team_name", "team_score"))
    players = (role == "player") & (team != None)  # noqa: E711
    assert (team[players] == real[players]).all()
    assert (score[some] == None).all()  # noqa: E711
    assert set(np.array(out["role"].to_pylist(), object)[ids == ids[0]]) == {"coach"}


def test_a_table_of_two_recordings_and_a_target_without_columns_are_refused(tmp_path: Path) -> None:
    tracks = clip([1, 1], [1, 2], [100.0, 200.0], sequence=pa.array(["a", "b"]))
    with pytest.raises(InputError, match="2 recordings"):
        find_teams(tracks, tmp_path / "video.mp4")
    with pytest.raises(OptionError, match="no place for labels"):
        check_label_target(tmp_path / "teams.txt")
    with pytest.raises(InputError, match="no such video"):
        find_teams(clip([1], [1], [100.0]), tmp_path / "video.mp4")


def test_labels_go_beside_dictionaries_and_into_gaps() -> None:
    tracks = clip([1, 2, 3], [1, 1, 1], [0.0, 1.0, 2.0], team=pa.array(["x", None, None]).dictionary_encode())
    out = with_labels(tracks, "team", np.array([0, 1, -1]), ("y", "z"), np.array([0.9, 0.8, 0.7])).source
    assert pa.types.is_dictionary(out["team"].type)
    assert out["team"].to_pylist() == ["x", "z", None]
    assert out["team_score"].to_pylist() == [None, pytest.approx(0.8), None]


def test_where_all_wear_one_kit_the_columns_are_empty_and_it_is_said(mini_clip: MiniClip) -> None:
    truth = pq.read_table(mini_clip.truth)
    team = np.array(truth["team"].to_pylist(), object)
    only = truth.filter(pa.array(team == "home")).drop(["team", "role", "jersey"])
    found = find_teams(read(only, fps=25, size=(640, 360)), mini_clip.video)
    assert set(found.tracks.source["team"].to_pylist()) == {None}
    assert set(found.tracks.source["role"].to_pylist()) == {None}
    assert "one-kit" in [note.code for note in found.tracks.notes]
    assert found.summary()["kits"] == {}


def test_where_there_is_nobody_to_look_at_that_is_said(mini_clip: MiniClip) -> None:
    rows = pq.read_table(mini_clip.tracks)
    without = rows.set_column(rows.column_names.index("track_id"), "track_id", pa.nulls(len(rows), pa.int64()))
    for bare in (rows.slice(0, 0), without):
        found = find_teams(read(bare, fps=25, size=(640, 360)), mini_clip.video)
        assert (found.how, len(found.tracks)) == ("none", len(bare))
        assert "one-kit" in [note.code for note in found.tracks.notes]


def test_in_a_long_recording_crops_are_clustered_and_vote(mini_clip: MiniClip) -> None:
    truth = pq.read_table(mini_clip.truth)
    bare = truth.drop(["team", "role", "jersey"])
    found = find_teams(read(bare, fps=0.3, size=(640, 360)), mini_clip.video)  # 75 frames that take four minutes
    assert found.how.endswith("of crops")
    real, role = (np.array(truth[name].to_pylist(), object) for name in ("team", "role"))
    team = np.array(found.tracks.source["team"].to_pylist(), object)
    given = (role == "player") & (team != None)  # noqa: E711
    assert given.sum() > 0.9 * (role == "player").sum()
    assert len({(t, r) for t, r in zip(team[given], real[given], strict=True)}) == 2
    assert set(team[role == "referee"]) == {None}


def test_neither_names_nor_the_order_of_rows_change_a_team(mini_clip: MiniClip) -> None:
    tracks = pq.read_table(mini_clip.tracks)
    order = np.random.default_rng(0).permutation(len(tracks))
    renamed = tracks.set_column(
        tracks.schema.get_field_index("track_id"), "track_id",
        pa.array([f"p{1000 - one}" for one in tracks["track_id"].to_pylist()]),
    )  # fmt: skip
    one = find_teams(read(tracks, fps=25, size=(640, 360)), mini_clip.video).tracks.source["team"].to_pylist()
    two = (
        find_teams(read(renamed.take(order), fps=25, size=(640, 360)), mini_clip.video)
        .tracks.source["team"]
        .to_pylist()
    )
    assert [one[k] for k in order] == two
