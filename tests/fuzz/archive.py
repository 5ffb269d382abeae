"""Several files in one stretch of bytes, so that a fuzzer that knows only bytes can change a folder or an archive.

Parts are set apart by a mark that is easy to copy, cut and paste: ``MARK name NUL content``, again and again.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

MARK = b"\xff\xfeFILE\xfe\xff"
_NAME = re.compile(r"[A-Za-z0-9_. -]{1,40}")
_DEEPEST = 3  # folders in folders
_MOST = 200  # files


def pack(root: Path) -> bytes:
    """All files below a folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return b"".join(MARK + path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() for path in files)


def pack_zip(path: Path) -> bytes:
    """All members of a zip file."""
    with zipfile.ZipFile(path) as found:
        return b"".join(MARK + name.encode() + b"\0" + found.read(name) for name in found.namelist())


def parts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents; a name leads nowhere else."""
    for part in raw.split(MARK)[1 : _MOST + 1]:
        name, _, content = part.partition(b"\0")
        steps = name.decode("latin1").split("/")
        if len(steps) <= _DEEPEST and all(_NAME.fullmatch(step) and step.strip(". ") for step in steps):
            yield "/".join(steps), content


def unpack(raw: bytes, root: Path) -> None:
    """Make the files; of two of one name, or a file where a folder would be, the first stays."""
    for name, content in parts(raw):
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                stream.write(content)
        except OSError:
            continue


def zipped(raw: bytes) -> bytes:
    """The same as a zip file, with names as they are."""
    stream = io.BytesIO()
    found = dict(parts(raw))
    with zipfile.ZipFile(stream, "w") as out:
        for name, content in found.items():
            out.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()
