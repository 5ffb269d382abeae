"""Risky places and cutting: what is found, and that cutting loses and moves nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip, walkers

from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.split import cut, overlapping_rows, risks


def crossing() -> Tracklets:
    """Two people who walk through one another and meet in frame 50; the second is not seen in frames 70 to 76."""
    t = np.arange(100)
    seen = (t < 70) | (t > 76)
    frame = np.concatenate([t, t[seen]])
    ids = np.repeat([1, 2], [100, int(seen.sum())])
    (only,) = describe(clip(frame, ids, np.concatenate([400 + 4 * t, (800 - 4 * t)[seen]])))
    return only


def test_a_crossing_and_a_hole_are_risky_and_nothing_else_is() -> None:
    tracklets = crossing()
    found = risks(tracklets)
    places = sorted(
        (int(tracklets.node[r]), int(tracklets.frame[r]), int(o) >= 0)
        for r, o in zip(found.row, found.other, strict=True)
    )
    crossings = [p for p in places if p[2]]
    assert {n for n, *_ in crossings} == {0, 1}
    assert all(48 <= frame <= 53 for _, frame, _ in crossings)
    assert [frame for _, frame, met in places if not met] == [77]


def test_nothing_is_risky_near_an_end() -> None:
    t = np.arange(20)
    (short,) = describe(clip(np.tile(t, 2), np.repeat([1, 2], 20), np.concatenate([400 + 0 * t, 405 + 0 * t])))
    assert len(risks(short).row) == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_overlaps_equal_those_of_every_pair(seed: int) -> None:
    tracks, _ = walkers(seed, people=6, frames=15)
    (t,) = describe(tracks)
    expected = set()
    for a in range(len(t.frame)):
        for b in range(a + 1, len(t.frame)):
            if t.frame[a] != t.frame[b]:
                continue
            low, high = (
                np.maximum(t.boxes[a, :2], t.boxes[b, :2]),
                np.minimum(*(t.boxes[k, :2] + t.boxes[k, 2:] for k in (a, b))),
            )
            inter = np.clip(high - low, 0, None).prod()
            if inter / (t.boxes[a, 2:].prod() + t.boxes[b, 2:].prod() - inter) >= 0.2:
                expected.add((a, b))
    first, second, iou = overlapping_rows(t)
    assert {(min(p), max(p)) for p in zip(first.tolist(), second.tolist(), strict=True)} == expected
    assert (iou >= 0.2).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_cutting_loses_and_moves_no_row(seed: int) -> None:
    tracks, person = walkers(seed, frames=60)
    look = np.random.default_rng(seed).normal(size=(len(person), 4)).astype(np.float32)
    (whole,) = describe(tracks, appearance=(np.arange(0, len(person), 2), look[::2]))
    inner = np.setdiff1d(np.arange(len(whole.frame)), whole.offsets)
    rows = np.sort(np.random.default_rng(seed).choice(inner, 5, replace=False))
    pieces = cut(whole, rows)
    assert len(pieces) == len(whole) + 5
    np.testing.assert_array_equal(np.sort(pieces.rows), np.sort(whole.rows))
    for mine, theirs in ((pieces.frame, tracks.frame[pieces.rows]), (pieces.boxes, tracks.boxes[pieces.rows])):
        np.testing.assert_array_equal(mine, theirs)
    codes = tracks.codes("track_id")[0]
    np.testing.assert_array_equal(pieces.track[pieces.node], codes[pieces.rows])
    assert (np.diff(pieces.first) >= 0).all()
    assert (pieces.previous >= 0).sum() == 5
    for piece in np.flatnonzero(pieces.previous >= 0):  # contiguous: a piece begins after the one it was cut from ends
        assert pieces.last[pieces.previous[piece]] < pieces.first[piece]
    assert whole.appearance is not None
    assert pieces.appearance is not None
    assert (np.diff(pieces.appearance.row) > 0).all()
    was = dict(zip(whole.rows[whole.appearance.row].tolist(), whole.appearance.vector, strict=True))
    for row, vector in zip(pieces.rows[pieces.appearance.row].tolist(), pieces.appearance.vector, strict=True):
        np.testing.assert_array_equal(was[row], vector)
