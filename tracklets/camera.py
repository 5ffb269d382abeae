"""Camera motion from the tracks alone: coordinates in which the camera stands still, and how far they can be trusted.

Between two frames the motion that simultaneous boxes share is mostly the camera's. A similarity without roll (a
broadcast camera pans, tilts and zooms) is fitted to it robustly, frame by frame, and accumulated. What all people share
(both teams running to one goal) goes into the camera as well, which is wanted: a person who is out of the picture runs
along, so positions relative to the others are what persists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from reid_solve.tracklets.table import FloatArray, IntArray

ITERATIONS = 8  # of reweighting; the weights are stable after 4 to 6
MAX_ZOOM = 1.03  # per frame
ZOOM_PRIOR = 0.11**2  # square picture widths: people within this spread say little about zoom
ZOOM_BLEND_FRAMES = 10  # below: zoom from positions (precise), above: from box heights (free of drift)
MARGIN = 0.0026  # picture widths; boxes cut by the picture's edge move with the edge
STEADY = 0.00026  # picture widths; half a pixel of a full-HD picture: boxes jitter by that much anyway
MIN_COMMON = 3  # people seen in both frames


@dataclass(frozen=True)
class Reference:
    """Rows in coordinates in which the camera stands still.

    Attributes:
        position: (n, 2) of the feet, in pixels of the first frame's picture, or metres on the pitch.
        unit: (n,) body height in the same coordinates; 1 metre on the pitch.
        variance: (n,) accumulated camera variance at the row's frame, square reference units. The variance of the
            camera between two rows is the difference of theirs.
        boxes: (n, 4) in the picture; None if the coordinates are those of the pitch.
        extent: (2,) width and height of the picture, or of the pitch.
    """

    position: FloatArray
    unit: FloatArray
    variance: FloatArray
    boxes: FloatArray | None
    extent: FloatArray

    def place(self, rows: IntArray) -> FloatArray:
        """Where in the picture (or on the pitch) rows (m,) are, (m, 2), for the density of entries."""
        return self.position[rows] if self.boxes is None else feet(self.boxes[rows])

    def place_unit(self, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Body height (m,) of rows (m,) in the coordinates of ``place``."""
        return self.unit[rows] if self.boxes is None else np.maximum(self.boxes[rows, 3], 1e-6)

    def drift(self, a: IntArray, b: IntArray) -> FloatArray:
        """Standard deviation of the camera between the frames of two rows, reference units."""
        return np.sqrt(np.abs(self.variance[b] - self.variance[a]))


@dataclass(frozen=True)
class Camera:
    """Per frame, ``reference = scale * picture + shift``.

    Attributes:
        frame: (F,) frames with boxes, ascending.
        scale: (F,), shift: (F, 2) in pixels of the first frame's picture.
        variance: (F,) accumulated square pixels, ascending.
    """

    frame: IntArray
    scale: FloatArray
    shift: FloatArray
    variance: FloatArray


def estimate_camera(frame: IntArray, node: IntArray, boxes: FloatArray, size: tuple[float, float]) -> Camera:
    """Fit the camera of one recording.

    Args:
        frame: (n,) frames, and node (n,) tracklets of the rows, sorted by tracklet, then frame.
        node: see ``frame``.
        boxes: (n, 4) x, y, w, h in pixels.
        size: picture width and height in pixels.
    """
    frames, index = np.unique(frame, return_inverse=True)
    count = len(frames)
    a = np.flatnonzero((np.diff(node) == 0) & (np.diff(index) == 1))
    whole = (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
    margin = MARGIN * size[0]
    whole &= (boxes[:, 0] > margin) & (boxes[:, 0] + boxes[:, 2] < size[0] - margin)
    whole &= boxes[:, 1] + boxes[:, 3] < size[1] - margin
    a = a[whole[a] & whole[a + 1]]
    b = a + 1
    step = index[b]  # the step that leads to frame `step`
    at = feet(boxes)
    common = np.bincount(step, minlength=count)
    known = common >= MIN_COMMON

    zoom_by_position = _fit(at[a] / size[0], at[b] / size[0], step, count, None)[0]
    zoom_by_height = _robust_mean(np.log(boxes[a, 3] / boxes[b, 3]), step, count)
    zoom = np.where(known, np.log(zoom_by_position), 0.0)
    difference = np.cumsum(np.where(known, zoom_by_height, 0.0) - zoom)
    zoom = np.diff(np.cumsum(zoom) + gaussian_filter1d(difference, ZOOM_BLEND_FRAMES, mode="nearest"), prepend=0.0)
    factor, offset, spread = _fit(at[a] / size[0], at[b] / size[0], step, count, np.exp(zoom))
    offset, spread = offset * size[0], spread * size[0]

    factor, offset = np.where(known, factor, 1.0), np.where(known[:, None], offset, 0.0)
    if count:
        factor[0], offset[0] = 1.0, 0.0
    scale = np.cumprod(factor)
    before = np.concatenate([[1.0], scale[:-1]])[:count]
    shift = np.cumsum(before[:, None] * offset, axis=0)
    # Seen by n people a step errs by spread / sqrt(n); seen by one or two it may be a usual pan; by nobody, a cut.
    usual = float(np.median(np.hypot(*offset[known].T))) if known.any() else 0.0
    variance = np.where(known, spread**2 / np.maximum(common, 1), usual**2 + spread**2)
    variance = np.where(common == 0, (size[0] / 4) ** 2, variance)
    if count:
        variance[0] = 0.0
    return Camera(frames, np.asarray(scale, float), shift, np.cumsum(variance * before**2))


def reference_from_tracks(frame: IntArray, node: IntArray, boxes: FloatArray, size: tuple[float, float]) -> Reference:
    """Reference coordinates from the camera motion that the tracks show; arguments as in ``estimate_camera``."""
    return reference_from_camera(estimate_camera(frame, node, boxes, size), frame, boxes, size)


def reference_from_camera(camera: Camera, frame: IntArray, boxes: FloatArray, size: tuple[float, float]) -> Reference:
    """Reference coordinates of rows by a known camera; arguments as in ``estimate_camera``."""
    at = np.searchsorted(camera.frame, frame)
    scale = camera.scale[at]
    position = feet(boxes) * scale[:, None] + camera.shift[at]
    return Reference(position, np.maximum(boxes[:, 3], 1e-6) * scale, camera.variance[at], boxes, np.array(size))


def feet(boxes: FloatArray) -> FloatArray:
    """Middle of the lower side (n, 2) of boxes (n, 4)."""
    return np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]])


