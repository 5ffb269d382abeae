"""Scores depend on who is where when, not on names, row order or the number of the first frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_solve.evaluation.pairs import Rows, pair_boxes
from reid_solve.evaluation.scores import Scores, score, summary
from reid_solve.tracklets.table import IntArray

# Coordinates on a coarse grid: equal boxes, equal overlaps and ties of every kind are common.
GRID = st.integers(0, 5)
DETECTION = st.tuples(st.integers(0, 6), st.integers(0, 3), GRID, GRID)


@st.composite
def sides(draw: st.DrawFn) -> Rows:
    found = draw(st.lists(DETECTION, max_size=20, unique_by=lambda row: row[:2]))
    table = np.array(found, np.int64).reshape(-1, 4)
    boxes = np.column_stack([2.0 * table[:, 2:], np.full((len(table), 2), 6.0)])
    return Rows(table[:, 0], table[:, 1], boxes)


def evaluated(gt: Rows, tracker: Rows, tracklet: IntArray | None = None) -> Scores:
    return score(pair_boxes(gt, tracker), tracklet, ceiling=True)


def same(a: Scores, b: Scores) -> None:
    left, right = summary(a), summary(b)
    assert left.pop("attribution") == right.pop("attribution")
    ceilings = left.pop("ceiling"), right.pop("ceiling")
    for stage in ceilings[0]:
        assert ceilings[0][stage] == pytest.approx(ceilings[1][stage])
    alphas = left.pop("per_alpha"), right.pop("per_alpha")
    for name in alphas[0]:
        assert alphas[0][name] == pytest.approx(alphas[1][name])
    assert left == pytest.approx(right)


@settings(deadline=None)
@given(sides(), sides(), st.permutations(range(4)), st.permutations(range(4)))
def test_names_do_not_matter(gt: Rows, tracker: Rows, p: list[int], q: list[int]) -> None:
    renamed = [replace(s, id=10**12 * np.array(order)[s.id] - 5) for s, order in ((gt, p), (tracker, q))]
    same(evaluated(gt, tracker), evaluated(renamed[0], renamed[1]))


@settings(deadline=None)
@given(sides(), sides(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(gt: Rows, tracker: Rows, random: object) -> None:
    rng = np.random.default_rng(random.randrange(2**32))  # type: ignore[attr-defined]
    orders = [rng.permutation(len(side)) for side in (gt, tracker)]
    tracklet = tracker.id // 2
    a = evaluated(gt, tracker, tracklet)
    same(a, evaluated(gt[orders[0]], tracker[orders[1]], tracklet[orders[1]]))


@settings(deadline=None)
@given(sides(), sides(), st.integers(-(10**9), 10**9))
def test_first_frame_does_not_matter(gt: Rows, tracker: Rows, first: int) -> None:
    shifted = [replace(side, frame=side.frame + first) for side in (gt, tracker)]
    same(evaluated(gt, tracker), evaluated(shifted[0], shifted[1]))


@settings(deadline=None)
@given(sides(), sides())
def test_pool_of_one_and_of_the_same_twice(gt: Rows, tracker: Rows) -> None:
    clip = evaluated(gt, tracker)
    assert sum([clip]) is clip
    twice = clip + clip
    assert twice.scalars()["HOTA"] == pytest.approx(clip.scalars()["HOTA"])
    assert twice.scalars()["IDF1"] == pytest.approx(clip.scalars()["IDF1"])
    assert twice.clear.IDSW == 2 * clip.clear.IDSW


@settings(deadline=None)
@given(sides())
def test_the_truth_is_perfect(gt: Rows) -> None:
    found = evaluated(gt, gt)
    perfect = 100.0 if len(gt) else 0.0
    # equal boxes of two people can be exchanged, so only the boxes must be right
    assert found.scalars()["DetA"] == pytest.approx(perfect)
    assert found.identity.tp == len(gt)
    assert found.attribution.unseen == found.attribution.nobody == 0


@settings(deadline=None)
@given(sides(), sides())
def test_bins_partition(gt: Rows, tracker: Rows) -> None:
    a = evaluated(gt, tracker, tracker.frame // 3).attribution
    assert min(a.right, a.impure, a.wrong_merge, a.missed_merge, a.nobody, a.unseen) >= 0
    assert a.matched + a.nobody == len(tracker)
    assert a.matched + a.unseen == len(gt)
    assert (a.impure > 0) == (a.impure_pieces > 0)
    assert (a.wrong_merge > 0) == (a.wrong_merges > 0)
    assert (a.missed_merge > 0) <= (a.missing_merges > 0)
