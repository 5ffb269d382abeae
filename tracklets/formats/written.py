"""Writers: parquet and CSV give the user's own columns back, MOT text the ten that its readers expect."""

from __future__ import annotations

import csv
import io
import json
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import ALIASES, BOXES, is_word
from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.formats.dialect import is_number
from reid_solve.tracklets.formats.mot import NAMES, WORLD
from reid_solve.tracklets.formats.parquet import KEY, SEAL, SEALED, seal_of
from reid_solve.tracklets.formats.registry import writer
from reid_solve.tracklets.formats.row_text import facts_left_out, value_type
from reid_solve.tracklets.table import Clip, Note, Tracks

SCHEMA_VERSION = 1
_HELD = ("frame", "track_id", "score", "identity", "identity_score")  # what MOT text says, or stands for
_INTERPOLATED = "interpolated"  # a score of 0 says it


def metadata_of(clip: Clip) -> dict[str, Any]:
    """What a parquet file remembers of a clip; the source by name only, folders are nobody's business."""
    known = {
        "schema_version": SCHEMA_VERSION,
        "fps": clip.fps,
        "width": clip.width,
        "height": clip.height,
        "length": clip.length,
        "frame_base": clip.frame_base,
        "source": clip.metadata.get("source") or PurePath(clip.source).name,
        "format": clip.metadata.get("format") or clip.format,
        "box_format": clip.box_format,
    }
    return {**clip.metadata, **{key: value for key, value in known.items() if value is not None}}


@writer("parquet", extensions=(".parquet",), about="every column, with identity and identity_score")
def write_parquet(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write the user's columns as they came, identities beside them."""
    table = tracks.source
    facts = json.dumps({**metadata_of(tracks.clip), SEALED: True}, allow_nan=False).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: facts})
    table = table.replace_schema_metadata({**table.schema.metadata, SEAL: seal_of(table)})
    pq.write_table(table, stream, compression="zstd", write_page_checksum=True)
    return ()


@writer("csv", extensions=(".csv",), about="every column but lists, with identity and identity_score")
def write_csv(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write the user's columns as they came, with a header; columns of lists (embeddings) stay out."""
    table = tracks.source
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    notes = []
    if nested:
        table = table.drop_columns(nested)
        text = f"CSV cannot hold the lists in {', '.join(nested)}: left out"
        notes.append(Note("columns-left-out", len(nested), text, "warning"))
    if tracks.clip.box_format:
        text = f"CSV cannot say what the box columns hold: read it with --box-format {tracks.clip.box_format}"
        notes.append(Note("box-format", len(tracks), text, "warning"))
    notes += facts_left_out(tracks, (), "CSV")
    alike = [field.name for field in table.schema if _like_numbers(field, table)]
    if alike:
        text = f"CSV cannot tell the words in {', '.join(alike)} from numbers"
        notes.append(Note("words-like-numbers", len(tracks), text, "warning"))
    header = io.StringIO()  # pyarrow would put every name in quotes
    csv.writer(header, lineterminator="\n").writerow(table.column_names)
    stream.write(header.getvalue().encode())
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    arrow_csv.write_csv(_plain(table), stream, options)
    return tuple(notes)


@writer("mot", extensions=(".txt",), about="MOTChallenge text; the identity stands in the id column")
def write_mot(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write ``frame, id, x, y, w, h, score, ...``: the id is the identity where there is one, and -1 for nobody.

    Of MOT text that was read the remaining columns come back as they were; other inputs give ``-1,-1,-1``.

    Raises:
        OutputError: ids that are not whole numbers, or rows of several recordings.
    """
    if tracks.sequence.max(initial=0) > 0:
        raise OutputError("MOT text is about one video, and the table holds several; write .parquet or .csv")
    canonical = tracks.canonical
    key = "identity" if "identity" in tracks else "track_id"
    ids = arrays.whole(canonical[key])
    if not pa.types.is_integer(ids.type):
        if not len(ids) or ids.null_count == len(ids):
            ids = pa.nulls(len(ids), pa.int64())
        else:
            raise OutputError(f"MOT text has whole numbers as ids, and {key} holds strings; write .parquet or .csv")
    columns = {name: arrays.whole(canonical[name]) for name in NAMES if name in canonical.column_names}
    columns["track_id"] = _filled(ids)
    columns["score"] = _score(tracks)
    rest = _rest(tracks)
    table = pa.table({name: columns[name] for name in NAMES} | rest)
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    arrow_csv.write_csv(table, stream, options)
    held = {alias for name in _HELD for alias in ALIASES[name]} | {side for group, _ in BOXES for side in group}
    held |= {_INTERPOLATED}
    lost = [name for name in tracks.source.column_names if name not in rest and name.lower() not in held]
    notes = facts_left_out(tracks, (), "MOT text")
    if lost:
        text = f"MOT text has no place for {', '.join(lost)}: left out"
        notes.append(Note("columns-left-out", len(lost), text, "warning"))
    return tuple(notes)


def _is_mot(tracks: Tracks) -> bool:
    """Whether the source's columns are MOT text's own: BoxMOT's are, but for those that end in the score."""
    at = tracks.source.column_names.index("score") if "score" in tracks.source.column_names else -1
    return tracks.clip.format == "mot" or (tracks.clip.format == "boxmot" and at == NAMES.index("score"))


def _score(tracks: Tracks) -> Any:
    source = tracks.source
    if _is_mot(tracks) and "score" in source.column_names:
        original = arrays.whole(source["score"])
        if (original.null_count == 0 and pa.types.is_integer(original.type)) or pa.types.is_floating(original.type):
            return _filled(original)  # -1, say, stays -1
    if "score" not in tracks:
        return arrays.column(np.ones(len(tracks), np.int64))
    return _filled(arrays.whole(tracks.canonical["score"]))  # -1 says that it is not known


def _rest(tracks: Tracks) -> dict[str, Any]:
    """Columns 8 and up."""
    source = tracks.source
    own = set(NAMES) | {"x1", "y1", "x2", "y2", "xc", "yc", "identity", "identity_score", _INTERPOLATED}
    if _is_mot(tracks) and source.num_columns >= 8:
        names = [name for name in source.column_names if name not in own]
        if names:
            return {name: _filled(arrays.whole(source[name])) for name in names}
    minus = arrays.column(np.full(len(tracks), -1, np.int64))
    return dict.fromkeys(WORLD, minus)


def _filled(array: Any, value: int = -1) -> Any:
    """Numbers with something in place of nulls, which MOT's readers do not know; words as they are."""
    if pa.types.is_null(array.type):
        return arrays.column(np.full(len(array), value, np.int64))
    if array.null_count == 0 or not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        return array
    numbers = arrays.values(array)
    return arrays.column(np.where(arrays.present(array), numbers, numbers.dtype.type(value)))


def _like_numbers(field: Any, table: Any) -> bool:
    """Whether a column of words would be read as numbers: all look like some, and its name is not one of words."""
    if not arrays.is_text(value_type(field.type)) or is_word(field.name):
        return False
    words = arrays.words(table[field.name]).unique().drop_null().to_pylist()
    return bool(words) and all(is_number(word) for word in words)


def _plain(table: Any) -> Any:
    """Dictionaries as plain strings, which is all that the CSV writer knows."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, arrays.whole(table[field.name]).dictionary_decode())
    return table
