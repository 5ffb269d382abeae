"""Detections as dictionaries with any values -> columns; lists and nested values stay what they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

import pyarrow as pa

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import to_utf8, unpack
from reid_solve.tracklets.formats.sources import File
from reid_solve.tracklets.table import Note

_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # every such escape is; two of them make a character


def text_of(file: File) -> tuple[str, tuple[Note, ...]]:
    """The whole text of a file, unpacked and decoded, and what that took."""
    source = str(file)
    raw, packed = unpack(file.path.read_bytes(), source)
    text, decoded = to_utf8(raw, source)
    return text.decode(), (*packed, *decoded)


def values_of(text: str, source: str) -> list[Any]:
    """The JSON values in a text, one after the other: usually one, or one a line.

    Raises:
        InputError: something is not JSON, or cut short.
    """
    decode = json.JSONDecoder().raw_decode
    found = []
    at = _next(text, 0)
    while at < len(text):
        try:
            value, end = decode(text, at)
        except (ValueError, RecursionError) as error:
            line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            reason = getattr(error, "msg", None) or str(error)
            raise InputError(f"{source}{line}: damaged or cut short ({reason}); write it again") from error
        found.append(value)
        at = _next(text, end)
    check_characters(found, text, source)
    return found


def check_characters(content: Any, text: str, source: str) -> None:
    """Refuse JSON that spells half a character ("\\ud83d"): Python takes it for text, and nothing can write it.

    Raises:
        InputError: there is one in a key or a value.
    """
    if _HALF.search(text) is None:
        return
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InputError(f"{source}: a \\u escape that is half of a character; write it again") from error


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def columns_of(
    found: Sequence[Mapping[str, Any]], known: Set[str] = frozenset()
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """A column for each key of the dictionaries, null where one has none; "" counts as null beside numbers.

    Args:
        found: n dictionaries.
        known: keys to leave out.

    Returns:
        columns of n values, and which keys were left out because their values do not fit into one column.
    """
    columns: dict[str, Any] = {}
    lost: list[str] = []
    for key in dict.fromkeys(key for one in found for key in one if key not in known):
        values = [one.get(key) for one in found]
        words = {value for value in values if isinstance(value, str)}
        if words == {""}:  # among numbers, or alone: there is none
            values = [None if isinstance(value, str) else value for value in values]
        try:
            columns[key] = pa.array(values)
        except (TypeError, ValueError, OverflowError, pa.ArrowException):
            lost.append(key)
    if not lost:
        return columns, ()
    text = f"{', '.join(lost)}: values of several kinds, which no column can hold, left out"
    return columns, (Note("columns-ignored", len(lost), text, "warning"),)
