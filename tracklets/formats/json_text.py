"""The JSON in a file: usually one value, or one a line."""

from __future__ import annotations

import json
import re
from typing import Any

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


def value_of(text: str, source: str) -> Any:
    """The one JSON value in a text; None where there is none.

    Raises:
        InputError: there are several, or something is not JSON, or cut short.
    """
    found = values_of(text, source)
    if len(found) > 1:
        raise InputError(f"{source}: {len(found)} JSON values, one after the other, where one is read; give them apart")
    return found[0] if found else None


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
    _check_characters(found, text, source)
    return found


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _check_characters(content: Any, text: str, source: str) -> None:
    """Refuse JSON that spells half a character ("\\ud83d"): Python takes it for text, and nothing can write it."""
    if _HALF.search(text) is None:
        return
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InputError(f"{source}: a \\u escape that is half of a character; write it again") from error
