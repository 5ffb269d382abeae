"""Writing: whole or not at all, and never over the input."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import BinaryIO, cast

from reid_solve.tracklets.atomic import atomically as atomically
from reid_solve.tracklets.atomic import final_place, refused
from reid_solve.tracklets.errors import OptionError, OutputError
from reid_solve.tracklets.formats.registry import EXTENSIONS, WRITERS, load_all
from reid_solve.tracklets.table import Note, Tracks

load_all()

TEXT_ENDINGS = (".svg", ".html", ".json", ".md")


def write(tracks: Tracks, path: str | os.PathLike[str], format: str = "auto") -> tuple[Note, ...]:
    """Write tracks, with their identities if they have any, in the order in which they were read.

    The file appears under its name only when it is complete: until then, and if anything goes wrong, what stood there
    before stays as it was.

    Args:
        tracks: rows to write.
        path: where to; the folder must exist.
        format: name of a writer; "auto" goes by the extension (.parquet, .txt for MOT text, .csv, .xml for CVAT, .json
            for SoccerNet's game state, ...; the texts also with .gz after it).

    Returns:
        what the format could not hold.

    Raises:
        OutputError: it cannot be written, or is the file that the tracks were read from.
        OptionError: no such format.
    """
    target = Path(path)
    format, packed = _format_of(target, format)
    _protect_input(target, tracks.clip.source)
    notes: tuple[Note, ...] = ()

    def fill(stream: BinaryIO) -> None:
        nonlocal notes
        if packed:
            # no name, no time: the same tracks give the same bytes
            with gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=4, mtime=0) as squeezed:
                notes = WRITERS[format].write(tracks, cast(BinaryIO, squeezed))
        else:
            notes = WRITERS[format].write(tracks, stream)

    atomically(target, fill)
    return notes


def check_target(
    path: str | os.PathLike[str], source: str | os.PathLike[str] | None = None, format: str = "auto"
) -> None:
    """Find out before the work begins whether its result could be written.

    Args:
        path: where ``write`` will be asked to put it.
        source: the input, which is never overwritten.
        format: name of a writer; "auto" goes by the extension.

    Raises:
        OutputError: no such folder, no permission, or the input itself.
        OptionError: no such format, or an extension that names none.
    """
    _format_of(Path(path), format)
    check_place(path, *([] if source is None else [source]))


def check_place(path: str | os.PathLike[str], *sources: str | os.PathLike[str]) -> None:
    """Find out before the work begins whether a file of any kind could be written.

    Args:
        path: of the file.
        sources: inputs, which are never overwritten.

    Raises:
        OutputError: no such folder, no permission, or one of the inputs.
    """
    target = Path(path)
    for source in sources:
        _protect_input(target, source)
    try:
        final = final_place(target)
        if not os.access(final.parent, os.W_OK | os.X_OK):
            raise PermissionError(0, f"permission denied: the folder {target.parent} is read-only")
    except OSError as error:
        raise refused(path, error) from error


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a text (a report, a picture as SVG) whole or not at all, as UTF-8.

    Raises:
        OutputError: it cannot be written.
        OptionError: the name ends in something else.
    """

    target = Path(path)
    if target.suffix.lower() not in TEXT_ENDINGS:
        raise OptionError(f"{path}: not the name of a picture or report; end it in {', '.join(TEXT_ENDINGS)}")

    def fill(stream: BinaryIO) -> None:
        stream.write(text.encode())

    atomically(target, fill)


def _format_of(target: Path, format: str) -> tuple[str, bool]:
    """The name of the writer, and whether to pack what it writes."""
    name = target.name.lower()
    packed = name.endswith(".gz")
    if format == "auto":
        plain = name.removesuffix(".gz")
        extension = max((one for one in EXTENSIONS if plain.endswith(one)), key=len, default="")  # .kitti.txt, not .txt
        if not extension or (packed and extension == ".parquet"):
            known = ", ".join(EXTENSIONS)
            raise OptionError(f"{target}: the extension names no format; end it in {known}, or give --output-format")
        format = EXTENSIONS[extension]
    if format not in WRITERS:
        raise OptionError(f"no format {format!r} to write; one of: auto, {', '.join(WRITERS)}")
    return format, packed and format != "parquet"


def _protect_input(target: Path, source: str | os.PathLike[str]) -> None:
    try:
        same = target.samefile(source)
    except (OSError, ValueError):
        return  # one of them is no file
    folder = Path(source)
    if target.exists() and folder.is_dir() and target.resolve().is_relative_to(folder.resolve()):
        raise OutputError(f"{target}: is in the input, which is never overwritten; choose another name")
    if same:
        raise OutputError(f"{target}: is the input itself, which is never overwritten; choose another name")
