"""The calibration error is nought where it should be, and not where it should not."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.calibration import Sample, binned, drawing, figures, panel, true_neighbours

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("equal_mass", [False, True])
def test_calibrated_predictions_have_no_error(equal_mass: bool) -> None:
    p = RNG.random(50_000)
    assert binned(p, RNG.random(len(p)) < p, equal_mass=equal_mass).error < 0.01


@pytest.mark.parametrize("equal_mass", [False, True])
def test_overconfident_predictions_have_one(equal_mass: bool) -> None:
    p = RNG.random(50_000)
    true = 0.5 + (p - 0.5) / 2  # the error is the mean of |p - 0.5| / 2
    assert binned(p, RNG.random(len(p)) < true, equal_mass=equal_mass).error == pytest.approx(0.125, abs=0.01)


def test_bins_hold_every_pair() -> None:
    p = np.array([0.0, 0.5, 1.0, 1.0])
    bins = binned(p, p > 0.4)
    assert bins.count.sum() == 4
    assert len(bins.count) == 3  # empty bins are left out
    assert binned(p[:0], p[:0] > 1).error == 0


def test_next_of_the_same_person() -> None:
    person = np.array([0, 1, 0, -1, -1, 0])
    first, last = np.array([0, 0, 20, 25, 40, 60]), np.array([10, 50, 30, 35, 50, 70])
    following, previous = true_neighbours(person, first, last, slack=5)
    assert following.tolist() == [2, -1, 5, -1, -1, -1]  # nobody is followed by nobody
    assert previous.tolist() == [-1, -1, 0, -1, -1, 2]


def test_of_two_at_once_the_last_to_end_is_followed() -> None:
    person, first, last = np.zeros(3, int), np.array([0, 5, 40]), np.array([20, 30, 50])
    following, previous = true_neighbours(person, first, last, slack=5)
    assert following.tolist() == [-1, 2, -1]
    assert previous.tolist() == [-1, -1, 1]


def test_figures_and_drawing() -> None:
    p = RNG.random(1000)
    right = RNG.random(1000) < p
    some = Sample(
        "none", "one", p, right, right, np.arange(1000), np.arange(1000), np.full(1000, 3), np.zeros((1000, 2)),
        {"motion": np.log(p / (1 - p))}, 2, p, right,
    )  # fmt: skip
    found = figures([some], pure=False)
    assert found["pairs"] == 1000
    assert found["missing"] == 2
    assert found["error"] < 0.06
    picture = drawing([some])
    assert picture.startswith("<svg")
    assert picture.count("<circle") == 30
    assert "500 " in panel("title", "500 pairs", binned(p, right))
