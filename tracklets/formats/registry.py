"""What a format is: a name, a test that recognises it, and a function that reads or writes it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import pyarrow as pa

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import Clip, Note, Tracks


@dataclass(frozen=True)
class File:
    """A regular file and how it begins."""

    path: Path
    head: bytes  # the first 64 KiB, unpacked where the file is gzip

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Options:
    """How to read, and what to do with rows that cannot be used as they are; see ``reid_solve.tracklets.read``."""

    fps: float | None = None
    size: tuple[int, int] | None = None
    strict: bool = False
    drop_invalid: bool = False
    on_duplicate: Literal["error", "keep-best", "split"] = "error"
    box_format: Literal["xywh", "xyxy", "cxcywh"] | None = None
    salvage: bool = False
    classes: tuple[str | int, ...] | None = None
    allow_pickle: bool = False


class Origin(Protocol):
    """Where a row stood in the input, for error messages."""

    def place(self, row: int) -> str:
        """Name a row, counted from 0 in the loaded table: "line 8"."""

    def cell(self, row: int, column: str) -> str:
        """Give a cell of it as the user wrote it."""


@dataclass(frozen=True)
class TableOrigin:
    """Rows of a table, counted from 0."""

    table: pa.Table

    def place(self, row: int) -> str:
        """Name the row."""
        return f"row {row}"

    def cell(self, row: int, column: str) -> str:
        """Give the value as Python prints it."""
        return str(self.table[column][row].as_py())


@dataclass(frozen=True)
class Loaded:
    """What a reader hands over: the user's own columns, unchecked."""

    table: pa.Table
    clip: Clip
    origin: Origin
    notes: tuple[Note, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)  # canonical name -> column, where the names do not say it


Reader = Callable[[Any, Options], Loaded]
Writer = Callable[[Tracks, BinaryIO], tuple[Note, ...]]


@dataclass(frozen=True)
class Format:
    """One registered reader."""

    name: str
    recognises: Callable[[Any], bool]
    read: Reader
    files: bool  # reads files, not objects
    turn: int  # formats of a lower number are asked first whether they recognise a source


READERS: dict[str, Format] = {}
WRITERS: dict[str, Writer] = {}
EXTENSIONS: dict[str, str] = {}  # of a written file -> name of its format


def reader(
    name: str, *, recognises: Callable[[Any], bool], files: bool = True, turn: int = 1
) -> Callable[[Reader], Reader]:
    """Register the reader of a format.

    Args:
        name: what ``--format`` calls it.
        recognises: whether a ``File`` or an object that a program passed is in this format.
        files: whether it reads files; else it takes objects that a program has.
        turn: formats of a lower number are asked first; 0 for those that are sure, 2 for those that take anything.
    """

    def register(read: Reader) -> Reader:
        READERS[name] = Format(name, recognises, read, files, turn)
        return read

    return register


def writer(name: str, *, extensions: tuple[str, ...]) -> Callable[[Writer], Writer]:
    """Register the writer of a format, and the file extensions that choose it."""

    def register(write: Writer) -> Writer:
        WRITERS[name] = write
        EXTENSIONS.update(dict.fromkeys(extensions, name))
        return write

    return register


def load_all() -> None:
    """Import every module of this folder, so that a new format is one file and nothing else."""
    package = importlib.import_module("reid_solve.tracklets.formats")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def file_formats() -> list[str]:
    """The names that ``--format`` takes."""
    return ["auto", *sorted(name for name, one in READERS.items() if one.files and name != "unsupported")]


def reader_of(name: str) -> Format:
    """Look a reader up by name."""
    if name not in READERS:
        raise OptionError(f"no format {name!r} to read; one of: {', '.join(file_formats())}")
    return READERS[name]


def recognise(source: Any) -> Format | None:
    """Find the format of a source by its content."""
    for candidate in sorted(READERS.values(), key=lambda one: one.turn):
        if candidate.recognises(source):
            return candidate
    return None
