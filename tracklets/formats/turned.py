"""Boxes that were drawn turned: the upright ones around them."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import FloatArray, Note, counted


def upright(box: FloatArray, angle: FloatArray, pivot: float) -> tuple[FloatArray, tuple[Note, ...]]:
    """The smallest upright boxes that hold turned ones.

    Args:
        box: (n, 4) x, y, w, h before they are turned.
        angle: (n,) degrees, clockwise.
        pivot: the point that stays, as a share of width and height: 0 for the top left corner, 0.5 for the centre.

    Returns:
        boxes (n, 4), and how many were turned.
    """
    turned = np.flatnonzero(angle % 360 != 0)
    if not len(turned):
        return box, ()
    x, y, w, h = box[turned].T
    radians = np.deg2rad(angle[turned])
    cos, sin = np.cos(radians), np.sin(radians)
    left, top = -pivot * w, -pivot * h
    corners = [(a, b) for a in (left, left + w) for b in (top, top + h)]
    across = np.stack([a * cos - b * sin for a, b in corners])
    down = np.stack([a * sin + b * cos for a, b in corners])
    box = box.copy()
    box[turned] = np.column_stack([x - left + across.min(0), y - top + down.min(0), np.ptp(across, 0), np.ptp(down, 0)])
    text = f"boxes turned in {counted(len(turned), 'row')}: the upright box around is used"
    return box, (Note("turned-boxes", len(turned), text, "warning"),)
