"""A file that is there whole or not at all: written beside its place, flushed to the disk, then renamed.

A process that is killed outright cannot tidy up. What it left has a name of its own, is never read, and goes when the
next file is written to that folder: a writer holds a lock on its unfinished file, and what nobody holds is nobody's.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from reid_solve.tracklets.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows: without locks nobody's leftovers can be told from somebody's work, and they stay
    fcntl = None  # type: ignore[assignment]

_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.part")
_swept: set[Path] = set()  # folders that this process has tidied


def atomically(path: Path, fill: Any) -> None:
    """Let ``fill`` write to a stream, and give the file its name only once all of it is on the disk.

    Args:
        path: of the finished file; a symbolic link is followed.
        fill: called with a binary stream, which has a ``name``.

    Raises:
        OutputError: the operating system refused; the unfinished file is gone and an earlier one untouched.
    """
    partial: Path | None = None
    try:
        final = final_place(path)
        sweep(final.parent)
        mode = final.stat().st_mode & 0o777 if final.exists() else None
        while True:
            partial = final.with_name(f".{secrets.token_hex(8)}.part")  # short: the final name may be the longest
            with partial.open("xb") as stream:
                if not _hold(stream, partial):
                    continue  # another process took it for a leftover
                fill(stream)
                stream.flush()
                if mode is not None:
                    os.chmod(partial, mode)
                os.fsync(stream.fileno())
                if fcntl is None:
                    stream.close()  # Windows renames no open file
                os.replace(partial, final)  # before the lock goes
                break
        _sync_folder(final.parent)
    except OSError as error:  # pyarrow's own input and output errors are OSErrors, too
        raise refused(path, error) from error
    except pa.ArrowException as error:
        raise OutputError(f"{path}: cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        if partial is not None:
            with suppress(OSError):  # what went wrong before is what has to be said
                partial.unlink(missing_ok=True)  # also after Ctrl-C


def final_place(path: Path) -> Path:
    """Where a file of this name will stand, links followed; an OSError says why it cannot."""
    final = Path(os.path.realpath(path))
    if final.is_dir():
        raise IsADirectoryError(0, "a folder; give the name of a file in it")
    if final.exists() and not final.is_file():
        raise OSError(0, "not a regular file")
    if not final.parent.is_dir():
        raise FileNotFoundError(0, f"there is no folder {path.parent}; create it first")
    if final.exists() and not os.access(final, os.W_OK):
        raise PermissionError(0, "permission denied: the file is read-only")
    return final


def refused(path: str | os.PathLike[str], error: OSError) -> OutputError:
    """What the operating system said, as one line."""
    reason = (error.strerror or str(error) or type(error).__name__).splitlines()[0]
    return OutputError(f"{path}: cannot be written: {reason[:1].lower()}{reason[1:]}")


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder; what another one is writing stays."""
    if fcntl is None or folder in _swept:
        return
    _swept.add(folder)
    try:
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if _UNFINISHED.fullmatch(entry.name)]
    except OSError:
        return
    for name in left:
        try:
            with open(name, "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name)
        except OSError:
            continue  # somebody is writing it, or it is not ours to remove


def _hold(stream: BinaryIO, partial: Path) -> bool:
    """Lock a new file; false if it was swept away before."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # no locks on this file system; then nobody sweeps there, either
    try:
        return os.path.samestat(os.fstat(stream.fileno()), partial.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut; not every system can open a folder for that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
