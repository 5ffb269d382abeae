"""How much boxes overlap, and which of one picture do, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reid_solve.tracklets.table import FloatArray, IntArray


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union of boxes (..., 4) as x, y, w, h; shapes as broadcast; 0 where none has an area."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    inter = np.clip(high - low, 0, None).prod(axis=-1)
    union = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - inter
    return np.asarray(inter / np.maximum(union, 1e-12))


def overlaps(picture: IntArray, boxes: FloatArray) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Pairs of rows of one picture whose boxes share columns, and the area that they share (which may be 0).

    Rows of a picture are sorted by their left side; a row is compared with its 1st, 2nd, ... neighbour to the right
    until nobody's neighbour reaches him.

    Args:
        picture: (n,) number of the picture that a row belongs to.
        boxes: (n, 4) as x, y, w, h.
    """
    x, y, w, h = boxes.T
    order = np.lexsort((x, picture))
    left, right, group = x[order], (x + w)[order], picture[order]
    near = np.arange(len(order))
    for shift in range(1, len(order)):
        near = near[near + shift < len(order)]
        near = near[(group[near] == group[near + shift]) & (left[near + shift] < right[near])]
        if not len(near):
            return
        a, b = order[near], order[near + shift]
        width = np.minimum(x[a] + w[a], x[b] + w[b]) - x[b]
        height = np.minimum(y[a] + h[a], y[b] + h[b]) - np.maximum(y[a], y[b])
        yield a, b, np.maximum(width, 0) * np.maximum(height, 0)
