"""Shirt numbers: what attracts, what repels, and when they say nothing."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.clips import clip, identities

import reid_solve as rs
from reid_solve.solver.cues.jersey import TRACKLET_WRONG, is_number, jersey
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import describe

FRAMES = 50


def ratio(a: Any, b: Any, team: tuple[Any, Any] | None = None, role: tuple[Any, Any] | None = None,
          score: float | None = 0.9) -> float:  # fmt: skip
    """Evidence between two tracklets with these readings: one string for all rows, or a list, repeated."""
    columns: dict[str, Any] = {}
    readings = [list(np.resize(np.array(one if isinstance(one, list) else [one], object), FRAMES)) for one in (a, b)]
    columns["jersey"] = pa.array([*readings[0], *readings[1]], pa.string())
    if score is not None:
        columns["jersey_score"] = pa.array(np.full(2 * FRAMES, score))
    for name, given in (("team", team), ("role", role)):
        if given is not None:
            columns[name] = pa.array([given[0]] * FRAMES + [given[1]] * FRAMES, pa.string())
    frame = np.r_[1 : FRAMES + 1, FRAMES + 6 : 2 * FRAMES + 6]
    tracklets = next(iter(describe(clip(frame, np.repeat([1, 2], FRAMES), 500.0, **columns))))
    scorer = jersey(tracklets)
    one = np.ones(1, np.int64)
    return 0.0 if scorer is None else float(scorer(Pairs(0 * one, one, one))[0])


def test_equal_numbers_of_team_mates_attract_by_their_rarity() -> None:
    assert np.log(9) < ratio("10", "10", ("left", "left")) <= np.log(11)


def test_different_numbers_of_team_mates_repel() -> None:
    found = ratio("10", "7", ("left", "left"))
    assert found == pytest.approx(np.log(1 - (1 - TRACKLET_WRONG) ** 2), abs=0.1)


def test_opponents_numbers_say_nothing() -> None:
    assert ratio("10", "10", ("left", "right")) == 0
    assert ratio("10", "7", ("left", "right")) == 0


def test_with_unknown_teams_equal_numbers_say_less_and_different_ones_as_much() -> None:
    assert 1 < ratio("10", "10") < ratio("10", "10", ("left", "left"))
    assert ratio("10", "7") == ratio("10", "7", ("left", "left"))
    assert ratio("10", "10", ("left", None)) == ratio("10", "10")


@pytest.mark.parametrize("nothing", [None, "", "-1", "nan", "unknown", "100", "1a"])
def test_what_is_no_number_is_no_reading(nothing: str | None) -> None:
    assert not is_number(nothing)
    assert ratio("10", nothing) == 0


def test_leading_zeros_make_another_number() -> None:
    assert is_number("07")
    assert ratio("07", "7", ("left", "left")) < -1


def test_readings_that_disagree_abstain() -> None:
    assert abs(ratio(["10", "18"], "10", ("left", "left"))) < 0.05
    assert abs(ratio(["10", "18"], "7", ("left", "left"))) < 0.05


def test_some_wrong_readings_among_many_do_not_matter() -> None:
    noisy = ["10", None, "10", "18", "10", "10", None, "10"]
    assert ratio(noisy, "10", ("left", "left")) > 2
    assert ratio(noisy, "18", ("left", "left")) < -2


def test_few_and_poor_readings_say_little() -> None:
    once = ["10"] + [None] * (FRAMES - 1)
    sure, single = ratio("10", "10", ("left", "left")), ratio(once, "10", ("left", "left"))
    poor, poorer = (ratio(once, "10", ("left", "left"), score=s) for s in (0.6, 0.3))
    assert sure > single > poor > poorer == 0


def test_a_burst_of_readings_is_one_look() -> None:
    burst = ["10"] * 5 + [None] * (FRAMES - 5)
    once = ["10"] + [None] * (FRAMES - 1)
    assert ratio(burst, "10") == pytest.approx(ratio(once, "10"))


def test_a_referee_has_no_number() -> None:
    assert ratio("10", "7", role=("referee", "player")) == 0
    assert ratio("10", "7", role=("goalkeeper", "player")) < -2
    assert ratio("10", "7", role=(None, None)) < -2


def test_it_is_symmetric_and_needs_no_scores() -> None:
    assert ratio("10", ["10", None, "18"], score=None) == pytest.approx(ratio(["10", None, "18"], "10", score=None))
    assert ratio("10", "10", score=None) > 1


def test_numbers_decide_between_two_who_cross() -> None:
    """Two vanish at one place and two appear there again: only the numbers tell who is who."""
    gap = 40
    frame = np.tile(np.r_[1:51, 51 + gap : 101 + gap], 2)
    track = np.repeat([1, 3, 2, 4], 50)
    rng = np.random.default_rng(0)
    x = np.repeat([900.0, 905.0, 903.0, 901.0], 50) + rng.normal(0, 0.5, 200)
    y = np.repeat([500.0, 520.0, 520.0, 500.0], 50)
    numbers = np.repeat(["10", "7", "7", "10"], 50)  # 1 and 4 wear 10; 2 is 7, as is 3
    people = np.r_[np.repeat(np.arange(5, 10), 150)]
    table = {
        "frame": np.r_[frame, np.tile(np.arange(1, 151), 5)],
        "track_id": np.r_[track, people],
        "x": np.r_[x, 100.0 + 300 * (people - 5)],
        "y": np.r_[y, np.full(750, 700.0)],
    }
    tracks = clip(*table.values(), jersey=pa.array([*numbers, *[None] * 750], pa.string()))
    result = rs.solve(tracks)
    assert "jersey" in result.summary()["cues"]
    found = identities(result.tracks)
    who = {int(t): set(found[table["track_id"] == t].tolist()) for t in (1, 2, 3, 4)}
    assert who[1] != who[3]
    assert who[2] != who[4]
    assert who[1] == who[4]
    assert who[2] == who[3]
