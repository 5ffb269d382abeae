"""Sparse pairs are all pairs that overlap, whatever frames, ids and boxes look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_solve.evaluation import pairs as module
from reid_solve.evaluation.pairs import Pairs, Rows, distinct, pair_boxes, pair_similarities
from reid_solve.evaluation.scores import score

COORDINATE = st.one_of(st.integers(-20, 60).map(float), st.floats(-50, 200), st.sampled_from([-1e12, 1e9, 1e300]))
EXTENT = st.one_of(st.integers(-3, 40).map(float), st.floats(0.01, 100), st.just(1e8))
ROW = st.tuples(st.integers(0, 3), COORDINATE, COORDINATE, EXTENT, EXTENT)


def rows(table: list[tuple[int, float, float, float, float]]) -> Rows:
    flat = np.array(table, float).reshape(-1, 5)
    return Rows(flat[:, 0].astype(np.int64), np.arange(len(flat)), flat[:, 1:])


def overlaps(gt: Rows, tracker: Rows) -> dict[tuple[int, int], float]:
    """Every pair, the slow and plain way; corners as TrackEval takes them."""
    found = {}
    for i, (x, y, w, h) in enumerate(gt.boxes):
        for j, (u, v, p, q) in enumerate(tracker.boxes):
            wide, high = min(x + w, u + p) - max(x, u), min(y + h, v + q) - max(y, v)
            a, b = (x + w - x) * (y + h - y), (u + p - u) * (v + q - v)
            if gt.frame[i] == tracker.frame[j] and wide > 0 and high > 0 and min(a, b, a + b - wide * high) > 2.3e-16:
                found[i, j] = wide * high / (a + b - wide * high)
    return found


def original(pairs: Pairs) -> dict[tuple[int, int], float]:
    g, t = pairs.gt_order[pairs.gt_row], pairs.tracker_order[pairs.tracker_row]
    return {(int(i), int(j)): float(s) for i, j, s in zip(g, t, pairs.similarity, strict=True)}


@given(st.lists(ROW, max_size=12), st.lists(ROW, max_size=12), st.sampled_from([1, 7, 1000]))
def test_all_overlaps_are_found(a: list, b: list, chunk: int) -> None:  # type: ignore[type-arg]
    gt, tracker = rows(a), rows(b)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        assert original(pair_boxes(gt, tracker)) == pytest.approx(overlaps(gt, tracker), rel=1e-12, abs=0)


def test_chunks_join_up() -> None:
    rng = np.random.default_rng(0)
    sides = [Rows(rng.integers(0, 20, 200), np.arange(200), rng.uniform(10, 60, (200, 4))) for _ in range(2)]
    whole = original(pair_boxes(*sides))
    assert len(whole) > 500
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", 13)
        assert original(pair_boxes(*sides)) == whole


def test_huge_frames_and_ids() -> None:
    """Nothing is as long as the largest number."""
    frame, box = np.array([2_000_000_000, 5, -7, 2**53]), np.tile([0.0, 0, 10, 10], (4, 1))
    gt = Rows(frame, np.array([30_000_000_000] * 4), box)
    tracker = Rows(frame, np.array([2**62, 2**62, -(2**62), 2**62]), box)
    found = score(pair_boxes(gt, tracker)).scalars()
    assert (found["MOTA"], found["IDSW"], found["IDF1"], found["IDs"]) == (75, 1, 75, 2)


def test_area_comes_from_corners() -> None:
    """(x + w) - x is not w: at x = 0.1 the 0.3-wide box is a bit wider."""
    gt = Rows(np.array([0]), np.array([0]), np.array([[0.1, 0, 0.7, 1.0]]))
    tracker = Rows(np.array([0]), np.array([0]), np.array([[0.1, 0, 0.35, 1.0]]))
    area, half = (0.1 + 0.7) - 0.1, (0.1 + 0.35) - 0.1
    assert pair_boxes(gt, tracker).similarity[0] == half / (area + half - half)


def test_boxes_without_area_touch_nobody() -> None:
    box = np.array([[0.0, 0, 10, 10]])
    for bad in ([5.0, 5, 0, 3], [5, 5, -2, -2], [5, 5, -2, 2], [np.nan, 5, 2, 2]):
        pairs = pair_boxes(
            Rows(np.array([1]), np.array([1]), box), Rows(np.array([1]), np.array([1]), np.array([bad], float))
        )
        assert len(pairs.similarity) == 0
        assert len(pairs.tracker) == 1


def test_similarities_as_given() -> None:
    similarity = [np.array([[0.2], [0.0]]), np.zeros((0, 1)), np.zeros((1, 0))]
    pairs = pair_similarities([[5, 9], [], [9]], [[1], [1], []], similarity)
    assert (pairs.frames, len(pairs.gt), len(pairs.tracker)) == (3, 3, 2)
    assert (list(pairs.gt_row), list(pairs.tracker_row), list(pairs.similarity)) == ([0], [0], [0.2])
    assert list(pairs.gt.id) == [0, 1, 1]
    assert len(pair_similarities([], [], []).similarity) == 0


@given(st.lists(st.one_of(st.integers(0, 9), st.integers(-(2**62), 2**62)), max_size=30))
def test_distinct_is_unique(keys: list[int]) -> None:
    values, place = distinct(np.array(keys, np.int64))
    expected, where = np.unique(np.array(keys, np.int64), return_inverse=True)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(place, where)
