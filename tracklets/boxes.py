"""From the user's box columns to x, y, w, h in pixels, and what the numbers betray about themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import Draft, numbers, plain
from reid_solve.tracklets.columns import Mapped
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import BoolArray

Box = list[npt.NDArray[Any]]  # x, y, w, h, (n,) each
SIDES = ("x", "y", "w", "h")
LARGEST = 1e9  # pixels; the largest pictures have a million, and what is a thousand pictures away is a broken number
_CORNER_NAMES = {"xywh": SIDES, "xyxy": ("x1", "y1", "x2", "y2"), "cxcywh": ("xc", "yc", "w", "h")}


def as_given(draft: Draft, mapped: Mapped, *, words_as_nan: bool) -> Box:
    """The four numbers of each box, as they stand, NaN where missing (or, if wished, where no number)."""
    if len(mapped.box) == 4:
        names = _CORNER_NAMES[mapped.box_format]
        sides = zip(names, mapped.box, strict=True)
        return [numbers(draft, name, column, words_as_nan=words_as_nan) for name, column in sides]
    (column,) = mapped.box
    array = plain(draft.table[column])
    rows = np.flatnonzero(arrays.present(array))
    try:
        sizes = arrays.values(pc.list_value_length(array))
        flat = arrays.floats(array.flatten())
    except (pa.ArrowException, AttributeError, KeyError) as error:
        raise InputError(f"{draft.source}: column {column!r} holds {array.type}, not lists of 4 numbers") from error
    wrong = arrays.present(array) & (sizes != 4)
    if wrong.any():
        raise draft.fail(wrong, "the box", column, "not 4 numbers", "correct it, or remove the row")
    box = np.full((len(array), 4), np.nan)
    box[rows] = flat.reshape(-1, 4)
    return [np.ascontiguousarray(box[:, i]) for i in range(4)]


def to_xywh(box: Box, box_format: str) -> Box:
    """Corners or centres to top-left and size."""
    a, b, c, d = box
    with np.errstate(invalid="ignore", over="ignore"):  # of rows that are left out
        if box_format == "xyxy":
            return [a, b, c - a, d - b]
        if box_format == "cxcywh":
            return [a - c / 2, b - d / 2, c, d]
    return box


def finite(box: Box) -> BoolArray:
    """Boxes (n,) made of four finite numbers, none so large that squares of it would not be finite."""
    good = possible(box[0])
    for side in box[1:]:
        good &= possible(side)
    return good


def possible(side: npt.NDArray[Any]) -> BoolArray:
    """Which numbers (n,) can be pixels: neither NaN nor infinite nor beyond any picture."""
    return np.asarray((side >= -LARGEST) & (side <= LARGEST))


def look_normalised(box: Box) -> bool:
    """Whether all boxes are so small that they must be shares of the picture, not pixels."""
    if not len(box[0]) or not (box[2] > 0).any():
        return False
    return bool(max(float(np.abs(side).max()) for side in box) <= 1.5)


def look_like_corners(box: Box, size: tuple[int, int] | None) -> bool:
    """Whether numbers taken as x, y, w, h are rather x1, y1, x2, y2.

    As corners, the third number exceeds the first and the fourth the second in every row. Boxes near the top left of
    the picture do the same, so one more sign is needed: read as sizes the boxes leave the picture, or the "width"
    follows x so closely that ``w - x`` varies far less than ``w`` (a real width hardly depends on x).
    """
    x, y, w, h = box
    solid = (w != 0) & (h != 0)
    if solid.sum() < 8:  # too few to tell
        return False
    x, y, w, h = x[solid], y[solid], w[solid], h[solid]
    if np.mean((w > x) & (h > y)) < 0.995 or (x < 0).mean() > 0.1:
        return False
    if size is not None:
        outside = np.mean((x + w > 1.05 * size[0]) | (y + h > 1.05 * size[1]))
        if outside > 0.2:
            return True
    return bool(np.std(w - x) + np.std(h - y) < 0.5 * (np.std(w) + np.std(h)))


def centres_outside(box: Box, size: tuple[int, int] | None) -> BoolArray:
    """Boxes (n,) whose centre is not in the picture; without its size, those left of it or above it."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    outside = (x < 0) | (y < 0)
    return outside | (x > size[0]) | (y > size[1]) if size else outside
