"""Text of rows and columns -> an Arrow table: pyarrow's CSV reader where the file is regular, the careful path else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import EXACT, truth
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats import lines
from reid_solve.tracklets.formats.dialect import NULLS, Dialect, sniff
from reid_solve.tracklets.formats.encoding import to_utf8, unpack
from reid_solve.tracklets.formats.registry import File
from reid_solve.tracklets.table import IntArray, Note

THREADED = 1 << 23  # bytes; a process that ends soon after Arrow's threads have read a text may crash as they end


@dataclass(frozen=True)
class Text:
    """A decoded file and its layout; None where it holds no line of data."""

    source: str
    data: bytes
    dialect: Dialect | None
    notes: tuple[Note, ...]


@dataclass
class TextOrigin:
    """Rows of a text file by line number; the lines are only counted when an error asks."""

    text: Text
    names: list[str]
    _lines: tuple[IntArray, IntArray, IntArray] | None = field(default=None, repr=False)

    @cached_property
    def _found(self) -> tuple[IntArray, IntArray, IntArray]:
        assert self.text.dialect is not None
        return lines.data_lines(self.text.data, self.text.dialect.header is not None)

    def place(self, row: int) -> str:
        """Name the line."""
        return f"line {self._found[2][row]}"

    def cell(self, row: int, column: str) -> str:
        """Give the characters between two separators."""
        assert self.text.dialect is not None
        starts, ends, _ = self._found
        cells = self.text.dialect.split(self.text.data[starts[row] : ends[row]].decode())
        at = self.names.index(column)
        return cells[at] if at < len(cells) else ""


def beginning(file: File) -> tuple[bytes, Dialect | None]:
    """How the text of a file begins, and its layout: None where it is no text, or none with a line of data."""
    try:
        head = to_utf8(file.head, str(file), head=True)[0]
    except InputError:
        return b"", None  # the last format in line says what is wrong with it
    return head, sniff(head)


def load_text(file: File, *, salvage: bool) -> Text:
    """Read, decode and look at a text file."""
    source = str(file)
    raw, packed = unpack(file.path.read_bytes(), source, salvage=salvage)
    data, decoded = to_utf8(raw, source)
    data = lines.unify_newlines(data)
    dialect = sniff(data)
    notes = (*packed, *decoded)
    if dialect is not None:
        data, cut = lines.cut_truncated(data, dialect, source, salvage=salvage)
        if dialect.separator in ";\t ":
            notes += (Note("separator", 1, f"values are separated by {dialect.name}s", "warning"),)
        if dialect.decimal == ",":
            notes += (Note("decimal-comma", 1, "decimal commas are read as decimal points", "warning"),)
        notes += cut
        if cut and sniff(data) is None:  # what was cut off was all there was
            dialect = None
    return Text(source, data, dialect, notes)


def parse(text: Text, names: list[str] | None, *, words: frozenset[str] = frozenset(), ids: frozenset[str]) -> Any:
    """Turn text into columns, types by content, whole numbers never through a float.

    Args:
        text: with a dialect.
        names: of the columns; None for MOT text, whose names depend on its width.
        words: columns that are text even where they look like numbers ("07" is not 7).
        ids: columns whose large whole numbers must survive.

    Returns:
        the table (columns named "0", "1", ... where no names are given), and notes.
    """
    dialect = text.dialect
    assert dialect is not None
    data, width = text.data, dialect.width
    notes: tuple[Note, ...] = ()
    minimum = 6 if names is None else 1
    if width > lines.MOST_COLUMNS:
        raise InputError(f"{text.source}: more than {lines.MOST_COLUMNS:,} values a line; write one row to a line")
    odd = (names is None and width < minimum) or (b"#" in data and re.search(rb"(?m)^[ \t]*#", data) is not None)
    odd |= dialect.separator == " " and b"\t" in data
    table = None
    if not odd:
        table = _columns(data, dialect, names or [str(i) for i in range(width)], {}, dialect.header is not None)
    if table is not None and dialect.separator == " " and any(column.null_count for column in table.columns):
        # two blanks, or one before a line's first value, leave a cell empty, though they part no more than one does
        table = None if b"  " in data or b"\n " in data or data.startswith(b" ") else table
    if table is None:
        fixed = lines.regular(data, dialect, text.source, minimum)
        data, width, notes = fixed.text, fixed.width, fixed.notes
        decimal = "." if dialect.separator == dialect.decimal else dialect.decimal  # else gone with the quotes
        dialect = Dialect(dialect.separator, decimal, None, width)
        table = _columns(data, dialect, names or [str(i) for i in range(width)], {}, False)
        if table is None:
            raise InputError(f"{text.source}: cannot be split into {width} columns; save it as comma-separated text")
    again = _as_text(table, data if names is not None else b"", words, ids)
    if again:
        table = _columns(
            data, dialect, table.column_names, dict.fromkeys(again, pa.string()), dialect.header is not None
        )
        table = _shrink(table, again, words, ids)
    return _trimmed(table, b" " in data and dialect.separator != " "), notes


def _columns(data: bytes, dialect: Dialect, names: list[str], types: dict[str, Any], header: bool) -> Any:
    """Parse a regular text; None where a line has another number of values."""
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, skip_rows=_before_data(data) if header else 0, use_threads=len(data) > THREADED
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=dialect.separator),
            convert_options=arrow_csv.ConvertOptions(
                null_values=NULLS,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                decimal_point=dialect.decimal,
                column_types=types,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return pa.table({name: pa.nulls(0, types.get(name, pa.null())) for name in names})
        return None


def _before_data(data: bytes) -> int:
    """Lines up to and with the header."""
    skipped = 0
    for line in data[: 1 << 16].split(b"\n"):
        skipped += 1
        if line.strip():
            break
    return skipped


def _as_text(table: Any, data: bytes, words: frozenset[str], ids: frozenset[str]) -> list[str]:
    """Columns that must be read again as text: type inference was too clever for them."""
    whole = [name for name in table.column_names if name not in ids and pa.types.is_integer(table[name].type)]
    leading_zero = bool(whole) and _leading_zero(data)
    again = []
    for name in table.column_names:
        kind = table[name].type
        mistaken = pa.types.is_temporal(kind) or pa.types.is_boolean(kind)
        if mistaken or (name in words and not arrays.is_text(kind)):
            again.append(name)
        elif name in ids and pa.types.is_floating(kind):
            numbers = arrays.floats(table[name])
            if np.nanmax(np.abs(numbers), initial=0) >= EXACT:
                again.append(name)
        elif leading_zero and name in whole:
            again.append(name)
    return again


def _leading_zero(data: bytes, size: int = 1 << 20) -> bool:
    """Whether a number is written with a zero before it, as "07" or "-07"."""
    separates = np.zeros(256, np.bool_)
    separates[list(b",;\t\n ")] = True
    for at in range(0, len(data), size):
        cells = np.frombuffer(data[max(at - 3, 0) : at + size], np.uint8)
        before, zero, after = cells[:-2], cells[1:-1], cells[2:]
        # Codes of separators and of the minus are below those of digits; but the semicolon's.
        found = (zero == ord("0")) & (after - ord("0") < 10) & ((before < ord("0")) | (before == ord(";")))
        place = np.flatnonzero(found)
        minus = (before[place] == ord("-")) & (place > 0)
        if (separates[before[place]] | (minus & separates[cells[place - 1]])).any():
            return True
    return False


def _shrink(table: Any, again: list[str], words: frozenset[str], ids: frozenset[str]) -> Any:
    """Back to whole numbers where nothing is lost by it."""
    for name in set(again) - words:
        column = arrays.whole(table[name])
        if name in ids:
            column = pc.replace_substring_regex(column, pattern=r"^\s*(-?\d+)\.0*\s*$", replacement=r"\1")
        elif truth(pc.match_substring_regex(column, r"^\s*-?0\d")).any():
            continue
        try:
            column = pc.utf8_trim_whitespace(column).cast(pa.int64())
        except pa.ArrowInvalid:
            if name not in ids:
                continue
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _trimmed(table: Any, blanks: bool) -> Any:
    """Strip blanks around words ("1, 2, player_3"); numbers were stripped while they were parsed."""
    if not blanks:
        return table
    for at, name in enumerate(table.column_names):
        if arrays.is_text(table[name].type):
            column = pc.utf8_trim_whitespace(arrays.whole(table[name]))
            null = pc.is_in(column, value_set=arrays.strings(NULLS))
            column = pc.if_else(null, pa.nulls(len(column), pa.string()), column)
            table = table.set_column(at, name, column)
    return table
