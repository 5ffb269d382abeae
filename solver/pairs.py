"""Candidate pairs: the end of one tracklet and the start of a later one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.overlaps import iou
from reid_solve.tracklets.table import FloatArray, IntArray

DUPLICATE_SECONDS = 0.2  # a tracker may keep an old id alive beside the new one for this long
DUPLICATE_IOU = 0.5
NEAREST = 100  # tracklets; 25 people lost every eight seconds start as many in half a minute
CHUNK = 250_000  # pairs priced at once: bounds memory


@dataclass(frozen=True)
class Pairs:
    """E pairs of tracklets (i, j); j starts when i has ended, or a few frames earlier on the same box.

    Attributes:
        i, j: (E,) tracklets.
        gap: (E,) frames from the end of i to the start of j, at least 1.
    """

    i: IntArray
    j: IntArray
    gap: IntArray

    def __len__(self) -> int:
        return len(self.i)

    def __getitem__(self, keep: IntArray) -> Pairs:
        return Pairs(self.i[keep], self.j[keep], self.gap[keep])


def by_gap(gap: IntArray, values: Callable[[IntArray], FloatArray]) -> FloatArray:
    """Values (E, ...) at gaps (E,): gaps are whole frames, and usually there are far fewer of them than pairs."""
    top = int(gap.max(initial=0)) + 1
    return values(np.arange(top))[gap] if top <= len(gap) else values(gap)


def pair_key(i: npt.NDArray[Any], j: npt.NDArray[Any], count: int) -> IntArray:
    """One number (E,) for each pair of N tracklets, ordered by i, then j; 64 bits whatever those of i and j."""
    return np.asarray(i.astype(np.int64) * count + j)


def unordered_key(i: npt.NDArray[Any], j: npt.NDArray[Any], count: int) -> IntArray:
    """The same number (E,) whichever of the two comes first: that of the smaller and the larger."""
    return pair_key(np.minimum(i, j), np.maximum(i, j), count)


def among(key: IntArray, ascending: IntArray) -> IntArray:
    """Where each key (n,) stands among others (m,) in ascending order, (n,); -1 where it does not."""
    if not len(ascending):
        return np.full(len(key), -1)
    at = np.minimum(np.searchsorted(ascending, key), len(ascending) - 1)
    return np.where(ascending[at] == key, at, -1)


def neighbours(tracklets: Tracklets, window: float) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs i < j worth comparing as people, in chunks: of which j starts at most ``window`` seconds after i ends.

    Their number grows with the clip and not with its square: j is among the ``NEAREST`` that start next, or both are
    among the longest quarter, which says the most about a person, and j is among the ``NEAREST`` of these.
    """
    count = len(tracklets)
    latest = tracklets.last + max(round(window * tracklets.fps), 1)
    following = np.arange(1, count + 1)
    high = np.searchsorted(tracklets.first, latest, side="right")  # tracklets are ordered by first frame
    yield from _spans(following, np.clip(high, following, following + NEAREST))
    length = tracklets.last - tracklets.first
    long = np.flatnonzero(length >= np.quantile(length, 0.75)) if count else following
    following = np.arange(1, len(long) + 1)
    high = np.searchsorted(tracklets.first[long], latest[long], side="right")
    for a, b in _spans(following, np.clip(high, following, following + NEAREST)):
        far = long[b] - long[a] > NEAREST
        yield long[a[far]], long[b[far]]


def candidates(tracklets: Tracklets, window: float) -> Iterator[Pairs]:
    """All pairs whose gap is at most ``window`` seconds, in chunks, ordered by i, then j.

    Two that are seen together are left out, but for a short duplicate: up to 0.2 s in which the boxes overlap by half.
    """
    low = np.searchsorted(tracklets.first, tracklets.last - tolerance(tracklets) + 1)
    high = np.searchsorted(tracklets.first, tracklets.last + max(round(window * tracklets.fps), 1), side="right")
    describable = (tracklets.start >= 0) & (tracklets.end >= 0)
    for i, j in _spans(low, np.where(describable, high, low)):
        keep = (i != j) & describable[j] & (tracklets.last[j] > tracklets.last[i])
        i, j = i[keep], j[keep]
        gap = tracklets.first[j] - tracklets.last[i]
        keep = (gap > 0) | duplicates(tracklets, i, j)
        yield Pairs(i[keep], j[keep], np.maximum(gap[keep], 1))


def _spans(low: IntArray, high: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs (i, j) with low[i] <= j < high[i], about ``CHUNK`` at a time."""
    count = high - low
    if not count.any():
        return
    cuts = np.searchsorted(np.cumsum(count), np.arange(0, count.sum(), CHUNK), side="right")
    for begin, end in zip(cuts, np.append(cuts[1:], len(count)), strict=True):
        size = count[begin:end]
        i = np.repeat(np.arange(begin, end), size)
        yield i, low[i] + np.arange(len(i)) - np.repeat(np.cumsum(size) - size, size)


def tolerance(tracklets: Tracklets) -> int:
    """Frames for which a duplicate may last."""
    return max(round(DUPLICATE_SECONDS * tracklets.fps), tracklets.step)


def duplicates(tracklets: Tracklets, i: IntArray, j: IntArray) -> np.ndarray:
    """Whether pairs (E,) that are seen together share all those frames with boxes that overlap by half.

    Only pairs in which j starts at most 0.2 s before i ends can be; for the others the answer is not meaningful.
    """
    out = np.zeros(len(i), bool)
    near = np.flatnonzero(tracklets.first[j] <= tracklets.last[i])
    near = near[tracklets.last[i[near]] - tracklets.first[j[near]] < tolerance(tracklets)]
    if not len(near):
        return out
    # The rows of i from where j starts, not the frames: of them there may be billions between two rows.
    low = tracklets.row_from(i[near], tracklets.first[j[near]])
    count = tracklets.offsets[i[near] + 1] - low
    pair = np.repeat(np.arange(len(near)), count)
    a = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count - low, count)
    b = tracklets.row_at(j[near][pair], tracklets.frame[a])
    shared = b >= 0
    apart = iou(tracklets.boxes[a[shared]], tracklets.boxes[b[shared]]) < DUPLICATE_IOU
    out[near] = np.bincount(pair[shared], apart, minlength=len(near)) == 0  # no shared frame: interleaved
    return out
