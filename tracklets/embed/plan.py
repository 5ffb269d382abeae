"""What to decode: for every chosen detection its near twins in time, of which the sharpest is embedded, in chunks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.crops import quality, tracklet
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import FloatArray, IntArray, Tracks
from reid_solve.tracklets.video import Picture, Video

REACH = 2  # frames; within them a body hardly turns, while blur comes and goes
AS_GOOD = 0.9  # share of the chosen row's quality that a twin must have
CHUNK = 512  # rows that are saved together; a second or two of work on a CPU
SHARP_SIZE = (128, 64)  # height and width at which sharpness is measured, so that distance does not count


@dataclass(frozen=True)
class Plan:
    """Which rows to decode, and which of them compete.

    Attributes:
        row: (c,) candidate rows, ascending by frame, then row, and frame (c,) of each, as the table numbers them.
        frame: see ``row``.
        group: (c,) the group of each; of a group one row is embedded.
        chunk: (G,) chunk of each group. Groups are numbered by the last frame of their candidates, chunks likewise, and
            groups that end in one frame are in one chunk.
        due: (G,) that last frame.
    """

    row: IntArray
    frame: IntArray
    group: IntArray
    chunk: IntArray
    due: IntArray

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return int(self.chunk.max(initial=-1)) + 1

    def rows_of(self, *chunks: int) -> IntArray:
        """Candidate rows of some chunks, ascending by frame, then row."""
        return self.row[np.isin(self.chunk[self.group], chunks)]

    def key(self, chunk: int, tracks: Tracks, base: str) -> str:
        """Name of a chunk's content: which boxes are cut out of which frames for which group, and ``base``: of what
        video, by what model.
        """
        inside = self.chunk[self.group] == chunk
        group = self.group[inside]
        found = hashlib.sha256(base.encode())
        found.update(
            np.ascontiguousarray(np.column_stack([self.frame[inside], group - group.min(initial=0)])).tobytes()
        )
        found.update(np.ascontiguousarray(tracks.boxes[self.row[inside]]).tobytes())
        return found.hexdigest()


def make_plan(tracks: Tracks, video: Video, rows: IntArray, twins: bool = True) -> Plan:
    """Plan the decoding of rows (m,), each with its twins unless told not to."""
    group = np.arange(len(rows))
    row = rows
    if twins:
        other, of = _twins(tracks, quality(tracks, video), rows)
        row, group = np.concatenate([row, other]), np.concatenate([group, of])
    due = np.full(len(rows), np.iinfo(np.int64).min)
    np.maximum.at(due, group, tracks.frame[row])
    order = np.lexsort((rows, due))
    renamed = np.empty(len(rows), np.int64)
    renamed[order] = np.arange(len(rows))
    due, group = due[order], renamed[group]
    frames, begin = np.unique(due, return_index=True)
    chunk = (begin // CHUNK)[np.searchsorted(frames, due)]
    chunk = np.unique(chunk, return_inverse=True)[1].astype(np.int64)
    by_frame = np.lexsort((row, tracks.frame[row]))
    return Plan(row[by_frame], tracks.frame[row[by_frame]], group[by_frame], chunk, due)


def _twins(tracks: Tracks, good: FloatArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Rows before and after the chosen ones in their tracklets that are as good, and the position of the chosen."""
    node = tracklet(tracks)
    order = np.lexsort((tracks.frame, node))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    taken = np.zeros(len(order), bool)
    taken[rows] = True
    found, of = [], []
    for side in (-1, 1):
        at = place[rows] + side
        inside = np.flatnonzero((at >= 0) & (at < len(order)))
        other, mine = order[at[inside]], rows[inside]
        near = (node[other] == node[mine]) & (np.abs(tracks.frame[other] - tracks.frame[mine]) <= REACH)
        near &= ~taken[other] & (good[other] >= AS_GOOD * good[mine])
        taken[other[near]] = True  # a row competes for one place only
        found.append(other[near])
        of.append(inside[near])
    return np.concatenate(found), np.concatenate(of)


def sharpness(crop: Picture) -> float:
    """Variance of the Laplacian of a crop's brightness, at a common size: the focus measure of Pech-Pacheco (2000)."""
    cv2 = optional("cv2", "video", "judging crops")
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, SHARP_SIZE[::-1], interpolation=cv2.INTER_AREA)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    return float(deviation[0, 0] ** 2)
