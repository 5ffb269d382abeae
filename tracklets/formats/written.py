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
from reid_solve.tracklets.columns import is_word
from reid_solve.tracklets.formats import row_text
from reid_solve.tracklets.formats.dialect import is_number
from reid_solve.tracklets.formats.mot import NAMES, WORLD
from reid_solve.tracklets.formats.parquet import KEY, SEAL, SEALED, seal_of
from reid_solve.tracklets.formats.registry import writer
from reid_solve.tracklets.table import BOX, Clip, Note, Tracks

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
        "percent": clip.percent or None,
    }
    # of a fact that the clip does not give, what an earlier file said of its own columns is no longer true
    return {key: value for key, value in {**clip.metadata, **known}.items() if value is not None}


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
    table = table.drop_columns(nested)
    notes = row_text.left_out(nested, "CSV cannot hold the lists in")
    if tracks.clip.box_format:
        text = f"CSV cannot say what the box columns hold: read it with --box-format {tracks.clip.box_format}"
        notes.append(Note("box-format", len(tracks), text, "warning"))
    notes += row_text.percent_left_out(tracks, "CSV")
    notes += row_text.facts_left_out(tracks, (), "CSV")
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


@writer("mot", extensions=(".txt",), about="the identity stands in the id column, and there is no other")
def write_mot(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write ``frame, id, x, y, w, h, score, ...``: the id is the identity where there is one, and -1 for nobody.

    Of MOT text that was read the remaining columns come back as they were; other inputs give ``-1,-1,-1``.

    Raises:
        OutputError: ids that are not whole numbers, or rows of several recordings.
    """
    row_text.one_video(tracks, "MOT text")
    columns = {name: tracks.canonical[name] for name in ("frame", *BOX)}
    columns |= {"track_id": row_text.whole_ids(tracks, "MOT text"), "score": _score(tracks)}
    rest = _rest(tracks)
    table = pa.table({name: columns[name] for name in NAMES} | rest)
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    arrow_csv.write_csv(table, stream, options)
    notes = row_text.percent_left_out(tracks, "MOT text") if _own_score(tracks) is not None else []
    notes += row_text.facts_left_out(tracks, (), "MOT text")
    notes += row_text.columns_left_out(tracks, _HELD, {*rest, _INTERPOLATED}, "MOT text")
    return tuple(notes)


def _is_mot(tracks: Tracks) -> bool:
    """Whether the source's columns are MOT text's own: BoxMOT's are, but for those that end in the score."""
    at = tracks.source.column_names.index("score") if "score" in tracks.source.column_names else -1
    return tracks.clip.format == "mot" or (tracks.clip.format == "boxmot" and at == NAMES.index("score"))


def _own_score(tracks: Tracks) -> Any | None:
    """The scores of MOT text as they came, so that -1 stays -1; None where there are none."""
    if not _is_mot(tracks) or "score" not in tracks.source.column_names:
        return None
    score = arrays.whole(tracks.source["score"])
    plain = pa.types.is_floating(score.type) or (score.null_count == 0 and pa.types.is_integer(score.type))
    return row_text.filled(score, -1) if plain else None


def _score(tracks: Tracks) -> Any:
    own = _own_score(tracks)
    if own is not None:
        return own
    if "score" not in tracks:
        return arrays.column(np.ones(len(tracks), np.int64))
    return row_text.filled(tracks.canonical["score"], -1)  # -1 says that it is not known


def _rest(tracks: Tracks) -> dict[str, Any]:
    """Columns 8 and up."""
    source = tracks.source
    own = set(NAMES) | {"x1", "y1", "x2", "y2", "xc", "yc", "identity", "identity_score", _INTERPOLATED}
    if _is_mot(tracks) and source.num_columns >= 8:
        names = [name for name in source.column_names if name not in own]
        if names:
            return {name: row_text.filled(source[name], -1) for name in names}
    minus = arrays.column(np.full(len(tracks), -1, np.int64))
    return dict.fromkeys(WORLD, minus)


def _like_numbers(field: Any, table: Any) -> bool:
    """Whether a column of words would be read as numbers: all look like some, and its name is not one of words."""
    if not arrays.is_text(arrays.value_type(field.type)) or is_word(field.name):
        return False
    words = arrays.words(table[field.name]).unique().drop_null().to_pylist()
    return bool(words) and all(is_number(word) for word in words)


def _plain(table: Any) -> Any:
    """Dictionaries as plain strings, which is all that the CSV writer knows."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, arrays.whole(table[field.name]).dictionary_decode())
    return table
