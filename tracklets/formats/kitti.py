"""KITTI tracking labels and results: 17 columns separated by blanks, 18 with a score, frames from 0.

``frame id type truncated occluded alpha left top right bottom height width length x y z rotation_y [score]``. The last
seven before the score are metres and radians of a 3D box, which come along unused. Rows of type ``DontCare`` (id -1)
are regions where nobody was labelled: they stay in the table as rows of nobody, with their type as class.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.formats import row_text
from reid_solve.tracklets.formats.dialect import first_rows, is_number
from reid_solve.tracklets.formats.mot import empty
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader, writer
from reid_solve.tracklets.formats.text import TextOrigin, beginning, load_text, parse
from reid_solve.tracklets.table import Clip, Note, Tracks, counted

# "width" and "height" alone would be taken for sides of the box.
_BOX = ("left", "top", "right", "bottom")
_SOLID = ("size_height", "size_width", "size_length", "place_x", "place_y", "place_z", "rotation_y")
_BEFORE, _AFTER = ("truncated", "occluded", "alpha"), _SOLID
NAMES = ("frame", "track_id", "class_name", *_BEFORE, *_BOX, *_AFTER, "score")
# What readers would take for a number or for nothing.
_NO_WORD = r"(?i)^([+-]?(?:\d.*|\.\d.*|inf.*|nan)|none|null|na|n/a|<na>)$"
_UNKNOWN = dict.fromkeys(_BEFORE, -1) | {"alpha": -10} | dict.fromkeys(_SOLID[:3], -1)
_UNKNOWN |= dict.fromkeys(_SOLID[3:6], -1000) | {"rotation_y": -10}


def _is_kitti(file: File) -> bool:
    text, dialect = beginning(file)
    if dialect is None or dialect.header is not None or dialect.width not in {17, 18}:
        return False
    return all(
        len(row) in {17, 18}
        and not is_number(row[2])
        and all(is_number(cell) for at, cell in enumerate(row[:10]) if at != 2)
        for row in first_rows(text, dialect, 20)
    )


@reader(
    "kitti",
    recognises=_is_kitti,
    about="KITTI tracking text: frame, id, type, truncated, occluded, alpha, left, top, right, bottom, ...[, score]",
    extensions=(".txt",),
)
def read_kitti(file: File, options: Options) -> Loaded:
    """Read labels or results; every column is kept, every row too.

    Raises:
        InputError: lines of another layout.
        OptionError: a box format; this format has only one.
    """
    text = load_text(file, salvage=options.salvage)
    if options.box_format not in {None, "xyxy"}:
        raise OptionError(f"{text.source}: boxes of KITTI are corners; leave --box-format out")
    if text.dialect is None:
        return empty(text.source, "kitti", text.notes)
    width = text.dialect.width
    if text.dialect.header is not None or width not in {17, 18}:
        raise InputError(f"{text.source}: {width} values a line; KITTI tracking has 17, or 18 with a score")
    names = list(NAMES[:width])
    table, notes = parse(text, names, words=frozenset({"class_name"}), ids=frozenset({"frame", "track_id"}))
    usual = tuple(note for note in text.notes if note.code != "separator" or text.dialect.separator != " ")
    clip = Clip(source=text.source, format="kitti", metadata={"frame_base": 0})
    return Loaded(table, clip, TextOrigin(text, names), (*usual, *notes, *_dont_care(table)))


def _dont_care(table: Any) -> tuple[Note, ...]:
    count = pc.sum(pc.equal(arrays.words(table["class_name"]), arrays.strings(["DontCare"])[0])).as_py() or 0
    if not count:
        return ()
    text = f"{counted(count, 'row')} of type DontCare kept as boxes of nobody; --classes leaves them out"
    return (Note("dont-care", count, text, "warning"),)


@writer(
    "kitti",
    extensions=(".kitti.txt", ".kitti"),
    about="the identity stands in the id column",
)
def write_kitti(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write 17 columns, 18 where there are scores: the id is the identity where there is one, and -1 for nobody.

    Of KITTI text that was read the other columns come back as they were; other inputs have KITTI's numbers for
    "unknown" there, and rows without a class are of type Pedestrian, the only people that KITTI's evaluation knows.
    Frame numbers are not changed.

    Raises:
        OutputError: ids that are not whole numbers, or rows of several recordings.
    """
    row_text.one_video(tracks, "KITTI text")
    ids = row_text.whole_ids(tracks, "KITTI text")
    canonical, source = tracks.canonical, tracks.source
    own = tracks.clip.format == "kitti"
    kinds, notes = _types(tracks)
    x, y, w, h = (arrays.floats(canonical[side]) for side in "xywh")
    columns: dict[str, Any] = {"frame": canonical["frame"], "track_id": ids, "class_name": kinds}
    for side, numbers in zip(_BOX, (x, y, x + w, y + h), strict=True):
        given = arrays.floats(source[side]) if own and _numeric(source, side) else np.full(len(tracks), np.nan)
        columns[side] = arrays.column(np.where(np.isnan(given), numbers, given))  # rows that were filled in have none
    for name in (*_BEFORE, *_SOLID):
        there = own and _numeric(source, name)
        columns[name] = (
            row_text.filled(source[name], _UNKNOWN[name]) if there else _constant(_UNKNOWN[name], len(tracks))
        )
    if "score" in tracks:
        kept = own and _numeric(source, "score")
        columns["score"] = row_text.filled(source["score"] if kept else canonical["score"], 1)
        notes += row_text.percent_left_out(tracks, "KITTI text") if kept else []
        unknown = arrays.whole(canonical["score"]).null_count
        if unknown:
            text = f"{counted(unknown, 'row')} without a score written as 1"
            notes.append(Note("score-assumed", unknown, text, "warning"))
    table = pa.table({name: columns[name] for name in NAMES if name in columns})
    options = arrow_csv.WriteOptions(include_header=False, delimiter=" ", quoting_style="none")
    arrow_csv.write_csv(table, stream, options)
    notes += row_text.facts_left_out(tracks, ("frame_base",), "KITTI text")
    held = {"frame", "track_id", "identity", "identity_score", "class_name", "score"}
    held |= {"class_id"} if "class_name" not in tracks else set()
    notes += row_text.columns_left_out(tracks, held, {*NAMES, "interpolated"}, "KITTI text")
    if tracks.clip.frame_base:
        text = f"KITTI counts frames from 0, these are counted from {tracks.clip.frame_base}: kept as they are"
        notes.append(Note("frame-base", len(tracks), text, "warning"))
    return tuple(notes)


def _types(tracks: Tracks) -> tuple[Any, list[Note]]:
    """One word for each row, and what had to be done for it."""
    name = next((name for name in ("class_name", "class_id") if name in tracks), None)
    if name is None:
        words = pa.nulls(len(tracks), pa.string())
    else:
        words = pc.replace_substring_regex(arrays.words(tracks.canonical[name]), pattern=r"[\s\"]+", replacement="_")
        words = pc.replace_substring_regex(words, pattern=_NO_WORD, replacement=r"class_\1")
    missing = ~arrays.present(words) | (arrays.values(pc.utf8_length(pc.fill_null(words, ""))) == 0)
    if not missing.any():
        return words, []
    words = pc.if_else(arrays.column(missing), pa.scalar("Pedestrian"), words)
    text = f"{counted(int(missing.sum()), 'row')} without a class written as Pedestrian"
    return words, [Note("class-assumed", int(missing.sum()), text, "warning")]


def _numeric(table: Any, name: str) -> bool:
    """Whether there is such a column of numbers; among words that were left out it holds words, too."""
    return name in table.column_names and row_text.is_number(table.schema.field(name).type)


def _constant(value: int, count: int) -> Any:
    return arrays.column(np.full(count, value, np.int64))
