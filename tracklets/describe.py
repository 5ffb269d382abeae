"""Rows to tracklets: sorted spans, where and how each one begins and ends, and what was seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reid_solve.tracklets import arrays
from reid_solve.tracklets.appearance import Appearance, Vectors
from reid_solve.tracklets.camera import Reference, reference_from_pitch, reference_from_tracks
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks

VELOCITY_SECONDS = 0.4  # a stride is about 0.35 s: shorter windows measure legs, longer ones miss turns
EDGE_HEIGHTS = 0.5  # trackers need a few frames to start: "at the edge" reaches half a body into the picture
EDGE_SOFTNESS = 0.15
DEFAULT_FPS = 25.0


@dataclass(frozen=True)
class Tracklets:
    """N tracklets of one recording as arrays; a row is a detection, in order of tracklet, then frame.

    Tracklets are numbered by first frame, last frame and position, never by the tracker's id or the rows' order,
    so that renaming ids or shuffling rows cannot change an answer.

    Attributes:
        rows: (n,) positions in ``tracks``.
        offsets: (N + 1,) tracklet k owns rows ``offsets[k]:offsets[k + 1]``.
        track: (N,) code of its ``track_id``.
        frame, boxes: (n,) and (n, 4) of the rows.
        reference: positions in coordinates in which the camera stands still.
        fps: frames per second.
        size: picture width and height in pixels.
        appearance: embeddings of some rows, or None.
    """

    tracks: Tracks
    rows: IntArray
    offsets: IntArray
    track: IntArray
    frame: IntArray
    boxes: FloatArray
    reference: Reference
    fps: float
    size: tuple[float, float]
    appearance: Appearance | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def node(self) -> IntArray:
        """Tracklet of each row, (n,)."""
        return np.repeat(np.arange(len(self)), self.length)

    @cached_property
    def length(self) -> IntArray:
        """Rows of each tracklet, (N,)."""
        return np.diff(self.offsets)

    @cached_property
    def first(self) -> IntArray:
        """First frame of each tracklet, (N,)."""
        return self.frame[self.offsets[:-1]]

    @cached_property
    def last(self) -> IntArray:
        """Last frame of each tracklet, (N,)."""
        return self.frame[self.offsets[1:] - 1]

    @cached_property
    def previous(self) -> IntArray:
        """The piece of the same track that each tracklet was cut from, (N,); -1 where it starts on its own."""
        order = np.lexsort((self.first, self.track))
        again = np.flatnonzero(np.diff(self.track[order]) == 0)
        out = np.full(len(self), -1)
        out[order[again + 1]] = order[again]
        return out

    @cached_property
    def step(self) -> int:
        """Frames between two rows of a tracklet, usually: 1 unless the tracker saw only every n-th frame."""
        inside = np.diff(self.frame)[np.diff(self.node) == 0]
        return max(int(np.median(inside)), 1) if len(inside) else 1

    @cached_property
    def usable(self) -> BoolArray:
        """Rows (n,) whose box has an area."""
        return (self.boxes[:, 2] > 0) & (self.boxes[:, 3] > 0)

    @cached_property
    def start(self) -> IntArray:
        """Row of each tracklet's first usable box, (N,); -1 where it has none."""
        return self._edge_row(first=True)

    @cached_property
    def end(self) -> IntArray:
        """Row of each tracklet's last usable box, (N,); -1 where it has none."""
        return self._edge_row(first=False)

    def _edge_row(self, first: bool) -> IntArray:
        out = np.full(len(self), -1)
        rows = np.flatnonzero(self.usable)
        rows = rows[::-1] if first else rows  # the last assignment wins
        out[self.node[rows]] = rows
        return out

    @cached_property
    def _key(self) -> IntArray:
        return self.node * self._stride + (self.frame - self._origin)

    @cached_property
    def _origin(self) -> int:
        return int(self.frame.min()) if len(self.frame) else 0

    @cached_property
    def _stride(self) -> int:
        return (int(np.ptp(self.frame)) if len(self.frame) else 0) + 2  # one frame more than there are: after the last

    def row_at(self, node: IntArray, frame: IntArray) -> IntArray:
        """Row of a tracklet in a frame; -1 where it was not seen there. Shapes as broadcast."""
        place = self.row_from(node, frame)
        there = place < len(self.frame)
        at = np.where(there, place, 0)
        return np.where(there & (self.node[at] == node) & (self.frame[at] == frame), at, -1)

    def row_from(self, node: IntArray, frame: IntArray) -> IntArray:
        """First row of a tracklet at or after a frame; the next tracklet's first row where there is none."""
        offset = np.clip(frame - self._origin, 0, self._stride - 1)
        return np.searchsorted(self._key, node * self._stride + offset)

    def unit_at(self, row: IntArray) -> FloatArray:
        """Length of one body height in reference coordinates around rows (m,), (m,); 1 metre in pitch coordinates."""
        low, high = self._around(row)
        total = np.concatenate([[0.0], np.cumsum(self.reference.unit)])
        return np.asarray((total[high + 1] - total[low]) / (high + 1 - low))

    def velocity_before(self, row: IntArray) -> FloatArray:
        """Velocity (m, 2) over the last 0.4 s up to rows (m,), reference units per frame."""
        return self._velocity(self._around(row)[0], row)

    def velocity_after(self, row: IntArray) -> FloatArray:
        """Velocity (m, 2) over the 0.4 s from rows (m,) on, reference units per frame."""
        return self._velocity(row, self._around(row)[1])

    def _around(self, row: IntArray) -> tuple[IntArray, IntArray]:
        """First and last row of the same tracklet within 0.4 s of rows (m,)."""
        node, frame = self.node[row], self.frame[row]
        reach = max(round(VELOCITY_SECONDS * self.fps), self.step)
        return self.row_from(node, frame - reach), self.row_from(node, frame + reach + 1) - 1

    def _velocity(self, a: IntArray, b: IntArray) -> FloatArray:
        frames = np.maximum(self.frame[b] - self.frame[a], 1)
        return np.asarray((self.reference.position[b] - self.reference.position[a]) / frames[:, None])

    def at_edge(self, row: IntArray) -> FloatArray:
        """Probability that a box touches the left or right edge of the picture, same shape as ``row``.

        Only the sides count: people leave a broadcast picture there; top and bottom are stands and touchline.
        """
        x, w, h = self.boxes[row, 0], self.boxes[row, 2], self.boxes[row, 3]
        distance = np.minimum(x, self.size[0] - x - w) / np.maximum(h, 1e-9)
        return np.asarray(1 / (1 + np.exp(np.clip((distance - EDGE_HEIGHTS) / EDGE_SOFTNESS, -50, 50))))


