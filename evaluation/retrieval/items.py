"""The pictures of a table: whose they are, by which camera, of which action, and on which side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import IntArray

DIGITS = 18  # of a number that fits
UNKNOWN = -1  # person or camera of a picture of which it is not told


@dataclass(frozen=True, eq=False)
class Items:
    """Pictures of one split.

    Attributes:
        side: split that they are of, for messages.
        source: where they come from, for messages.
        row: (n,) rows of the table.
        pid: (n,) persons, -1 where unknown; None where the table says nothing.
        camid: (n,) cameras; None where the table says nothing.
        action: (n,) text; None where the table says nothing.
        number: (n,) number that submissions call each picture by: column ``id``, else the first number in the name of
            the file; None where there is neither.
    """

    side: str
    source: str
    row: IntArray
    pid: IntArray | None
    camid: IntArray | None
    action: npt.NDArray[np.str_] | None
    number: IntArray | None

    def __len__(self) -> int:
        return len(self.row)

    def need(self, column: str, reason: str) -> Any:
        """A column that has to be there, (n,).

        Raises:
            InputError: it is not, or not for every picture.
        """
        values = getattr(self, "number" if column == "id" else column)
        if values is None:
            raise InputError(f"{self.source}: no column {column!r}, and {reason}")
        empty = values == ("" if values.dtype.kind == "U" else UNKNOWN)
        if empty.any():
            row = int(self.row[int(np.argmax(empty))])
            raise InputError(f"{self.source}, row {row}: no {column}, and {reason}")
        return values

    def numbers(self) -> IntArray:
        """What a submission calls the pictures by, (n,).

        Raises:
            InputError: a picture has none, or two have the same.
        """
        found = np.asarray(self.need("id", "submissions name pictures by it"))
        order = np.argsort(found, kind="stable")
        again = order[1:][np.diff(found[order]) == 0]
        if len(again):
            at = int(again.min())
            fact = f"a second {self.side} picture {found[at]}, and submissions name pictures by it"
            raise InputError(f"{self.source}, row {self.row[at]}: {fact}; give each its own id")
        return found

    def take(self, chosen: npt.NDArray[np.bool_]) -> Items:
        """Some of the pictures."""
        parts = (self.row, self.pid, self.camid, self.action, self.number)
        return Items(self.side, self.source, *(None if p is None else p[chosen] for p in parts))  # type: ignore[arg-type]


def sides(table: Any, source: str) -> tuple[Items, Items]:
    """Queries and gallery of a table with the columns split, pid, camid, action, id and path, as far as needed.

    Raises:
        InputError: no split, no queries, no gallery, or columns that hold something else.
    """
    return pictures(table, source, "query"), pictures(table, source, "gallery")


def pictures(table: Any, source: str, side: str) -> Items:
    """The pictures of one split of such a table.

    Raises:
        InputError: no split, no rows of this one, or columns that hold something else.
    """
    if "split" not in table.column_names:
        raise InputError(f"{source}: no column 'split' among {', '.join(table.column_names)}; it says query or gallery")
    split = arrays.words(table["split"])
    row = arrays.values(pc.indices_nonzero(pc.equal(split, pa.scalar(side)))).astype(np.int64)  # null is not equal
    if not len(row):
        have = ", ".join(sorted(str(v) for v in pc.unique(split).to_pylist())) or "no rows"
        raise InputError(f"{source}: no rows with split {side!r} (it has {have})")
    return _items(table, source, side, row)


def _items(table: Any, source: str, side: str, row: IntArray) -> Items:
    part = table.take(arrays.column(row))
    action = None
    if "action" in part.column_names:
        action = np.array([word or "" for word in arrays.words(part["action"]).to_pylist()], np.str_)
    pid, camid, number = (_whole_numbers(part, name, source, row) for name in ("pid", "camid", "id"))
    if (number is None or (number == UNKNOWN).all()) and "path" in part.column_names:
        number = np.array([_first_number(path) for path in arrays.words(part["path"]).to_pylist()], np.int64)
    return Items(side, source, row, pid, camid, action, number)


def _whole_numbers(table: Any, name: str, source: str, row: IntArray) -> IntArray | None:
    """A column of whole numbers, -1 for null."""
    if name not in table.column_names:
        return None
    try:
        column = pc.fill_null(arrays.whole(table[name]).cast(pa.int64()), UNKNOWN)
    except pa.ArrowException as error:
        raise InputError(f"{source}: column {name!r} holds {table[name].type}, not whole numbers") from error
    return arrays.values(column).astype(np.int64)


def _first_number(path: str | None) -> int:
    found = re.search(r"[0-9]+", PurePath(path or "").name)
    return int(found[0]) if found and len(found[0]) <= DIGITS else UNKNOWN
