"""What supervision's ``CSVSink`` and ``JSONSink`` write: corners, class, confidence, tracker id, the user's own data.

The sinks know no frames: they are told by a column that the user adds, ``sink.append(detections,
custom_data={"frame_index": i})``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import ALIASES
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.csv import headed
from reid_solve.tracklets.formats.json_text import text_of, values_of
from reid_solve.tracklets.formats.nested import NestedOrigin, columns_of
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.text import beginning, load_text
from reid_solve.tracklets.table import Clip

_FIELDS = ("x_min", "y_min", "x_max", "y_max", "class_id", "confidence", "tracker_id")
_JSON = re.compile(rb'\s*\[\s*\{\s*"x_min"\s*:')
_HOW = 'write it with sink.append(detections, custom_data={"frame_index": i})'


def _is_csv(file: File) -> bool:
    dialect = beginning(file)[1]
    return dialect is not None and dialect.header is not None and dialect.header[: len(_FIELDS)] == _FIELDS


def _is_json(file: File) -> bool:
    return file.begins(_JSON)


@reader(
    "supervision-csv",
    recognises=_is_csv,
    about="supervision's CSVSink with a frame in custom_data: x_min, y_min, x_max, y_max, class_id, confidence, ...",
    extensions=(".csv",),
)
def read_csv_sink(file: File, options: Options) -> Loaded:
    """Read the table; the user's own columns come along.

    Raises:
        InputError: no column says the frame.
    """
    text = load_text(file, salvage=options.salvage)
    if text.dialect is None or text.dialect.header is None:
        raise InputError(f"{text.source}: no table of supervision's CSVSink; leave --format at auto")
    loaded = headed(text, "supervision-csv")
    _need_frames(loaded.table.column_names, text.source)
    return replace(loaded, table=_with_ids(loaded.table))


@reader(
    "supervision-json",
    recognises=_is_json,
    about="supervision's JSONSink with a frame in custom_data; fields as in supervision-csv",
    extensions=(".json",),
)
def read_json_sink(file: File, options: Options) -> Loaded:
    """Read the list of detections; the user's own data come along, lists too.

    Raises:
        InputError: no such JSON, or nothing says the frame.
    """
    source = str(file)
    text, notes = text_of(file)
    values = values_of(text, source)
    found = values[0] if len(values) == 1 else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"{source}: JSON, but no list of detections of supervision's JSONSink; leave --format at auto")
    columns, ignored = columns_of(found)
    if not found:
        columns = {name: pa.nulls(0, pa.float64()) for name in ("frame_index", *_FIELDS)}
    _need_frames(columns, source)
    table = _with_ids(pa.table(columns))

    def path(row: int) -> str:
        return f"detection {row + 1}"

    clip = Clip(source=source, format="supervision-json")
    return Loaded(table, clip, NestedOrigin(table, path), (*notes, *ignored))


def _need_frames(names: Any, source: str) -> None:
    if not {str(name).strip().lower() for name in names} & set(ALIASES["frame"]):
        raise InputError(f"{source}: supervision's sinks do not write the frame, and no column has it; {_HOW}")


def _with_ids(table: Any) -> Any:
    """The same table, with ids of nobody where the sink had none at all ("" in every row)."""
    at = table.schema.get_field_index("tracker_id")
    if at < 0 or not arrays.is_text(table.schema.field(at).type):
        return table
    words = pc.equal(pc.utf8_trim_whitespace(arrays.words(table["tracker_id"])), pa.scalar(""))
    return (
        table if not pc.all(words).as_py() else table.set_column(at, "tracker_id", pa.nulls(table.num_rows, pa.int64()))
    )