def reference_from_pitch(pitch: FloatArray, boxes: FloatArray, frame: IntArray, node: IntArray,
                         size: tuple[float, float]) -> Reference:  # fmt: skip
    """Reference coordinates from positions on the pitch, (n, 2) metres; a missing one is held from its neighbour."""
    held = _hold(pitch, node)
    if np.isnan(held).any():  # a tracklet without any position: the picture is all there is
        return reference_from_tracks(frame, node, boxes, size)
    one = np.ones(len(frame))
    extent = np.maximum(np.ptp(held, axis=0), 1.0) if len(held) else np.ones(2)
    return Reference(held, one, np.zeros(len(frame)), None, extent)


def _hold(values: FloatArray, node: IntArray) -> FloatArray:
    """Fill gaps with the last known value of the same tracklet, then with the next."""
    out: FloatArray = values
    for direction in (1, -1):
        v, n = out[::direction], node[::direction]
        good = ~np.isnan(v).any(axis=1)
        last = np.maximum.accumulate(np.where(good, np.arange(len(v)), -1)) if len(v) else np.zeros(0, int)
        same = (last >= 0) & (n[np.maximum(last, 0)] == n)
        out = np.asarray(np.where(same[:, None], v[np.maximum(last, 0)], v)[::direction], float)
    return out


def _fit(p: FloatArray, q: FloatArray, step: IntArray, count: int,
         zoom: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """Robust ``p = zoom * q + offset`` for every step at once (Cauchy weights, scale from the median residual).

    Positions in picture widths, so that the size of the pixels does not matter.
    """

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(step, values, minlength=count), float)

    weight = np.ones(len(p))
    factor, offset, spread = np.ones(count), np.zeros((count, 2)), np.zeros(count)
    for _ in range(ITERATIONS):
        mass = np.maximum(total(weight), 1e-9)[:, None]
        mean_p = np.column_stack([total(weight * p[:, 0]), total(weight * p[:, 1])]) / mass
        mean_q = np.column_stack([total(weight * q[:, 0]), total(weight * q[:, 1])]) / mass
        if zoom is None:
            dp, dq = p - mean_p[step], q - mean_q[step]
            cross, square = total(weight * (dp * dq).sum(1)), total(weight * (dq * dq).sum(1))
            factor = np.clip((cross + ZOOM_PRIOR) / (square + ZOOM_PRIOR), 1 / MAX_ZOOM, MAX_ZOOM)
        else:
            factor = zoom
        offset = mean_p - factor[:, None] * mean_q
        residual = np.hypot(*(p - factor[step, None] * q - offset[step]).T)
        spread = np.maximum(grouped_median(residual, step, count), STEADY)
        weight = 1 / (1 + (residual / spread[step]) ** 2)
    return np.asarray(factor, float), offset, spread


def _robust_mean(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    away = np.abs(values - grouped_median(values, group, count)[group])
    scale = np.maximum(grouped_median(away, group, count), 0.003)
    weight = 1 / (1 + (away / scale[group]) ** 2)
    total = np.bincount(group, weight * values, minlength=count)
    return total / np.maximum(np.bincount(group, weight, minlength=count), 1e-9)


def grouped_median(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Median of the values of each group, (count,); 0 for an empty one.

    Group and value are sorted as one number, which is several times faster than by two keys and good to ten digits.
    """
    if not len(values):
        return np.zeros(count)
    low = float(values.min())
    reach = 2 * (float(values.max()) - low) + 1e-300
    key = np.sort(group + (values - low) / reach)
    size = np.bincount(group, minlength=count)
    begin = np.cumsum(size) - size
    out = np.zeros(count)
    some = np.flatnonzero(size)
    first, second = key[begin[some] + (size[some] - 1) // 2], key[begin[some] + size[some] // 2]
    out[some] = low + reach * ((first + second) / 2 - some)
    return out
