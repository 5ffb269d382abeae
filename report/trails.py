"""Where somebody came from: the way of the feet over the last seconds, on the ground and not on the picture.

A pan would smear a trail of pixels over the grass; so the camera's motion, estimated from the tracks themselves, is
taken out before and put back for the frame that is drawn.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from reid_solve.report.lanes import HICCUP
from reid_solve.report.marks import NOBODY, Marks
from reid_solve.solver.constraints.roles import BALL
from reid_solve.tracklets.camera import estimate_camera
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.tracklets.video import Picture

SECONDS = 2.0
HEIGHTS = 0.6  # body heights a frame; nobody runs half as fast: it is a cut, or somebody else
SMOOTH = 5  # rows to either side
PARTS = 3  # a trail grows thicker towards the feet in so many steps
FRACTION = 4  # bits


class Trails:
    """Trails of all labelled rows.

    Args:
        marks: the rows.
        size: width and height of the picture, pixels.
        fps: frames per second.
    """

    def __init__(self, marks: Marks, size: tuple[int, int], fps: float) -> None:
        self.marks = marks
        rows = np.flatnonzero(marks.who != NOBODY)
        rows = rows[np.lexsort((marks.frame[rows], marks.who[rows]))]
        self.camera = _camera(marks, rows, size)
        x, y, w, h = marks.boxes[rows].T
        frame, who = marks.frame[rows], marks.who[rows]
        feet = np.column_stack([x + w / 2, y + h])
        scale, shift = self._at(frame)
        still = feet * scale[:, None] + shift
        self.place = np.full(len(marks), -1)
        self.place[rows] = np.arange(len(rows))

        # Row k's trail begins where its unbroken run does, or so many seconds ago.
        apart = np.diff(frame)
        far = np.hypot(*np.diff(still, axis=0).T) > HEIGHTS * (h * scale)[1:] * np.maximum(apart, 1)
        broken = (np.diff(who) != 0) | (apart > HICCUP) | far
        run = np.maximum.accumulate(np.where(np.r_[True, broken], np.arange(len(rows)), 0)) if len(rows) else rows
        self.still = _smooth(still, run)
        span = int(frame.max(initial=0)) + 1
        key = who * span + frame
        self.begin = np.maximum(run, np.searchsorted(key, who * span + np.maximum(frame - round(SECONDS * fps), 0)))

    def draw(self, picture: Picture, row: int, frame: int, thick: float) -> None:
        """Draw the trail that leads to a row of the marks, in place."""
        cv2 = optional("cv2", "video", "drawing on video")
        stop = int(self.place[row])
        if stop < 0 or stop - self.begin[stop] < 2:
            return
        still = self.still[self.begin[stop] : stop + 1]
        scale, shift = self._at(np.array([frame]))
        points = ((still - shift) / scale * (1 << FRACTION)).round().astype(np.int32)
        colour = self.marks.colour[self.marks.who[row]][::-1]
        ends = np.linspace(0, len(points) - 1, PARTS + 1).astype(int)
        for part, (a, b) in enumerate(pairwise(ends), 1):
            width = max(1, round(thick * part / PARTS))
            cv2.polylines(picture, [points[a : b + 1]], False, colour, width, cv2.LINE_AA, FRACTION)

    def _at(self, frame: IntArray) -> tuple[FloatArray, FloatArray]:
        """The camera at frames (m,), still = scale * picture + shift: (m,) and (m, 2)."""
        known, zoom, x, y = self.camera
        return np.exp(np.interp(frame, known, zoom)), np.column_stack(
            [np.interp(frame, known, x), np.interp(frame, known, y)]
        )


def _smooth(place: FloatArray, run: IntArray) -> FloatArray:
    """Means over a few rows round each, (n, 2), as many before as after and of its own run: boxes jitter, feet do not.

    Args:
        run: (n,) the first row of the run that each row is in; ascending.
    """
    row = np.arange(len(place))
    last = np.searchsorted(run, run, side="right") - 1
    reach = np.minimum(SMOOTH, np.minimum(row - run, last - row))[:, None]
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(place, axis=0)])
    out: FloatArray = (total[row + reach[:, 0] + 1] - total[row - reach[:, 0]]) / (2 * reach + 1)
    return out


def _camera(marks: Marks, rows: IntArray, size: tuple[int, int]) -> tuple[FloatArray, ...]:
    """The camera that these rows show: frames, logarithm of the scale, and shift across and down, (F,) each."""
    rows = rows[marks.kind[rows] != BALL]
    if len(rows) < 2:
        return np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1)
    camera = estimate_camera(marks.frame[rows], marks.who[rows], marks.boxes[rows], (float(size[0]), float(size[1])))
    # Contiguous floats: np.interp would make them again for every trail.
    return camera.frame.astype(float), np.log(camera.scale), *np.ascontiguousarray(camera.shift.T)
