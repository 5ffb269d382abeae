"""Zip archives, looked at before anything in them is unpacked: a crafted one claims what it likes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.nested import named
from reid_solve.tracklets.formats.registry import File

_MEMBERS = 10_000
_RATIO = 100  # unpacked to packed; tables of floats shrink by two to ten
_OUTSIDE = re.compile(r"^([/\\~]|[a-zA-Z]:)|(^|[/\\])\.\.([/\\]|$)|\\|\0")
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@contextmanager
def open_zip(file: File) -> Iterator[zipfile.ZipFile]:
    """Open an archive.

    Raises:
        InputError: it is none, or cut short.
    """
    try:
        with zipfile.ZipFile(file.path) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise InputError(f"{file}: a zip archive that is damaged or cut short ({reason}); copy it again") from error


def members(archive: zipfile.ZipFile, file: File) -> list[zipfile.ZipInfo]:
    """The files in an archive.

    Raises:
        InputError: too many; one that is encrypted, packed in an unusual way, leads outside, or is there twice; or
            together they claim to be larger than such a file can be.
    """
    found = [one for one in archive.infolist() if not one.filename.endswith("/")]
    whole = file.path.stat().st_size

    def refuse(fact: str, advice: str = "make the archive again") -> InputError:
        return InputError(f"{file}: {fact}; {advice}")

    if len(found) > _MEMBERS:
        raise refuse(f"a zip archive of {len(found)} files, more than {_MEMBERS}")
    for one in found:
        if _OUTSIDE.search(one.orig_filename):
            raise refuse(f"a zip archive with a file called {one.orig_filename[:60]!r}, which leads out of it")
        if one.flag_bits & 0x1:
            raise refuse(
                f"{named(one.filename)} in it is encrypted", "unpack it, and make the archive without password"
            )
        if one.compress_type not in _PACKED:
            raise refuse(f"{named(one.filename)} in it is packed in an unusual way", "make the archive with deflate")
    if len({one.filename for one in found}) < len(found):
        raise refuse("a zip archive with two files of one name")
    if sum(one.compress_size for one in found) > whole:
        raise refuse("a zip archive whose files overlap")
    if sum(one.file_size for one in found) > _RATIO * whole + (1 << 16):
        raise refuse(f"a zip archive that claims to unpack to more than {_RATIO} times its size")
    return found
