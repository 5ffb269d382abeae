"""How a text file separates its values, whether it begins with a header, and how wide its lines are."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

NULLS = ("", "None", "none", "NONE", "null", "Null", "NULL", "nan", "NaN", "NAN", "-nan", "NA", "N/A", "n/a", "<NA>")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a point as its decimal mark."""
    return _NUMBER.fullmatch(cell.strip()) is not None


@dataclass(frozen=True)
class Dialect:
    """The layout of one text file."""

    separator: str  # "," ";" "\t" or " ", which stands for any run of blanks
    decimal: str  # "." or ","
    header: tuple[str, ...] | None
    width: int  # values in the first line of data

    @property
    def name(self) -> str:
        """What people call the separator."""
        return {",": "comma", ";": "semicolon", "\t": "tab", " ": "space"}[self.separator]

    def split(self, line: str) -> list[str]:
        """The cells of one line."""
        return split(line, self.separator)


def split(line: str, separator: str) -> list[str]:
    """The cells of one line, without blanks around them and without trailing separators."""
    line = line.strip().rstrip(separator + " \t")
    if separator == " ":
        return line.split()
    cells = next(csv.reader([line], delimiter=separator), []) if '"' in line else line.split(separator)
    return [cell.strip() for cell in cells]


def sniff(text: bytes) -> Dialect | None:
    """Tell the layout from the first lines; None where there is no line of data or header."""
    lines = _lines(text)
    if len(text) > 1 << 16 and len(lines) > 1:
        lines.pop()  # cut in the middle
    lines = lines[:50]
    if not lines:
        return None
    separator = _separator(lines)
    first = split(lines[0], separator)
    # A header has no number in it; a line of data begins with the frame's.
    header = tuple(first) if not any(is_number(cell) for cell in first) and any(map(str.strip, first)) else None
    data = [split(line, separator) for line in (lines[1:] if header else lines)]
    # Between commas only quotes can hold one ("10,5"), and there it may also part thousands: then points are decimal.
    comma = any(DECIMAL_COMMA.fullmatch(cell) for row in data for cell in row)
    if separator == ",":
        comma &= not any("." in cell and is_number(cell) for row in data for cell in row)
    return Dialect(separator, "," if comma else ".", header, len(data[0]) if data else len(first))


def first_rows(text: bytes, dialect: Dialect, most: int) -> list[list[str]]:
    """The cells of the first lines, at most so many, without the last, which may be cut."""
    lines = _lines(text)
    return [dialect.split(line) for line in (lines[:-1] or lines)[:most]]


def _lines(text: bytes) -> list[str]:
    head = text[: 1 << 16].decode("utf-8", "replace")
    return [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _separator(lines: list[str]) -> str:
    line = max(lines[:5], key=len)
    for separator in ("\t", ";"):
        if line.count(separator) >= 4:
            return separator
    if line.count(",") >= 4 and not _blanks_separate(lines[-1]):
        return ","
    if len(line.split()) >= 4:
        return " "
    return next((one for one in ("\t", ";", ",") if one in line), " " if " " in line else ",")


def _blanks_separate(line: str) -> bool:
    """Whether blanks stand between numbers, so that a comma must be a decimal mark: ``1 7 10,5 20,5 40 90``."""
    return re.search(r"\d[ ]+[\d.-]", line) is not None and len(line.split()) >= 6 and ", " not in line
