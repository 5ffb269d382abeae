"""The careful path through a text file: comments, blank lines, ragged and oddly spaced rows made regular.

Works on whole byte arrays rather than line by line: a match has millions of lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.dialect import DECIMAL_COMMA, Dialect, is_number, split
from reid_solve.tracklets.table import IntArray, Note

_NEWLINE, _HASH = 10, 35
MOST_COLUMNS = 10_000  # a table of tracks with its embeddings spread over columns has some 2,000
_FILLED = 1 << 22, 4  # empty cells that short lines may get: so many, or so many for each byte of the text


def unify_newlines(text: bytes) -> bytes:
    """Newlines of Windows and of old Macs as plain newlines."""
    if b"\r" not in text:
        return text
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def data_lines(text: bytes, header: bool) -> tuple[IntArray, IntArray, IntArray]:
    """Find the lines that hold data.

    Returns:
        start and end (n,) of each line in ``text``, and its number in the file, counted from 1.
    """
    buffer = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    first = np.where(ends > starts, buffer[np.minimum(starts, len(text) - 1)], _HASH)
    blank_start = np.flatnonzero((first == 32) | (first == 9))
    for at in blank_start[:100_000]:  # indented lines are rare; look at each
        line = text[starts[at] : ends[at]].strip()
        first[at] = line[0] if line else _HASH
    kept = np.flatnonzero(first != _HASH)[int(header) :]
    return starts[kept], ends[kept], kept + 1


def cut_truncated(text: bytes, dialect: Dialect, source: str, *, salvage: bool) -> tuple[bytes, tuple[Note, ...]]:
    """Look for a last line that was cut short: no newline at its end, and less in it than in the line before.

    Raises:
        InputError: it is, and ``salvage`` is off.
    """
    if text.endswith(b"\n"):
        return text, ()
    at = text.rfind(b"\n") + 1
    before = text[:at].rstrip().rpartition(b"\n")[2]
    last = text[at:].decode()
    if not last.strip() or not before or last.lstrip().startswith("#"):
        return text, ()
    cells, model = split(last, dialect.separator), split(before.decode(), dialect.separator)
    if dialect.decimal == ",":
        cells, model = [c.replace(",", ".") for c in cells], [c.replace(",", ".") for c in model]
    headed = dialect.header is not None and len(model) == len(dialect.header) and not any(map(is_number, model))
    broken = len(cells) == len(model) and not headed and is_number(model[-1]) and cells[-1] in {"-", "+", "."}
    if len(cells) >= len(model) and not broken:
        return text, ()
    line = text.count(b"\n") + 1
    if not salvage:
        raise InputError(
            f"{source}, line {line}: the last line {last.strip()!r} is cut short ({len(cells)} values, "
            f"{len(model)} in the line before); write the file again, or keep the whole lines with --salvage"
        )
    return text[:at], (Note("truncated-line", 1, f"line {line} is cut short and left out"),)


@dataclass(frozen=True)
class Regular:
    """A text whose lines all have the same number of values."""

    text: bytes
    width: int
    notes: tuple[Note, ...]


def regular(text: bytes, dialect: Dialect, source: str, minimum: int) -> Regular:
    """Drop comments and blank lines, strip trailing separators, and fill short lines up with empty cells.

    Args:
        text: UTF-8 with plain newlines.
        dialect: its layout; a header is dropped, too.
        source: name for messages.
        minimum: values that a line must have.

    Raises:
        InputError: a line has fewer values, or more than the header names.
    """
    separator = dialect.separator.encode()
    header = dialect.header is not None
    width = len(dialect.header) if dialect.header is not None else dialect.width
    need = "a line needs at least 6: frame, id, x, y, w, h" if not header else f"needed: {minimum}"
    blocks: list[tuple[bytes, IntArray]] = []  # whole lines of data, and how many values each has
    before = comments = 0
    for raw in _blocks(text):
        block = _clean(raw, dialect)
        starts, ends, numbers = data_lines(block, False)
        comments += _comments(block)
        if header and len(starts):
            starts, ends, numbers = starts[1:], ends[1:], numbers[1:]
            header = False
        at = np.flatnonzero(np.frombuffer(block, np.uint8) == separator[0])
        widths = np.searchsorted(at, ends) - np.searchsorted(at, starts) + 1
        if dialect.header is not None:
            _complain(widths > width, numbers + before, widths, source, f"the header names {width}")
        else:
            width = max(width, int(widths.max(initial=0)))
        _complain(widths < minimum, numbers + before, widths, source, need)
        _complain(widths > MOST_COLUMNS, numbers + before, widths, source, f"at most {MOST_COLUMNS:,} are read")
        before += raw.count(b"\n")
        blocks.append((_only(block, starts, ends), widths))
    # One long line among many short ones must not make a table that is far larger than the file.
    missing = sum(int((width - widths).sum()) for _, widths in blocks)
    if missing > max(_FILLED[0], _FILLED[1] * len(text)):
        raise InputError(f"{source}: lines have up to {width:,} values, and most have far fewer; correct the long ones")
    filled = b"".join(_fill(block, widths, width, separator) for block, widths in blocks)
    notes = []
    if comments:
        lines = f"{comments} comment line{'s' * (comments > 1)} skipped"
        notes.append(Note("comments", comments, lines, "warning"))
    short = sum(int((widths < width).sum()) for _, widths in blocks)
    if short and dialect.header is None:
        total = sum(len(widths) for _, widths in blocks)
        note = f"{short} of {total} lines have fewer than {width} values; the missing values are left empty"
        notes.append(Note("ragged-lines", short, note, "warning"))
    return Regular(filled, width, tuple(notes))


def _blocks(text: bytes, size: int = 1 << 24) -> Iterator[bytes]:
    """The text in pieces of whole lines, so that byte masks stay small."""
    at = 0
    while at < len(text):
        end = text.find(b"\n", at + size) + 1 or len(text)
        yield text[at:end]
        at = end


def _clean(block: bytes, dialect: Dialect) -> bytes:
    """Runs of blanks to one, no separators at the ends of lines, no quotes."""
    separator = dialect.separator.encode()
    if b'"' in block:
        block = _unquoted(block, dialect)
    if separator == b" ":
        block = re.sub(rb"(?m)^ ", b"", re.sub(rb"[ \t]+", b" ", block))
    ends = (b" ", b"\t", separator)
    if any(end + b"\n" in block for end in ends) or block.endswith(ends):
        block = re.sub(rb"(?m)[ \t" + re.escape(separator) + rb"]+$", b"", block)
    return block


def _comments(block: bytes) -> int:
    return len(re.findall(rb"(?m)^[ \t]*#", block)) if b"#" in block else 0


def _only(block: bytes, starts: IntArray, ends: IntArray) -> bytes:
    """These lines of a block, each with a newline."""
    if not block.endswith(b"\n"):
        block += b"\n"
    if int((ends - starts).sum()) + len(starts) == len(block):
        return block  # every line
    change = np.zeros(len(block) + 1, np.int8)
    change[starts] += 1
    np.subtract.at(change, ends + 1, np.int8(1))
    return np.frombuffer(block, np.uint8)[np.cumsum(change[:-1], dtype=np.int8).astype(np.bool_)].tobytes()


def _fill(block: bytes, widths: IntArray, width: int, separator: bytes) -> bytes:
    """Empty cells at the ends of short lines."""
    missing = width - widths
    if not missing.any():
        return block
    buffer = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    return np.insert(buffer, np.repeat(ends, missing), np.uint8(separator[0])).tobytes()


def _complain(wrong: npt.NDArray[np.bool_], numbers: IntArray, widths: IntArray, source: str, need: str) -> None:
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        more = f" (and {int(wrong.sum()) - 1} more lines)" if wrong.sum() > 1 else ""
        raise InputError(f"{source}, line {numbers[at]}: {widths[at]} values{more}; {need}")


def _unquoted(text: bytes, dialect: Dialect) -> bytes:
    """Quoted cells hide separators from a byte count: swap those inside for a blank, or for a point where they are
    decimal commas. Slow, and rarely needed.
    """
    out = io.StringIO()
    for line in text.decode().split("\n"):
        if '"' in line:
            cells = next(csv.reader([line], delimiter=dialect.separator, skipinitialspace=True), [])
            line = dialect.separator.join(
                cell.replace(",", ".") if dialect.separator == dialect.decimal and DECIMAL_COMMA.fullmatch(cell.strip())
                else cell.replace(dialect.separator, " ")
                for cell in cells
            )  # fmt: skip
        out.write(line + "\n")
    return out.getvalue().encode()
