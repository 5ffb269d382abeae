"""What a format is: a name, a test that recognises it, and a function that reads or writes it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal, Protocol

import pyarrow as pa

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.formats.sources import File as File
from reid_solve.tracklets.formats.sources import Folder as Folder
from reid_solve.tracklets.table import Clip, Note, Tracks


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
    percent: bool = False


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


Taken = Literal["file", "folder", "object"]


@dataclass(frozen=True)
class Format:
    """One registered reader."""

    name: str
    recognises: Callable[[Any], bool]
    read: Reader
    takes: Taken
    turn: int  # formats of a lower number are asked first whether they recognise a source
    about: str  # one line for people
    extensions: tuple[str, ...]  # that such files usually have; they decide nothing


@dataclass(frozen=True)
class Target:
    """One registered writer."""

    name: str
    write: Writer
    about: str
    extensions: tuple[str, ...]  # of a file's name that choose it


READERS: dict[str, Format] = {}
WRITERS: dict[str, Target] = {}
EXTENSIONS: dict[str, str] = {}  # of a written file -> name of its format


def reader(
    name: str,
    *,
    recognises: Callable[[Any], bool],
    takes: Taken = "file",
    turn: int = 0,
    about: str = "",
    extensions: tuple[str, ...] = (),
) -> Callable[[Reader], Reader]:
    """Register the reader of a format.

    Args:
        name: what ``--format`` calls it.
        recognises: whether a source is in this format; asked only about sources of the kind it takes.
        takes: a ``File``, a ``Folder``, or objects that a program has.
        turn: formats of a lower number are asked first: 0 for those that are sure; then 1, what is known not to be
            tracks; 2, tables with a header; and 3, what takes any text.
        about: what it is, in one line; printed by ``reid-solve formats``.
        extensions: that such files usually have, for people; content decides.
    """

    def register(read: Reader) -> Reader:
        READERS[name] = Format(name, recognises, read, takes, turn, about, extensions)
        return read

    return register


def writer(name: str, *, extensions: tuple[str, ...], about: str) -> Callable[[Writer], Writer]:
    """Register the writer of a format.

    Args:
        name: what ``convert --to`` calls it; that of the reader, where there is one.
        extensions: that choose it (".txt", or ".kitti.txt").
        about: what of the tracks it holds, in some words; ``reid-solve formats`` prints it after what the format is.
    """

    def register(write: Writer) -> Writer:
        WRITERS[name] = Target(name, write, about, extensions)
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
    named = (name for name, one in READERS.items() if one.takes != "object" and name != "unsupported")
    return ["auto", *sorted(named)]


def reader_of(name: str) -> Format:
    """Look a reader up by name."""
    if name not in READERS:
        raise OptionError(f"no format {name!r} to read; one of: {', '.join(file_formats())}")
    return READERS[name]


def catalogue() -> list[dict[str, Any]]:
    """Every format of files and folders, for ``reid-solve formats``.

    Returns:
        for each its ``name``, what it is (``about``), ``extensions`` (those that choose a writer first), whether this
        package ``reads`` and ``writes`` it, and whether it is a ``folder``; sorted by name.
    """
    load_all()
    named = {name for name in file_formats() if name != "auto"} | set(WRITERS)
    found = []
    for name in sorted(named):
        source, target = READERS.get(name), WRITERS.get(name)
        endings = (*(target.extensions if target else ()), *(source.extensions if source else ()))
        found.append(
            {
                "name": name,
                "about": "; written: ".join(one.about for one in (source, target) if one is not None),
                "extensions": list(dict.fromkeys(endings)),
                "reads": source is not None,
                "writes": target is not None,
                "folder": source is not None and source.takes == "folder",
            }
        )
    return found


def kind_of(source: Any) -> Taken:
    """What a source is, as readers name what they take."""
    return "file" if isinstance(source, File) else "folder" if isinstance(source, Folder) else "object"


def recognise(source: Any) -> Format | None:
    """Find the format of a source by its content."""
    kind = kind_of(source)
    for candidate in sorted(READERS.values(), key=lambda one: one.turn):
        if candidate.takes == kind and candidate.recognises(source):
            return candidate
    return None
