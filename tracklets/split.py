"""Where a tracklet may have changed its person, and cutting it there.

Trackers swap people where boxes overlap, and pick up the wrong person after having lost one: on the 60 outputs of the
benchmark 98 % of 247 lasting switches lie at an overlap above 0.2 or at a hole in the tracklet. Only such places are
worth a look; what is seen there decides (``solver/switches.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reid_solve.tracklets.appearance import Appearance
from reid_solve.tracklets.camera import Reference
from reid_solve.tracklets.describe import Tracklets, group_rows
from reid_solve.tracklets.overlaps import overlaps
from reid_solve.tracklets.remembered import remembered
from reid_solve.tracklets.table import FloatArray, IntArray

CROSSING_IOU = 0.2
HOLE_FRAMES = 3  # frames that a tracklet skips, at least, for a hole
EPISODE_SECONDS = 0.4  # overlaps closer than this are one crossing
SHORTEST_SECONDS = 0.6  # nothing is cut nearer to a tracklet's end than this


@dataclass(frozen=True)
class Risks:
    """Places at which a tracklet may have changed its person.

    Attributes:
        row: (R,) first row after the place, ascending.
        other: (R,) the row of the other tracklet in the frame of the closest overlap; -1 at a hole.
    """

    row: IntArray
    other: IntArray


@remembered
def risks(tracklets: Tracklets) -> Risks:
    """Crossings (the row after the closest overlap of each) and holes, away from the tracklets' ends."""
    a, b, iou = overlapping_rows(tracklets)
    row, other, iou = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([iou, iou])
    order = np.lexsort((-iou, row))
    order = order[np.diff(row[order], prepend=-1) > 0]  # the closest overlap of each row
    row, other, iou = row[order], other[order], iou[order]
    pause = np.diff(tracklets.frame[row], prepend=-1) > EPISODE_SECONDS * tracklets.fps
    episode = np.cumsum(pause | (np.diff(tracklets.node[row], prepend=-1) != 0))
    peak = np.lexsort((-iou, episode))
    peak = peak[np.diff(episode[peak], prepend=0) > 0] if len(peak) else peak
    crossing, partner = row[peak] + 1, other[peak]
    hole = 1 + np.flatnonzero(
        (np.diff(tracklets.node) == 0) & (np.diff(tracklets.frame) > HOLE_FRAMES * tracklets.step)
    )
    row = np.concatenate([crossing, hole])
    other = np.concatenate([partner, np.full(len(hole), -1)])
    inside = row < len(tracklets.frame)
    row, other = row[inside], other[inside]
    margin = SHORTEST_SECONDS * tracklets.fps
    node = tracklets.node[row]
    inside = tracklets.frame[row] - tracklets.first[node] >= margin
    inside &= tracklets.last[node] - tracklets.frame[row] >= margin
    row, other = row[inside], other[inside]
    row, first = np.unique(row, return_index=True)
    return Risks(row, other[first])


def overlapping_rows(tracklets: Tracklets, least: float = CROSSING_IOU) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs of rows (P,), (P,) of one frame whose boxes overlap by ``least`` or more, and their IoU (P,)."""
    area = tracklets.boxes[:, 2] * tracklets.boxes[:, 3]
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    for a, b, shared in overlaps(tracklets.frame, tracklets.boxes):
        iou = shared / np.maximum(area[a] + area[b] - shared, 1e-9)
        close = iou >= least
        found.append((a[close], b[close], iou[close]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))  # type: ignore[return-value]


def cut(tracklets: Tracklets, rows: IntArray) -> Tracklets:
    """Cut tracklets in front of rows (K,), which become the first rows of new pieces; no row is lost or moved."""
    if not len(rows):
        return tracklets
    starts = np.zeros(len(tracklets.frame), bool)
    starts[tracklets.offsets[:-1]] = True
    starts[rows] = True
    return _regroup(tracklets, np.cumsum(starts))


def uncut(tracklets: Tracklets) -> Tracklets:
    """The tracker's own tracklets again, every piece back in its place."""
    return _regroup(tracklets, tracklets.track[tracklets.node]) if (tracklets.previous >= 0).any() else tracklets


def _regroup(tracklets: Tracklets, code: IntArray) -> Tracklets:
    """The same rows in tracklets of one code (n,) each; none may be of two tracks."""
    order, offsets = group_rows(code, tracklets.frame, tracklets.boxes)
    where = np.empty(len(order), np.int64)
    where[order] = np.arange(len(order))
    head = order[offsets[:-1]]
    reference, boxes = tracklets.reference, tracklets.boxes[order]
    moved = Reference(
        reference.position[order], reference.unit[order], reference.variance[order],
        None if reference.boxes is None else boxes, reference.extent,
    )  # fmt: skip
    pieces = Tracklets(
        tracklets.tracks, tracklets.rows[order], offsets, tracklets.track[tracklets.node[head]],
        tracklets.frame[order], boxes, moved, tracklets.fps, tracklets.size,
    )  # fmt: skip
    if tracklets.appearance is None:
        return pieces
    row = where[tracklets.appearance.row]
    by_row = np.argsort(row)
    seen = Appearance(row[by_row], pieces.node[row[by_row]], tracklets.appearance.vector[by_row], len(pieces))
    return replace(pieces, appearance=seen)
