"""Camera cuts, told from tracks alone."""

import numpy as np
import pytest
from tests.clips import clip, walkers

from reid_solve.tracklets.cuts import cut_between, cuts
from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.table import Tracks


def described(tracks: Tracks) -> Tracklets:
    return next(iter(describe(tracks)))


def shots(people: tuple[int, ...], frames: int = 40, same_place: bool = False, silent: int = 0) -> Tracks:
    """One shot after the other, each with people of its own; ``silent`` frames in which a tracker says nothing yet."""
    rng = np.random.default_rng(0)
    frame, track, x = [], [], []
    place = 150.0 * np.arange(max(people))
    for shot, count in enumerate(people):
        here = place[:count] + (0 if same_place else rng.uniform(50, 100))
        for who in range(count):
            for f in range(silent if shot else 0, frames):
                frame.append(1 + shot * frames + f)
                track.append(100 * shot + who)
                x.append(here[who] + f)
    return clip(frame, track, x)


def test_a_cut_to_as_many_people_is_found() -> None:
    np.testing.assert_array_equal(cuts(described(shots((8, 8, 8)))), [40, 80])


@pytest.mark.parametrize("silent", [3, 30])
def test_a_tracker_that_waits_or_a_black_picture_changes_nothing(silent: int) -> None:
    np.testing.assert_array_equal(cuts(described(shots((8, 5), silent=silent))), [40])


def test_a_pan_is_no_cut() -> None:
    frame = np.tile(np.arange(1, 101), 6)
    who = np.repeat(np.arange(6), 100)
    tracks = clip(frame, who, 200.0 * who - 60.0 * np.minimum(frame, 10))  # 60 pixels a frame: wider than a body
    assert not len(cuts(described(tracks)))


def test_losses_of_a_tracker_are_no_cuts() -> None:
    for seed in range(5):
        assert not len(cuts(described(walkers(seed, cut=0.05)[0])))


def test_a_tracker_that_starts_over_in_the_same_places_is_no_cut() -> None:
    assert not len(cuts(described(shots((8, 8), frames=5, same_place=True))))


def test_two_people_say_nothing() -> None:
    assert not len(cuts(described(shots((2, 2)))))


def test_between() -> None:
    found = cut_between(np.array([40]), np.array([38, 40, 41, 30]), np.array([40, 41, 45, 50]))
    np.testing.assert_array_equal(found, [False, True, False, True])
