"""Rows as text, whole columns at a time: what the writers of XML and JSON are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import match
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


def left_out(tracks: Tracks, held: Iterable[str]) -> list[str]:
    """The user's columns that a format has no place for.

    Args:
        tracks: what is written.
        held: canonical names of what the format holds, or stands for.
    """
    table = tracks.source
    texts = frozenset(field.name for field in table.schema if arrays.is_text(value_type(field.type)))
    found = match(table.column_names, texts, tracks.clip.source, {}, tracks.clip.box_format)
    kept = {column for name, column in found.named.items() if name in held} | set(found.box)
    return [name for name in table.column_names if name not in kept and not _filler(name, tracks)]


def _filler(name: str, tracks: Tracks) -> bool:
    """Whether a column is one that MOT text has for its width only: -1 in every row."""
    if tracks.clip.format != "mot" or name not in WORLD or arrays.is_text(tracks.source[name].type):
        return False
    return bool(np.all(arrays.floats(tracks.source[name]) == -1))


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


def value_type(kind: Any) -> Any:
    """What a column of some type holds, dictionaries looked through."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind
