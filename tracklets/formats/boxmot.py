"""BoxMOT's text, which is like MOT text and yet not: nine columns in one of two orders.

- since 2025: ``frame, id, x, y, w, h, confidence, class, detection``, the last the detection's place in its frame
- before: ``frame, id, x, y, w, h, 1, class, confidence``

Ground truth of MOT16 and later has nine columns, too: ``..., flag, class, visibility``. They are told apart by how the
numbers are written. A flag is 0 or 1 and never a fraction, so a fraction in column 7, with whole numbers after it, is
a confidence. BoxMOT used to write whole pixels and the confidence with six decimals in every line, which no ground
truth does. Where neither shows, it is read as MOT text, whose first seven columns mean the same.
"""

from __future__ import annotations

import re

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.dialect import Dialect, first_rows
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.text import TextOrigin, beginning, load_text, parse
from reid_solve.tracklets.table import Clip

_CORNERS = {"xyxy": ("x1", "y1", "x2", "y2"), "cxcywh": ("xc", "yc", "w", "h")}
_WHOLE = re.compile(r"-?\d+")
_SHARE = re.compile(r"[01]?\.\d+|[01]")
_SIX = re.compile(r"[01]\.\d{6}")
_LINES = 200


def _tail(rows: list[list[str]]) -> tuple[str, str, str] | None:
    """What the last three of nine columns hold; None where it is not BoxMOT's text."""
    if not rows or any(len(row) != 9 for row in rows):
        return None
    seventh, eighth, ninth = ([row[at] for row in rows] for at in (6, 7, 8))
    fraction = any("." in cell and cell.rstrip("0")[-1:] != "." for cell in seventh)
    if fraction and all(map(_SHARE.fullmatch, seventh)) and all(map(_WHOLE.fullmatch, (*eighth, *ninth))):
        return ("score", "class_id", "detection")
    whole = all(_WHOLE.fullmatch(cell) for row in rows for cell in row[:8])
    if whole and set(seventh) == {"1"} and all(map(_SIX.fullmatch, ninth)):
        return ("flag", "class_id", "score")
    return None


def _rows(text: bytes, dialect: Dialect | None) -> list[list[str]]:
    if dialect is None or dialect.header is not None or dialect.width != 9:
        return []
    return first_rows(text, dialect, _LINES)


def is_boxmot(file: File) -> bool:
    """Whether a file is BoxMOT's text, as far as its first lines tell."""
    return _tail(_rows(*beginning(file))) is not None


@reader(
    "boxmot",
    recognises=is_boxmot,
    about="BoxMOT's text: MOT text of nine columns that end in confidence, class, detection (or 1, class, confidence)",
    extensions=(".txt",),
)
def read_boxmot(file: File, options: Options) -> Loaded:
    """Read tracks with their scores, wherever these stand.

    Raises:
        InputError: lines of another layout.
    """
    text = load_text(file, salvage=options.salvage)
    tail = _tail(_rows(text.data, text.dialect))
    if text.dialect is None or tail is None:
        raise InputError(
            f"{text.source}: not nine columns that end in confidence, class, detection; leave --format at auto"
        )
    table, notes = parse(text, None, ids=frozenset("01"))
    names = ["frame", "track_id", *_CORNERS.get(options.box_format or "xywh", tuple("xywh")), *tail]
    if table.num_columns != len(names):
        raise InputError(f"{text.source}: lines of up to {table.num_columns} values; BoxMOT writes nine; correct it")
    table = table.rename_columns(names)
    return Loaded(table, Clip(source=text.source, format="boxmot"), TextOrigin(text, names), (*text.notes, *notes))
