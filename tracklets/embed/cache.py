"""What was embedded once, on disk: addressed by content, so that nothing stale is found and nothing needs a date."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError, OutputError
from reid_solve.tracklets.write import atomically

Arrays = dict[str, npt.NDArray[Any]]
LIMIT = 2 * 2**30  # bytes; beyond it the entries unused for longest go
WHOLE = 64 * 2**20  # bytes; files up to this size are read whole
PIECES, PIECE = 64, 256 * 2**10  # of larger ones: evenly spread, first and last included


def fingerprint(path: Path) -> str:
    """A short name for a file's content: SHA-256 of all of it, or for a large file of its size, time and 64 pieces.

    Raises:
        InputError: it cannot be read.
    """
    found = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            facts = os.stat(stream.fileno())
            found.update(str(facts.st_size).encode())
            if facts.st_size <= WHOLE:
                found.update(stream.read())
            else:
                found.update(str(facts.st_mtime_ns).encode())
                for k in range(PIECES):
                    stream.seek((facts.st_size - PIECE) * k // (PIECES - 1))
                    found.update(stream.read(PIECE))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the name") from error
    return found.hexdigest()[:32]


def default_folder() -> Path:
    """Where this platform keeps what can be made again: ``~/.cache/reid-solve`` and its like."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "reid-solve"


class Cache:
    """A folder of entries. A damaged one counts as missing, and one that cannot be written is only not kept.

    Attributes:
        folder: where; None keeps nothing.
        refused: why entries could not be kept; None while they can.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / "embeddings"
        self.refused: str | None = None

    def get(self, key: str) -> Arrays | None:
        """The arrays of an entry, or None."""
        path = self._path(key)
        if path is None:
            return None
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as entry:
                found = {name: entry[name] for name in entry.files}  # the archive checks its sums
            os.utime(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return found

    def put(self, key: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep an entry, whole or not at all."""
        path = self._path(key)
        if path is None or self.refused is not None:
            return

        def fill(stream: BinaryIO) -> None:
            np.savez(stream, allow_pickle=False, **arrays)

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomically(path, fill)
        except (OSError, OutputError) as error:
            self.refused = str(error)

    def prune(self, limit: int = LIMIT) -> int:
        """Remove the entries unused for longest until the rest is within ``limit`` bytes; how many were removed."""
        if self.folder is None:
            return 0
        entries = []
        for path in self.folder.glob("*/*.npz"):
            try:
                facts = path.stat()
            except OSError:
                continue
            entries.append((facts.st_mtime, facts.st_size, path))
        left, removed = sum(size for _, size, _ in entries), 0
        for _, size, path in sorted(entries):
            if left <= limit:
                break
            path.unlink(missing_ok=True)
            left, removed = left - size, removed + 1
        return removed

    def _path(self, key: str) -> Path | None:
        return None if self.folder is None else self.folder / key[:2] / f"{key}.npz"
