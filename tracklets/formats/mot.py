"""MOT text: MOTChallenge, SoccerNet-tracking, SportsMOT and the trackers that write like them; 6 to 10 columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.text import Text, TextOrigin, load_text, parse
from reid_solve.tracklets.table import Clip, Note

NAMES = ("frame", "track_id", "x", "y", "w", "h", "score")
WORLD = ("world_x", "world_y", "world_z")
_CORNERS = {"xyxy": ("x1", "y1", "x2", "y2"), "cxcywh": ("xc", "yc", "w", "h")}


def column_names(table: Any, box_format: str | None = None) -> list[str]:
    """Name the columns of MOT text by their number and by what they hold."""
    width = table.num_columns
    names = [*NAMES[:2], *_CORNERS.get(box_format or "xywh", NAMES[2:6]), "score"][:width]
    if width == 10:
        return [*names, *WORLD]
    if width >= 8:
        names.append("class_name" if arrays.is_text(table.column(7).type) else "class_id")
    if width >= 9:
        names.append("visibility" if _is_share(table.column(8)) else "extra_9")
    return names + [f"extra_{i}" for i in range(10, width + 1)]


def _is_share(column: Any) -> bool:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return False
    numbers = arrays.floats(column)
    return bool(np.all((numbers >= 0) & (numbers <= 1) | np.isnan(numbers)))


def empty(text_source: str, format: str, notes: tuple[Note, ...]) -> Loaded:
    """No rows: a valid input with nothing in it."""
    kinds = dict.fromkeys(NAMES, pa.float64()) | {"frame": pa.int64(), "track_id": pa.int64()}
    table = pa.table({name: pa.nulls(0, kind) for name, kind in kinds.items()})
    clip = Clip(source=text_source, format=format)
    return Loaded(table, clip, TextOrigin(Text(text_source, b"", None, ()), list(NAMES)), notes)


def _other_format(table: Any, text: Text) -> str | None:
    """Name the format of a text that is like MOT text but is not."""
    first, second = (table.column(i).type for i in range(2))
    if table.num_columns >= 10 and arrays.is_text(table.column(9).type) and b'"' in text.data:
        return "VATIC text, which this version does not read; convert it to MOT text first"
    numeric = all(not arrays.is_text(table.column(i).type) for i in range(1, 5))
    if pa.types.is_floating(second) and pa.types.is_integer(first) and numeric:
        shares = np.column_stack([arrays.floats(table.column(i)) for i in range(1, 5)])
        if len(shares) and np.all((shares >= 0) & (shares <= 1)) and np.any(shares[:, 0] % 1):
            return (
                "an Ultralytics save_txt file (class xc yc w h [id], normalised), one for each video frame, and its "
                "frame number is only in its name; give the folder of all of them"
            )
    return None


@reader(
    "mot",
    recognises=lambda file: True,
    turn=3,
    about="frame, id, x, y, w, h[, score[, ...]]: MOTChallenge, SoccerNet-tracking, SportsMOT, norfair, most trackers",
    extensions=(".txt",),
)
def read_mot(file: File, options: Options) -> Loaded:
    """Read lines of ``frame, id, x, y, w, h[, score[, ...]]``, with a header or without."""
    text = load_text(file, salvage=options.salvage)
    if text.dialect is None:
        return empty(text.source, "mot", text.notes)
    if text.dialect.header is not None:
        from reid_solve.tracklets.formats.csv import headed

        return headed(text, "mot")
    if text.dialect.width <= 5:
        raise InputError(
            f"{text.source}, line {TextOrigin(text, []).place(0)[5:]}: {text.dialect.width} values a line; "
            "expected 6 to 10: frame, id, x, y, w, h[, score[, ...]]"
        )
    table, notes = parse(text, None, ids=frozenset("01"))
    other = _other_format(table, text)
    if other:
        raise InputError(f"{text.source}: looks like {other}")
    names = column_names(table, options.box_format)
    notes = (*text.notes, *notes, *_decimal_commas(table, text))
    table = table.rename_columns(names)
    return Loaded(table, Clip(source=text.source, format="mot"), TextOrigin(text, names), notes)


def _decimal_commas(table: Any, text: Text) -> tuple[Note, ...]:
    """Warn where decimal commas may stand between commas: then every number but frame and id has become two.

    Ten columns of whole numbers are usual, with -1 in the last three; where these hold anything else, or where there
    are more, somebody should look.
    """
    assert text.dialect is not None
    whole = all(pa.types.is_integer(column.type) for column in table.columns)
    if text.dialect.separator != "," or not whole or table.num_columns < 10 or table.num_columns % 2:
        return ()
    if table.num_columns == 10 and all(set(table.column(i).unique().to_pylist()) <= {-1, 0, 1, None} for i in (8, 9)):
        return ()
    count = table.num_columns
    advice = "if they are decimal commas, write points, or semicolons between the values"
    return (Note("decimal-commas", table.num_rows, f"{count} whole numbers in each line: {advice}", "warning"),)
