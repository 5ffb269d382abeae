"""What a path leads to: a file and how it begins, or a folder and what is in it.

A reader opens the file that the user named, or files that the listing of the folder shows that the user named. No path
that stands in a file is ever opened.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import unpack

_HEAD = 1 << 16


@dataclass(frozen=True)
class File:
    """A regular file and how it begins."""

    path: Path
    head: bytes  # the first 64 KiB, unpacked where the file is gzip

    def __str__(self) -> str:
        return str(self.path)

    def begins(self, pattern: re.Pattern[bytes]) -> bool:
        """Whether it begins as a pattern says, after a byte order mark if there is one."""
        return pattern.match(self.head.removeprefix(codecs.BOM_UTF8)) is not None


@dataclass(frozen=True)
class Folder:
    """A folder that the user named, or one in it."""

    path: Path
    files: tuple[str, ...]  # names of the regular files in it, sorted
    folders: tuple[str, ...]  # names of the folders in it, sorted

    def __str__(self) -> str:
        return str(self.path)

    def folder(self, name: str) -> Folder | None:
        """The folder of this name in it; None where there is none, or none that can be listed."""
        if name not in self.folders:
            return None
        try:
            return list_folder(self.path / name)
        except OSError:
            return None

    def file(self, *names: str) -> File | None:
        """The file in it, or in a folder in it: ``file("gt", "gt.txt")``; None where there is none."""
        place: Folder | None = self
        for name in names[:-1]:
            place = None if place is None else place.folder(name)
        return None if place is None or names[-1] not in place.files else open_file(place.path / names[-1])


def list_folder(path: Path) -> Folder:
    """List a folder without looking into its files; an OSError says why that cannot be done."""
    with os.scandir(path) as found:
        entries = [(entry.name, entry.is_dir()) for entry in found if entry.is_file() or entry.is_dir()]
    files, folders = ([name for name, inner in entries if inner == wanted] for wanted in (False, True))
    return Folder(path, tuple(sorted(files)), tuple(sorted(folders)))


def open_source(path: Path) -> File | Folder:
    """Look at the beginning of a file, or list a folder.

    Raises:
        InputError: there is none, or it cannot be opened.
    """
    try:
        return list_folder(path) if path.is_dir() else open_file(path)
    except (OSError, ValueError) as error:
        raise _unopened(path, error) from error


def open_file(path: Path) -> File:
    """Look at the beginning of a file.

    Raises:
        InputError: there is none, it is a folder, or it cannot be opened.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder, and this must be one file; give that file")
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a regular file, and it has to be read twice; save it to one first")
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unopened(path, error) from error
    return File(path, unpack(head, str(path), head=True)[0])


def _unopened(path: Path, error: OSError | ValueError) -> InputError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return InputError(f"{path}: {reason}; check the path")
