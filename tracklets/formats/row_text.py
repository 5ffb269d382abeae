"""Rows as text, whole columns at a time: what the writers of XML and JSON are made of."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import match
from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.formats.mot import WORLD
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks

BLOCK = 1 << 16  # rows whose text is in memory at a time
Part = str | Any  # the same word in every row, or an array of words


def plain(column: Any) -> Any:
    """A column as words (n,), null where null: numbers as short as they can be read back."""
    return arrays.words(column)


def mapped(column: Any, change: Callable[[str], str]) -> Any:
    """Words (n,) of which every different one was changed once."""
    coded = plain(column).dictionary_encode()
    return arrays.strings([change(word) for word in coded.dictionary.to_pylist()]).take(coded.indices)


def chosen(mask: BoolArray, word: str, other: str = "") -> Any:
    """One word (n,) where the mask is true and another elsewhere."""
    return arrays.strings([other, word]).take(arrays.column(mask.astype(np.int8)))


def joined(parts: Sequence[Part], n: int) -> Any:
    """Words (n,) made of parts; null where a part is."""
    empty = arrays.strings([""]).take(arrays.column(np.zeros(n, np.int8)))
    whole = [arrays.strings([one]).take(arrays.column(np.zeros(n, np.int8))) if isinstance(one, str) else one
             for one in parts]  # fmt: skip
    return pc.binary_join_element_wise(*whole, empty)


def optional(parts: Sequence[Part], n: int, otherwise: str = "") -> Any:
    """As ``joined``, but with another word where a part is null."""
    return pc.coalesce(joined(parts, n), arrays.strings([otherwise]).take(arrays.column(np.zeros(n, np.int8))))


def write_blocks(stream: BinaryIO, order: IntArray, lines: Callable[[IntArray], Any]) -> None:
    """Write the text of rows.

    Args:
        stream: where to.
        order: rows (n,) as they come in the file.
        lines: rows (m,) -> places in ``order`` are turned into their text, (m,) words.
    """
    for at in range(0, len(order), BLOCK):
        text = arrays.whole(lines(np.arange(at, min(at + BLOCK, len(order)))))
        ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
        stream.write(memoryview(text.buffers()[2])[ends[0] : ends[-1]])


def of_rows(column: Any, rows: IntArray) -> Any:
    """Some rows of a column."""
    return arrays.whole(column).take(arrays.column(rows))


def one_video(tracks: Tracks, what: str) -> None:
    """Refuse rows of several recordings.

    Args:
        tracks: what is written.
        what: the format, as the subject of the message.

    Raises:
        OutputError: they are of several.
    """
    if tracks.sequence.max(initial=0) > 0:
        raise OutputError(f"{what} is about one video, and the table holds several; write .parquet or .csv")


def whole_ids(tracks: Tracks, what: str) -> Any:
    """The identities of rows, or else their track ids, as whole numbers (n,), -1 for nobody.

    Raises:
        OutputError: they are words.
    """
    key = "identity" if "identity" in tracks else "track_id"
    ids = arrays.whole(tracks.canonical[key])
    if not pa.types.is_integer(ids.type):
        if ids.null_count < len(ids):
            raise OutputError(f"{what} has whole numbers as ids, and {key} holds strings; write .parquet or .csv")
        ids = pa.nulls(len(ids), pa.int64())
    return filled(ids, -1)


def filled(column: Any, value: int) -> Any:
    """Numbers with something in place of nulls, which readers of text do not know; words as they are."""
    array = arrays.whole(column)
    if pa.types.is_null(array.type):
        return arrays.column(np.full(len(array), value, np.int64))
    if array.null_count == 0 or not is_number(array.type):
        return array
    numbers = arrays.values(array)
    return arrays.column(np.where(arrays.present(array), numbers, numbers.dtype.type(value)))


def is_number(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def columns_left_out(tracks: Tracks, held: Iterable[str], own: Container[str], what: str) -> list[Note]:
    """Name the user's columns that a format has no place for.

    Args:
        tracks: what is written.
        held: canonical names of what the format holds, or stands for.
        own: columns that need no place, whatever they hold.
        what: the format, as the subject of the message.
    """
    table = tracks.source
    texts = frozenset(field.name for field in table.schema if arrays.is_text(arrays.value_type(field.type)))
    found = match(table.column_names, texts, tracks.clip.source, {}, tracks.clip.box_format)
    kept = {column for name, column in found.named.items() if name in held} | set(found.box)
    kept |= {name for name in table.column_names if name in own or _filler(name, tracks)}
    return left_out([name for name in table.column_names if name not in kept], f"{what} has no place for")


def left_out(names: Sequence[str], what: str) -> list[Note]:
    """Say that columns are not written, if there are any; ``what`` begins the sentence."""
    text = f"{what} {', '.join(names)}: left out"
    return [Note("columns-left-out", len(names), text, "warning")] if names else []


def _filler(name: str, tracks: Tracks) -> bool:
    """Whether a column is one that MOT text has for its width only: -1 in every row."""
    if tracks.clip.format != "mot" or name not in WORLD or arrays.is_text(tracks.source[name].type):
        return False
    return bool(np.all(arrays.floats(tracks.source[name]) == -1))


def percent_left_out(tracks: Tracks, what: str) -> list[Note]:
    """Say that scores are written in percent, as they came; ``what``, the format, cannot."""
    if not tracks.clip.percent:
        return []
    text = f"{what} cannot say that scores are in percent, as they came: read it with --percent"
    return [Note("percent-scores", len(tracks), text, "warning")]


def first_frame(tracks: Tracks) -> int:
    """The number of the recording's first frame, 0 or 1; never beyond that of the first row."""
    base = tracks.clip.frame_base or 0
    return min(base, int(tracks.frame.min(initial=base)))


def facts_left_out(tracks: Tracks, held: Iterable[str], what: str) -> list[Note]:
    """Name what a format cannot say of the recording, if the input's own file did.

    Args:
        tracks: what is written.
        held: which of fps, width, height, length and frame_base it says.
        what: the format, as the subject of the message.
    """
    clip, frame = tracks.clip, tracks.frame
    facts: dict[str, Any] = {
        name: getattr(clip, name)
        for name in ("fps", "width", "height", "length")
        if name not in held and getattr(clip, name) is not None and clip.origins.get(name) in {"metadata", "source"}
    }
    if "frame_base" not in held and len(frame) and clip.frame_base not in {None, int(frame.min() > 0)}:
        facts["frame_base"] = clip.frame_base
    if not facts:
        return []
    text = f"{what} cannot say {', '.join(f'{name} {value:g}' for name, value in facts.items())}: left out"
    return [Note("facts-left-out", len(facts), text, "warning")]