def describe(tracks: Tracks, fps: float | None = None, size: tuple[float, float] | None = None,
             appearance: tuple[IntArray, Vectors] | None = None) -> Iterator[Tracklets]:  # fmt: skip
    """Describe every recording in a table, one after the other, in the order of the ``sequence`` column.

    Args:
        tracks: checked rows.
        fps: frames per second; else what the clip says; else 25.
        size: picture size in pixels; else what the clip says; else the extent of the boxes.
        appearance: rows (m,) of ``tracks`` and their embeddings (m, D).
    """
    code = tracks.codes("track_id")[0]
    for sequence in range(int(tracks.sequence.max(initial=-1)) + 1):
        # No name for the rows or the tracklets: a generator that waits keeps what it has a name for.
        yield _describe(
            tracks, np.flatnonzero((tracks.sequence == sequence) & (code >= 0)), code,
            fps or tracks.clip.fps or DEFAULT_FPS, size, appearance,
        )  # fmt: skip


def _describe(tracks: Tracks, rows: IntArray, code: IntArray, fps: float, size: tuple[float, float] | None,
              appearance: tuple[IntArray, Vectors] | None) -> Tracklets:  # fmt: skip
    boxes = tracks.boxes_at(rows)
    order, offsets = group_rows(code[rows], tracks.frame[rows], boxes)
    rows, boxes = rows[order], boxes[order]
    frame = tracks.frame[rows]
    node = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    picture = size or _size(tracks, boxes)
    if "pitch_x" in tracks and "pitch_y" in tracks:
        pitch = np.column_stack([arrays.floats(tracks.canonical[c])[rows] for c in ("pitch_x", "pitch_y")])
        reference = reference_from_pitch(pitch, boxes, frame, node, picture)
    else:
        reference = reference_from_tracks(frame, node, boxes, picture)
    return Tracklets(
        tracks, rows, offsets, code[rows[offsets[:-1]]] if len(rows) else np.zeros(0, np.int64),
        frame, boxes, reference, fps, picture, Appearance.of_rows(rows, node, appearance, len(tracks)),
    )  # fmt: skip


def group_rows(code: IntArray, frame: IntArray, boxes: FloatArray) -> tuple[IntArray, IntArray]:
    """Order rows by tracklet, then frame; tracklets by first frame, last frame, length and first box.

    Args:
        code: (n,) which tracklet a row belongs to, not negative; the numbers themselves do not matter.
        frame: (n,) and boxes (n, 4) of the rows.
        boxes: see ``frame``.

    Returns:
        order (n,) of the rows, and offsets (N + 1,) of the tracklets in it.
    """
    rows = np.lexsort((frame, code))
    begins = np.flatnonzero(np.diff(code[rows], prepend=-1))
    length = np.diff(np.append(begins, len(rows)))
    ends = begins + length - 1
    order = np.lexsort((*boxes[rows[begins]].T, length, frame[rows[ends]], frame[rows[begins]]))
    offsets = np.concatenate([[0], np.cumsum(length[order])])
    return rows[np.repeat(begins[order] - offsets[:-1], length[order]) + np.arange(len(rows))], offsets


def _size(tracks: Tracks, boxes: FloatArray) -> tuple[float, float]:
    """Picture size from the clip, or from how far its boxes reach."""
    if tracks.clip.width and tracks.clip.height:
        return float(tracks.clip.width), float(tracks.clip.height)
    if not len(boxes):
        return 1.0, 1.0
    reach = np.quantile(boxes[:, :2] + boxes[:, 2:], 0.999, axis=0)  # negative where all boxes lie left of the picture
    return float(max(reach[0], boxes[:, 2].max(), 1.0)), float(max(reach[1], boxes[:, 3].max(), 1.0))
