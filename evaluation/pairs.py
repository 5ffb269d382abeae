"""Which detections could be which: pairs of a true and a tracked box in one frame, with their similarity.

Only pairs with a positive similarity are kept, so the work grows with the boxes that touch, not with frames times
boxes squared. Rows are put into an order that depends on nothing but frames and boxes, and ids are numbered by where
they first appear; whatever breaks a tie further on therefore depends neither on the names of ids nor on the order of
rows in a file. (TrackEval leaves ties to row order; in CLEAR, boxes that overlap a person exactly alike can differ.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

EPS = float(np.finfo(float).eps)
CHUNK = 2_000_000  # candidate pairs looked at in one go: bounds the memory, not the answer
Ids = Sequence[int] | IntArray
FAR = 1e7  # pixels; beyond it the search for neighbours stops being sharp, but stays right


@dataclass(frozen=True)
class Rows:
    """Detections of one side.

    Attributes:
        frame: (n,) integers, any base and any gaps.
        id: (n,) integers, who it is.
        boxes: (n, 4) as x, y, w, h in pixels.
    """

    frame: IntArray
    id: IntArray
    boxes: FloatArray

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, rows: BoolArray | IntArray) -> Rows:
        return Rows(self.frame[rows], self.id[rows], self.boxes[rows])


@dataclass(frozen=True)
class Pairs:
    """Two sides of one clip and the pairs between them.

    Attributes:
        gt, tracker: rows ordered by frame, with frames 0..F-1 (the union of both sides) and ids 0..N-1.
        gt_row, tracker_row: (m,) row numbers on either side; sorted by the first, then the second.
        similarity: (m,) in (0, 1].
        gt_order, tracker_order: where each ordered row stood in what was given.
        frames: number of frames in which either side has a row.
    """

    gt: Rows
    tracker: Rows
    gt_row: IntArray
    tracker_row: IntArray
    similarity: FloatArray
    gt_order: IntArray
    tracker_order: IntArray
    frames: int

    @cached_property
    def gt_counts(self) -> IntArray:
        """Rows of each true id, (G,)."""
        return np.bincount(self.gt.id)

    @cached_property
    def tracker_counts(self) -> IntArray:
        """Rows of each tracked id, (T,)."""
        return np.bincount(self.tracker.id)

    @cached_property
    def _by_ids(self) -> tuple[IntArray, IntArray]:
        key = self.gt.id[self.gt_row] * max(1, len(self.tracker_counts)) + self.tracker.id[self.tracker_row]
        return distinct(key)

    @property
    def id_pair(self) -> IntArray:
        """Which pair of ids each pair of rows belongs to, (m,), into `id_pairs`."""
        return self._by_ids[1]

    @cached_property
    def id_pairs(self) -> tuple[IntArray, IntArray]:
        """True and tracked id of every pair of ids that ever touch, (k,) each."""
        gt, tracker = np.divmod(self._by_ids[0], max(1, len(self.tracker_counts)))
        return gt, tracker

    def renamed(self, tracker_id: IntArray) -> Pairs:
        """The same boxes under other tracked ids, (n,) in the order of `tracker`; any integers."""
        return replace(self, tracker=replace(self.tracker, id=distinct(tracker_id)[1]))


def distinct(key: IntArray) -> tuple[IntArray, IntArray]:
    """Sorted distinct keys and each key's place among them: ``np.unique``, without sorting where keys lie close
    together.
    """
    if not len(key):
        return key, key
    low = int(key.min())
    size = int(key.max()) - low + 1
    if size > max(1 << 20, 4 * len(key)):
        values, place = np.unique(key, return_inverse=True)
        return values, place
    seen = np.zeros(size, bool)
    seen[key - low] = True
    return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[key - low]


def pair_boxes(gt: Rows, tracker: Rows) -> Pairs:
    """Pairs of boxes that overlap, by intersection over union.

    Args:
        gt, tracker: rows in any order; an id at most once a frame on either side.
    """
    frames, code = distinct(np.concatenate([gt.frame, tracker.frame]))
    gt, gt_order = _ordered(replace(gt, frame=code[: len(gt)]))
    tracker, tracker_order = _ordered(replace(tracker, frame=code[len(gt) :]))
    found = [_overlaps(gt, tracker, *some) for some in _neighbours(gt, tracker)]
    g, t, iou = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Pairs(gt, tracker, g, t, iou, gt_order, tracker_order, len(frames))


def pair_similarities(gt_ids: Sequence[Ids], tracker_ids: Sequence[Ids], similarity: Sequence[FloatArray]) -> Pairs:
    """Pairs from ready-made similarities: one entry a frame, ids (n,) and (m,) and a matrix (n, m)."""
    gt, tracker = _listed(gt_ids), _listed(tracker_ids)
    found: list[tuple[IntArray, ...]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    values = [np.zeros(0)]
    g_start = t_start = 0
    for g, t, given in zip(gt_ids, tracker_ids, similarity, strict=True):
        matrix = np.asarray(given, float).reshape(len(g), len(t))
        row, col = np.nonzero(matrix)
        found.append((row + g_start, col + t_start))
        values.append(matrix[row, col])
        g_start, t_start = g_start + len(g), t_start + len(t)
    g_row, t_row = (np.concatenate(part) for part in zip(*found, strict=True))
    orders = np.arange(len(gt)), np.arange(len(tracker))
    return Pairs(gt, tracker, g_row, t_row, np.concatenate(values), *orders, len(similarity))


def _listed(ids: Sequence[Ids]) -> Rows:
    """Rows without boxes from one list of ids a frame."""
    frame = np.repeat(np.arange(len(ids)), [len(some) for some in ids])
    flat = np.array([one for some in ids for one in some], np.int64)
    return Rows(frame, distinct(flat)[1], np.zeros((len(flat), 4)))


def _ordered(rows: Rows) -> tuple[Rows, IntArray]:
    """Rows by frame, then box; ids numbered by first appearance, so that nothing hangs on names."""
    order = np.lexsort((rows.boxes[:, 0], rows.frame))
    same = (np.diff(rows.frame[order]) == 0) & (np.diff(rows.boxes[order, 0]) == 0)
    if same.any():  # few rows share a left edge: sort only those by the rest of the box
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        x, y, w, h = rows.boxes[order[tied]].T
        order[tied] = order[tied][np.lexsort((h, w, y, x, rows.frame[order[tied]]))]
    frame, boxes = rows.frame[order], rows.boxes[order]
    ids, code = distinct(rows.id[order])
    first = np.full(len(ids), len(code))
    np.minimum.at(first, code, np.arange(len(code)))
    new = np.ones(len(order), bool)
    new[1:] = (frame[1:] != frame[:-1]) | (boxes[1:] != boxes[:-1]).any(1)
    place = np.cumsum(new) - 1  # equal boxes of one frame share a place
    last = np.zeros(len(first), np.int64)
    last[code] = place
    rank = np.empty(len(first), np.int64)
    rank[np.lexsort((last, np.bincount(code, minlength=len(first)), place[first]))] = np.arange(len(first))
    code = rank[code]
    if not new.all():
        again = np.lexsort((code, place))
        order, code = order[again], code[again]
    return Rows(frame, code, boxes), order


def _neighbours(gt: Rows, tracker: Rows) -> Iterator[tuple[IntArray, IntArray]]:
    """Row numbers of all pairs of one frame that share some x, and a few more.

    Rows are sorted by frame and left edge, so the partners of a box are a run of rows: those that start left of its
        right edge, and
    not farther left of it than the widest box is wide.
    """
    left, start = (np.clip(rows.boxes[:, 0], -FAR, FAR) for rows in (gt, tracker))
    right = np.clip(gt.boxes[:, 0] + gt.boxes[:, 2], -FAR, FAR)
    widest = float(np.clip(tracker.boxes[:, 2].max(initial=0), 0, 2 * FAR))
    low, high = min(start.min(initial=0), left.min(initial=0) - widest), max(start.max(initial=0), right.max(initial=0))
    span = high - low + 1
    key = tracker.frame * span + (start - low)
    slack = 4 * np.spacing(key.max(initial=1.0))  # the sum of frame and place is rounded
    begin = np.searchsorted(key, gt.frame * span + (np.maximum(left - widest, low) - low) - slack)
    count = np.maximum(np.searchsorted(key, gt.frame * span + (right - low) + slack, side="right") - begin, 0)
    total = np.cumsum(count)
    cuts = np.unique(np.searchsorted(total, np.arange(0, total[-1] if len(total) else 0, CHUNK), side="right"))
    for a, b in zip([0, *cuts[1:]], [*cuts[1:], len(gt)], strict=True):
        n = count[a:b]
        g = np.repeat(np.arange(a, b), n)
        yield g, np.repeat(begin[a:b] - (np.cumsum(n) - n), n) + np.arange(len(g))


def _overlaps(gt: Rows, tracker: Rows, g: IntArray, t: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Intersection over union of the given pairs that overlap.

    Areas come from the corners, (x + w) - x, as in TrackEval: with w * h the rounding differs and now and then moves
    a box over a threshold.
    """
    sides = []
    for rows in (gt, tracker):
        x, y, w, h = np.ascontiguousarray(rows.boxes.T)
        sides.append((x, y, x + w, y + h, (x + w - x) * (y + h - y)))
    (ax, ay, ax_end, ay_end, a_area), (bx, by, bx_end, by_end, b_area) = sides
    high = np.minimum(ay_end[g], by_end[t]) - np.maximum(ay[g], by[t])
    touch = np.flatnonzero(high > 0)
    g, t, high = g[touch], t[touch], high[touch]
    wide = np.minimum(ax_end[g], bx_end[t]) - np.maximum(ax[g], bx[t])
    inner = wide * high
    union = a_area[g] + b_area[t] - inner
    sound = (wide > 0) & (gt.frame[g] == tracker.frame[t]) & (a_area[g] > EPS) & (b_area[t] > EPS) & (union > EPS)
    return g[sound], t[sound], inner[sound] / union[sound]
