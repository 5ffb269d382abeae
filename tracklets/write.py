"""Writing: whole or not at all, and never over the input."""

from __future__ import annotations

import gzip
import os
import secrets
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

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
        format: name of a writer; "auto" goes by the extension (.parquet, .txt for MOT text, .csv; the texts also
            with .gz after it).

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
                notes = WRITERS[format](tracks, cast(BinaryIO, squeezed))
        else:
            notes = WRITERS[format](tracks, stream)

    atomically(target, fill)
    return notes


def check_target(path: str | os.PathLike[str], source: str | os.PathLike[str] | None = None) -> None:
    """Find out before the work begins whether its result could be written.

    Args:
        path: where ``write`` will be asked to put it.
        source: the input, which is never overwritten.

    Raises:
        OutputError: no such folder, no permission, or the input itself.
        OptionError: the extension names no format.
    """
    _format_of(Path(path), "auto")
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
        final = _final(target)
        if not os.access(final.parent, os.W_OK | os.X_OK):
            raise PermissionError(0, f"permission denied: the folder {target.parent} is read-only")
    except OSError as error:
        raise _refused(path, error) from error


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
        extension = Path(name.removesuffix(".gz")).suffix
        if extension not in EXTENSIONS or (packed and extension == ".parquet"):
            raise OptionError(f"{target}: the extension names no format; end it in {', '.join(EXTENSIONS)}")
        format = EXTENSIONS[extension]
    if format not in WRITERS:
        raise OptionError(f"no format {format!r} to write; one of: auto, {', '.join(WRITERS)}")
    return format, packed and format != "parquet"


def atomically(path: Path, fill: Any) -> None:
    """Let ``fill`` write to a stream, and give the file its name only once all of it is on the disk.

    Args:
        path: of the finished file; a symbolic link is followed.
        fill: called with a binary stream.

    Raises:
        OutputError: the operating system refused; the partial file is gone and an earlier one untouched.
    """
    partial: Path | None = None
    try:
        final = _final(path)
        partial = final.with_name(f".{secrets.token_hex(8)}.part")  # short: the final name may be as long as allowed
        mode = final.stat().st_mode & 0o777 if final.exists() else None
        with partial.open("xb") as stream:
            fill(stream)
            stream.flush()
            if mode is not None:
                os.chmod(partial, mode)
            os.fsync(stream.fileno())
        os.replace(partial, final)
        _sync_folder(final.parent)
    except OSError as error:  # pyarrow's own input and output errors are OSErrors, too
        raise _refused(path, error) from error
    except pa.ArrowException as error:
        raise OutputError(f"{path}: cannot be written: {str(error).splitlines()[0]}") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)  # also after Ctrl-C


def _final(path: Path) -> Path:
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


def _refused(path: str | os.PathLike[str], error: OSError) -> OutputError:
    reason = (error.strerror or str(error) or type(error).__name__).splitlines()[0]
    return OutputError(f"{path}: cannot be written: {reason[:1].lower()}{reason[1:]}")


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


def _protect_input(target: Path, source: str | os.PathLike[str]) -> None:
    try:
        same = target.samefile(source)
    except (OSError, ValueError):
        return  # one of them is no file
    if same:
        raise OutputError(f"{target}: is the input itself, which is never overwritten; choose another name")
