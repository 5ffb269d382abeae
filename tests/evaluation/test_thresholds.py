"""Where a box lies exactly on a threshold, and which frame counts as the one before."""

from __future__ import annotations

import numpy as np
import pytest

from reid_solve.evaluation.clear import clear_counts
from reid_solve.evaluation.counts import Counts
from reid_solve.evaluation.hota import ALPHAS, hota_counts
from reid_solve.evaluation.identity import identity_counts
from reid_solve.evaluation.pairs import EPS, pair_similarities

JUST_UNDER = 0.5 - EPS / 2  # 0.49999999999999989


@pytest.mark.parametrize(("similarity", "clear", "identity"), [(0.5, 1, 1), (JUST_UNDER, 1, 0), (0.4999, 0, 0)])
def test_half_is_enough(similarity: float, clear: int, identity: int) -> None:
    """CLEAR forgives a rounding error, Identity does not."""
    pairs = pair_similarities([[0]], [[0]], [np.array([[similarity]])])
    assert clear_counts(pairs).tp == clear
    assert identity_counts(pairs).tp == identity


@pytest.mark.parametrize("alpha", ALPHAS)
def test_hota_counts_a_match_at_its_own_threshold(alpha: float) -> None:
    counts = hota_counts(pair_similarities([[0]], [[0]], [np.array([[alpha]])]))
    np.testing.assert_array_equal(counts.tp, alpha >= ALPHAS)
    assert counts.loc[0] == alpha


def test_staying_beats_a_better_overlap() -> None:
    """A keeps a, though b fits better by then."""
    pairs = pair_similarities([[0], [0]], [[0], [0, 1]], [np.array([[0.9]]), np.array([[0.5, 1.0]])])
    assert clear_counts(pairs).IDSW == 0
    assert clear_counts(pairs).MOTP == 0.7


def test_before_skips_frames_without_tracks() -> None:
    """The match is remembered over a frame in which nothing at all was tracked, and no fragment is counted."""
    still = np.array([[0.6, 0.9]])
    seen = pair_similarities([[0], [0], [0]], [[0], [], [0, 1]], [np.array([[0.8]]), np.zeros((1, 0)), still])
    assert (clear_counts(seen).IDSW, clear_counts(seen).Frag) == (0, 0)
    # with somebody else tracked in between, the frame counts: the match is forgotten, and the better box is taken
    other = pair_similarities([[0], [0], [0]], [[0], [7], [0, 1]], [np.array([[0.8]]), np.zeros((1, 1)), still])
    assert (clear_counts(other).IDSW, clear_counts(other).Frag) == (1, 1)


def test_mostly_tracked_is_more_than_four_fifths() -> None:
    def covered(matched: int) -> tuple[int, int, int]:
        ids, full = [[0]] * 10, [np.ones((1, 1))] * matched + [np.zeros((1, 1))] * (10 - matched)
        counts = clear_counts(pair_similarities(ids, ids, full))
        return counts.MT, counts.PT, counts.ML

    assert [covered(n) for n in (9, 8, 2, 1)] == [(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)]


def test_counts_add_to_their_kind_only() -> None:
    with pytest.raises(TypeError, match="Counts"):
        sum([Counts()], start=3)
