"""A small black video, rows on it, and where in its pictures a colour is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reid_solve.report import colours
from reid_solve.report.render import Rendered
from reid_solve.tracklets.table import BoolArray
from reid_solve.tracklets.video import Picture

SIZE = (320, 180)
FRAMES = 12
Row = dict[str, Any]
Draw = Callable[..., tuple[list[Picture], Rendered]]


def row(frame: int, track_id: int | None = 1, x: float = 100, y: float = 60, w: float = 30, **more: Any) -> Row:
    return {"frame": frame, "track_id": track_id, "x": x, "y": y, "w": w, "h": 70.0, **more}


def differ(a: Picture, b: Picture, by: int) -> BoolArray:
    """Pixels (h, w) in which two pictures differ."""
    return np.asarray((np.abs(a.astype(int) - b) > by).any(axis=-1))


def near(picture: Picture, colour: colours.Colour, far: int = 70) -> BoolArray:
    """Pixels of about a colour; video smears colours over neighbours."""
    return np.asarray(np.abs(picture[..., ::-1].astype(int) - colour).max(axis=-1) < far)


def feet(picture: Picture, x: float = 100, y: float = 60) -> Picture:
    """Where the ring of a box of ``row`` is, and nothing of its plate."""
    return picture[round(y) + 58 : round(y) + 76, round(x) - 8 : round(x) + 38]
