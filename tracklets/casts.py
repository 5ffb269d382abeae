"""One column of the user's table -> one canonical column, or an error that names the row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.registry import Origin
from reid_solve.tracklets.table import BoolArray, IntArray, Note

EXACT = 2**53  # from here on float64 skips whole numbers
NULL_WORDS = ("", "-1", "-1.0", "None", "none", "null", "NULL", "nan", "NaN", "NA", "<NA>")


@dataclass
class Draft:
    """The input on its way to ``Tracks``: rows may leave, columns are added, notes pile up."""

    table: pa.Table
    source: str
    origin: Origin
    columns: dict[str, Any] = field(default_factory=dict)  # canonical name -> array, as long as the table
    notes: list[Note] = field(default_factory=list)
    rows: IntArray | None = None  # where each row stood in the loaded table, once some have left

    def place(self, row: int) -> str:
        """Name a row for people."""
        return self.origin.place(self.original(row))

    def original(self, row: int) -> int:
        """Where a row stood in the loaded table."""
        return row if self.rows is None else int(self.rows[row])

    def fail(self, wrong: BoolArray, name: str, column: str, fact: str, advice: str) -> InputError:
        """Build the error for the first of some rows.

        Args:
            wrong: (n,) at least one true.
            name: canonical name of what is wrong; the message gives the user's as well where it differs.
            column: the user's column.
            fact: what is wrong with the value ("is negative").
            advice: what to do about it.
        """
        row = int(np.flatnonzero(wrong)[0])
        value = self.origin.cell(self.original(row), column) or "empty"
        others = int(wrong.sum()) - 1
        more = f" (and in {others} more row{'s' * (others > 1)})" if others else ""
        called = name if name == column else f"{name} (column {column!r})"
        return InputError(f"{self.source}, {self.place(row)}: {called} is {value}{more}, {fact}; {advice}")

    def keep(self, kept: BoolArray) -> None:
        """Let the other rows leave, from the user's table and from ours."""
        mask = arrays.column(kept)
        self.rows = np.flatnonzero(kept) if self.rows is None else self.rows[kept]
        self.table = self.table.filter(mask)
        self.columns = {name: column.filter(mask) for name, column in self.columns.items()}

    def note(self, code: str, count: int, text: str, *, warning: bool = False) -> None:
        """Remember a repair or a warning, if any row is concerned."""
        if count:
            self.notes.append(Note(code, count, text, "warning" if warning else "repair"))


def plain(column: Any) -> Any:
    """One contiguous array without dictionary."""
    array = arrays.whole(column)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def numbers(draft: Draft, name: str, column: str, *, words_as_nan: bool = False) -> npt.NDArray[Any]:
    """A column as floats, (n,): float32 stays float32, all else becomes float64, NaN where null.

    Raises:
        InputError: a cell is not a number.
    """
    array = plain(draft.table[column])
    kind = array.type
    if kind in (pa.float32(), pa.float16()):
        single: npt.NDArray[np.float32] = arrays.values(array).astype(np.float32, copy=False)
        return single if array.null_count == 0 else np.where(arrays.present(array), single, np.float32(np.nan))
    if pa.types.is_null(kind):
        return np.full(len(array), np.nan)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return arrays.floats(array)
    if arrays.is_text(kind):
        text = pc.utf8_trim_whitespace(arrays.words(array))
        null = pc.is_in(text, value_set=arrays.strings([*NULL_WORDS[:1], *NULL_WORDS[3:]]))
        text = pc.if_else(null, pa.nulls(len(text), pa.string()), text)
        good = truth(pc.match_substring_regex(text, r"(?i)^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?inf(inity)?$"))
        wrong = ~good & arrays.present(text)
        if words_as_nan:
            text = pc.if_else(arrays.column(wrong), pa.nulls(len(text), pa.string()), text)
        elif wrong.any():
            raise draft.fail(wrong, name, column, "not a number", "correct it, or remove the row")
        return arrays.floats(text.cast(pa.float64()))
    try:
        return arrays.floats(array.cast(pa.float64()))
    except pa.ArrowException as error:
        raise InputError(f"{draft.source}: column {column!r} holds {kind}, not numbers") from error


def truth(mask: Any) -> BoolArray:
    """An Arrow boolean column as numpy, (n,), false where null."""
    array = arrays.whole(mask)
    if not len(array):
        return np.zeros(0, np.bool_)
    bits = np.unpackbits(np.frombuffer(array.buffers()[1], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(np.bool_) & arrays.present(array)


def integers(draft: Draft, name: str, column: str) -> tuple[IntArray, BoolArray]:
    """A column as whole numbers and which of them are there, (n,) each; floats are accepted where integral.

    Raises:
        InputError: a fraction, or a float so large that it may not be the number that was meant.
    """
    array = plain(draft.table[column])
    kind = array.type
    if pa.types.is_integer(kind):
        there = arrays.present(array)
        whole = arrays.values(array)
        if kind == pa.uint64() and (whole[there] > np.uint64(2**63 - 1)).any():
            raise InputError(f"{draft.source}: column {column!r} has numbers above 2^63; store it as string")
        return whole.astype(np.int64, copy=False), there
    if arrays.is_text(kind):
        try:
            exact = pc.utf8_trim_whitespace(arrays.words(array)).cast(pa.int64())
            return arrays.values(exact), arrays.present(exact)
        except pa.ArrowInvalid:
            pass  # floats, or words: the way below says which
    floats = numbers(draft, name, column).astype(np.float64)
    there = ~np.isnan(floats)
    broken = there & (np.floor(floats) != floats)
    if broken.any():
        raise draft.fail(broken, name, column, "not a whole number", "write whole numbers")
    if (np.abs(floats[there]) >= EXACT).any():
        wrong = there & (np.abs(floats) >= EXACT)
        raise draft.fail(wrong, name, column, "too large for a float to be exact", "store it as integers or strings")
    return np.where(there, floats, 0).astype(np.int64), there


def ids(draft: Draft, name: str, column: str) -> tuple[Any, bool]:
    """A column of ids: int64 where they are whole numbers, else strings; -1 and missing become null.

    Returns:
        the array (n,), and whether it was stored as floats.
    """
    array = plain(draft.table[column])
    kind = array.type
    big = kind == pa.uint64() and (arrays.values(array)[arrays.present(array)] > np.uint64(2**63 - 1)).any()
    if arrays.is_text(kind) or big:
        text = pc.utf8_trim_whitespace(arrays.words(array))
        null = pc.is_in(text, value_set=arrays.strings(NULL_WORDS))
        return pc.if_else(null, pa.nulls(len(text), pa.string()), text), False
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        raise InputError(f"{draft.source}: column {column!r} holds {kind}; ids are whole numbers or strings")
    whole, there = integers(draft, name, column)
    return arrays.column(whole, ~there | (whole == -1)), bool(pa.types.is_floating(kind))


def labels(draft: Draft, column: str) -> Any:
    """A column of words; whole floats print without their ".0"."""
    array = plain(draft.table[column])
    if pa.types.is_floating(array.type):
        floats = arrays.floats(array)
        there = ~np.isnan(floats)
        if (np.floor(floats[there]) == floats[there]).all() and (np.abs(floats[there]) < EXACT).all():
            array = arrays.column(np.where(there, floats, 0).astype(np.int64), ~there)
    return arrays.words(array)
