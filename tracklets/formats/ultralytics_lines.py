"""The lines of many little files, ``class xc yc w h [confidence] [id]``, parsed in one go."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.text import THREADED
from reid_solve.tracklets.table import IntArray

LAYOUT = "class xc yc w h [confidence] [id]"
_NEWLINE, _BLANK = 10, 32


@dataclass(frozen=True)
class Labels:
    """The files of a folder, in order of video and frame.

    Attributes:
        place: the folder.
        names: (F,) of the files.
        frame: (F,) the number in each name.
        video: (F,) which video each file belongs to, from 0.
        videos: their names.
        others: how many more files there are.
    """

    place: Path
    names: list[str]
    frame: IntArray
    video: IntArray
    videos: list[str]
    others: int


def beginning(path: str, size: int | None = None) -> bytes:
    """The first bytes of a file, or all, by the shortest way: a second rather than five for 100,000 files."""
    handle = os.open(path, os.O_RDONLY)
    try:
        if size is not None:
            return os.read(handle, size)
        part = os.read(handle, 1 << 16)
        parts = [part]
        while len(part) == 1 << 16:
            part = os.read(handle, 1 << 16)
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def values_of(labels: Labels, source: str) -> tuple[Any, IntArray, IntArray]:
    """The values of all files as columns named by number, and the file and line (n,) of each row.

    Raises:
        InputError: a line that is no such line; names file and line.
    """
    folder = str(labels.place) + os.sep
    parts = []
    for name in labels.names:
        part = beginning(folder + name)
        parts.append(part + b"\n" if part and not part.endswith(b"\n") else part)
    data = b"".join(parts)
    if not data or data.isspace():
        table = pa.table({str(i): pa.nulls(0, pa.float64()) for i in range(5)})
        return table, np.zeros(0, np.int64), np.zeros(0, np.int64)
    counts = np.array([part.count(b"\n") for part in parts], np.int64)
    table = None if b"  " in data else _columns(data, len(data[: data.index(b"\n")].split()))
    if table is not None and table.num_rows == counts.sum():
        file = np.repeat(np.arange(len(counts)), counts)
        return table, file, np.arange(len(file)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    return _careful(data, np.array([len(part) for part in parts], np.int64), labels, source)


def _columns(data: bytes, width: int) -> Any:
    """Lines of ``width`` values between single blanks as columns of floats; None where they are not such lines."""
    if not 5 <= width <= 7:
        return None
    names = [str(i) for i in range(width)]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=len(data) > THREADED),
            parse_options=arrow_csv.ParseOptions(delimiter=" "),
            convert_options=arrow_csv.ConvertOptions(
                null_values=["", "nan"], column_types=dict.fromkeys(names, pa.float64())
            ),
        )
    except pa.ArrowInvalid:
        return None


def _careful(data: bytes, sizes: IntArray, labels: Labels, source: str) -> tuple[Any, IntArray, IntArray]:
    """The same where lines have different numbers of values, which is usual: somebody has no id yet."""
    data = data.replace(b"\r", b" ").replace(b"\t", b" ")  # as long as before: positions still say the file
    buffer = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    file = np.searchsorted(np.cumsum(sizes), ends, side="right")
    line = np.arange(len(ends)) - np.searchsorted(file, file) + 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    dark = (buffer != _BLANK) & (buffer != _NEWLINE)
    edge = np.flatnonzero(dark[:-1] & ~dark[1:])  # where a value ends
    widths = np.searchsorted(edge, ends) - np.searchsorted(edge, starts)
    kept = widths > 0
    wrong = np.flatnonzero(kept & ((widths < 5) | (widths > 7)))
    if len(wrong):
        at = int(wrong[0])
        place = f"{source}, {labels.names[file[at]]}, line {line[at]}"
        advice = "outlines or keypoints: track with a detection model" if widths[at] > 7 else "write it again"
        raise InputError(f"{place}: {widths[at]} values, expected 5 to 7: {LAYOUT}; {advice}")
    width = int(widths.max())
    if not kept.all() or data.startswith(b" ") or any(blank in data for blank in (b"  ", b" \n", b"\n ")):
        rows = [cells for cells in map(bytes.split, data.split(b"\n")) if cells]  # slow; Ultralytics writes no such
        data = b"".join(b" ".join(cells) + b" " * (width - len(cells)) + b"\n" for cells in rows)
    elif int(widths.min()) < width:  # empty cells at the ends of short lines
        data = np.insert(buffer, np.repeat(ends, width - widths), np.uint8(_BLANK)).tobytes()
    table = _columns(data, width)
    if table is None:
        raise InputError(f"{source}, {_not_a_number(labels, data, file[kept], line[kept])}; expected {LAYOUT}")
    return table, file[kept], line[kept]


def _not_a_number(labels: Labels, data: bytes, file: IntArray, line: IntArray) -> str:
    """Find the first cell that is no number, the slow way."""
    for row, text in enumerate(one for one in data.split(b"\n") if one.strip()):
        for cell in text.split():
            try:
                float(cell)
            except ValueError:
                shown = cell.decode("utf-8", "replace")[:40]
                return f"{labels.names[file[row]]}, line {line[row]}: {shown!r} is no number"
    return "a line is damaged"
