"""What must be refused: files, with one line, and tracks that a format cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import reid_solve as rs
from reid_solve.tracklets.table import Note, Tracks


def refusal(path: Path, **options: Any) -> str:
    """What is said of a file that cannot be read."""
    with pytest.raises(rs.InputError) as caught:
        rs.read(path, **options)
    said = str(caught.value)
    assert "\n" not in said
    return said


class Attack:
    """Unpickled by Python, it would call something.

    Args:
        call: a function and its arguments, in whose words ``{}`` is the file whose appearance shows the call.
        trap: that file.
    """

    def __init__(self, call: tuple[Any, ...], trap: Path) -> None:
        self.call, *values = call
        self.values = tuple(_armed(value, trap) for value in values)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.values


def _armed(value: Any, trap: Path) -> Any:
    if isinstance(value, str):
        return value.format(trap)
    return [_armed(one, trap) for one in value] if isinstance(value, list) else value


def said(notes: tuple[Note, ...]) -> str:
    """What notes say."""
    return "; ".join(note.text for note in notes)


def unwritable(format: str, tracks: Tracks) -> bool:
    """Whether a format cannot hold the rows at all: it knows one video, or ids that are numbers."""
    key = "identity" if "identity" in tracks else "track_id"
    ids = tracks.canonical[key]
    words = pa.types.is_string(ids.type) and ids.null_count < len(ids)
    if format in {"mot", "kitti", "cvat-xml"} and tracks.sequence.max(initial=0) > 0:
        return True
    return format in {"mot", "kitti"} and words
