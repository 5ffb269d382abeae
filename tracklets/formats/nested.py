"""Detections as dictionaries, one each, as pickles and JSON hold them -> columns."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import FloatArray, Note

BOX_COLUMNS: Mapping[str, tuple[str, str, str, str]] = {
    "xyxy": ("x1", "y1", "x2", "y2"), "xywh": ("x", "y", "w", "h"), "cxcywh": ("xc", "yc", "w", "h"),
}  # fmt: skip

_SHORT = reprlib.Repr()
_SHORT.maxlevel = 3


@dataclass(frozen=True)
class NestedOrigin:
    """Rows that stood in dictionaries, named by the path to them."""

    table: pa.Table
    path: Callable[[int], str]

    def place(self, row: int) -> str:
        """Name the row: "frame 3, detection 5"."""
        return self.path(row)

    def cell(self, row: int, column: str) -> str:
        """Give the value as Python prints it."""
        return named(self.table[column][row].as_py())


def boxes_of(found: Sequence[Mapping[str, Any]], key: str, source: str, path: Callable[[int], str]) -> FloatArray:
    """The boxes (n, 4), numbers as they stand; NaN where a detection has none.

    Raises:
        InputError: a box that is not four numbers.
    """
    boxes = np.full((len(found), 4), np.nan)
    for row, one in enumerate(found):
        box = one.get(key)
        if box is None:
            continue
        try:
            sides = box if isinstance(box, list | tuple) else np.asarray(box).reshape(-1).tolist()
            boxes[row] = [float(side) for side in sides]  # side by side: lists in a list may be a trap for numpy
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{source}, {path(row)}: the box is {shown(box)}, not 4 numbers; correct it") from error
    return boxes


def box_columns(boxes: FloatArray, box_format: str) -> dict[str, Any]:
    """Boxes (n, 4) as four columns whose names say what they hold."""
    sides = zip(BOX_COLUMNS[box_format], boxes.T, strict=True)
    return {name: arrays.column(np.ascontiguousarray(side)) for name, side in sides}


def columns_of(
    found: Sequence[Mapping[Any, Any]],
    used: Set[str] = frozenset(),
    taken: Iterable[str] = (),
    *,
    lists: bool = True,
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """A column for each key of the dictionaries, null where one has none; "" counts as null beside numbers.

    Args:
        found: n dictionaries.
        used: keys that need none: the reader has made columns of them.
        taken: names of columns that there are already.
        lists: whether values may be lists and dictionaries. Not those of a pickle, where a few bytes may stand for
            the same long list a thousand times.

    Returns:
        columns of n values, and which keys were left out: their values do not fit into one column, or there is
        another column of that name.
    """
    columns: dict[str, Any] = {}
    lost: list[str] = []
    taken = frozenset(taken)
    for key in dict.fromkeys(key for one in found for key in one if key not in used):
        column = None if key in taken or not isinstance(key, str) else _column([one.get(key) for one in found], lists)
        if column is None:
            lost.append(shown(key))
        else:
            columns[key] = column
    if not lost:
        return columns, ()
    why = "values of several kinds" if lists else "not one number or word a detection"
    text = f"{', '.join(lost)}: {why}, or the name of a column that there is already; left out"
    return columns, (Note("columns-ignored", len(lost), text, "warning"),)


def _column(values: list[Any], lists: bool) -> Any | None:
    """Values (n,) as a column; None where no column can hold them, or none that can be written."""
    if not lists:
        values = [value.item() if isinstance(value, np.generic) else value for value in values]
        if not all(value is None or isinstance(value, str | bool | int | float) for value in values):
            return None
    if {value for value in values if isinstance(value, str)} == {""}:  # among numbers, or alone: there is none
        values = [None if isinstance(value, str) else value for value in values]
    try:
        column = pa.array(values)
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        return None
    return None if "struct<>" in str(column.type) else column


def value_column(values: Sequence[Any]) -> Any:
    """What a file gives for one thing as a column (n,), null for None: what is of several kinds, as words."""
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    try:
        if not all(value is None or isinstance(value, str | bool | int | float) for value in values):
            raise TypeError
        return pa.array(values)
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        return pa.array([None if value is None else shown(value) for value in values], pa.string())


def shown(value: Any) -> str:
    """A value for people, in so many characters however large it is, and however deep its lists lie in lists."""
    if isinstance(value, str):
        return value[:1000]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < 10_000 else f"{value:#x}"[:60]
    return repr(value) if isinstance(value, bool | float) else _SHORT.repr(value)[:60]


def named(value: Any) -> str:
    """A value for a message: on one line, and short."""
    return " ".join(shown(value).split())[:60]
