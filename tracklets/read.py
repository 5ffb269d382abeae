"""Reading: a file of any known format, or an object that a program already has, becomes checked ``Tracks``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from reid_solve.tracklets.checks import MOST_FRAMES, check
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.formats import seqinfo
from reid_solve.tracklets.formats.registry import Loaded, Options, kind_of, load_all, reader_of, recognise
from reid_solve.tracklets.formats.sources import File, Folder, open_source
from reid_solve.tracklets.formats.sources import open_file as open_file
from reid_solve.tracklets.table import Clip, Note, Tracks

load_all()

_NO_FOLDER = "a folder in no layout that is read (`reid-solve formats` lists those); give one of its files"
# No camera is faster, no picture larger and no match longer; what is computed from them must stay small.
_MOST = {"fps": 100_000, "width": 1_000_000, "height": 1_000_000, "length": MOST_FRAMES}
_ACCEPTED = (
    "a path, a pandas DataFrame, a pyarrow Table, a list of ultralytics Results or of supervision Detections, "
    "Tracks, or a result that has .tracks"
)


def read(
    source: Any,
    *,
    format: str = "auto",
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    strict: bool = False,
    drop_invalid: bool = False,
    on_duplicate: Literal["error", "keep-best", "split"] = "error",
    box_format: Literal["xywh", "xyxy", "cxcywh"] | None = None,
    salvage: bool = False,
    classes: Sequence[str | int] | None = None,
    allow_pickle: bool = False,
    percent: bool = False,
    ids: bool = True,
) -> Tracks:
    """Read the output of a tracker.

    Args:
        source: a path (str or Path) of a file, or of a folder of a known layout; a pandas DataFrame, a pyarrow Table or
            RecordBatch, a list of ultralytics ``Results`` or supervision ``Detections`` (its index is the frame),
            ``Tracks`` (returned as they are), or an object whose ``tracks`` are such.
        format: name of a reader; "auto" goes by content, not by file extension.
        fps: frames a second; wins over what the file and a seqinfo.ini beside it say.
        size: width and height of the picture in pixels; wins likewise.
        strict: refuse what would need a repair.
        drop_invalid: leave out rows whose frame is missing or whose box is missing, not finite or of negative size.
        on_duplicate: what to do about one id with two boxes in a frame: refuse, keep the one with the highest score,
            or give the others a new id.
        box_format: what the box columns hold, where their names do not say it or say it wrongly.
        salvage: of a file that was cut short, take the whole lines.
        classes: names or numbers of the classes to keep; all by default.
        allow_pickle: read pickles, restricted to plain containers and numpy arrays; see ``formats/seed_pickle.py``.
        percent: scores are in percent; a hundredth of them is used. Parquet, CSV and the format that was read get them
            as they came; parquet remembers what they are, of the others a note says it.
        ids: whether rows have ids. If not (the output of a detector), a column of ids is neither needed nor used, and
            every row is in no track.

    Returns:
        rows in the order of the source, with everything that was repaired or is odd in ``notes``.

    Raises:
        InputError: the source cannot be used as it is; one line says where, what and what to do.
        OptionError: an option that does not exist or does not fit the source.
    """
    if fps is not None and not 0 < fps < 100_000:
        raise OptionError(f"fps must be positive, not {fps}")
    if size is not None and not (len(size) == 2 and min(size) > 0 and max(size) < _MOST["width"]):
        raise OptionError(f"size must be width and height in pixels, not {size}")
    if on_duplicate not in {"error", "keep-best", "split"}:
        raise OptionError(f"on_duplicate must be error, keep-best or split, not {on_duplicate!r}")
    if box_format not in {None, "xywh", "xyxy", "cxcywh"}:
        raise OptionError(f"box_format must be xywh, xyxy or cxcywh, not {box_format!r}")
    if isinstance(source, Tracks):
        return source
    if isinstance(getattr(source, "tracks", None), Tracks):
        return source.tracks  # type: ignore[no-any-return]
    wanted = None if classes is None else tuple(classes)
    options = Options(fps, size, strict, drop_invalid, on_duplicate, box_format, salvage, wanted, allow_pickle, percent)
    found: dict[str, float] = {}
    notes: tuple[Note, ...] = ()
    if isinstance(source, str | os.PathLike):
        source = open_source(Path(source))
        found, notes = seqinfo.find(source.path)
    elif hasattr(source, "__next__"):
        source = list(source)  # a generator, as model.track(..., stream=True) returns
    if format != "auto":
        chosen = reader_of(format)
        if chosen.takes != kind_of(source):
            other = {"file": "files", "folder": "folders", "object": "objects in memory"}[chosen.takes]
            raise OptionError(f"format {format!r} is for {other}, not for {_kind(source)}; leave it at auto")
    else:
        recognised = recognise(source)
        if recognised is None and isinstance(source, Folder):
            raise InputError(f"{source}: {_NO_FOLDER}")
        if recognised is None:
            raise InputError(f"cannot read tracks from {_kind(source)}; accepted: {_ACCEPTED}")
        chosen = recognised
    try:
        loaded = chosen.read(source, _with_size(options, found))
    except OSError as error:
        raise InputError(f"{source}: {error.strerror or error}; copy the file again") from error
    if not ids:
        loaded = _without_ids(loaded)
    clip, odd = _facts(loaded.clip, options, found)
    return check(replace(loaded, notes=(*notes, *loaded.notes, *odd)), clip, options)


def _with_size(options: Options, found: dict[str, float]) -> Options:
    """The options for a reader: it may need the picture's size, wherever that comes from."""
    size = (int(found.get("width", 0)), int(found.get("height", 0)))
    if options.size is not None or not 0 < min(size) <= max(size) < _MOST["width"]:
        return options
    return replace(options, size=size)


def _without_ids(loaded: Loaded) -> Loaded:
    """The same rows, all in no track."""
    table = loaded.table
    nobody = pa.nulls(table.num_rows, pa.int64())
    columns = {**loaded.columns, "track_id": "track_id"}
    at = table.schema.get_field_index("track_id")
    table = table.append_column("track_id", nobody) if at < 0 else table.set_column(at, "track_id", nobody)
    return replace(loaded, table=table, columns=columns)


def _kind(source: Any) -> str:
    if isinstance(source, File | Folder):
        return f"the {kind_of(source)} {source}"
    if isinstance(source, list | tuple):
        return f"a list of {type(source[0]).__name__}" if source else "an empty list"
    return f"{type(source).__module__}.{type(source).__qualname__}"


def _facts(clip: Clip, options: Options, found: dict[str, float]) -> tuple[Clip, tuple[Note, ...]]:
    """Settle frame rate and size: options win, then the file's own metadata, then seqinfo.ini; warn of absurd ones."""
    own = {key: clip.metadata.get(key) for key in ("fps", "width", "height", "length")}
    given: dict[str, Any] = {"fps": options.fps}
    if options.size is not None:
        given |= {"width": options.size[0], "height": options.size[1]}
    settled: dict[str, Any] = dict.fromkeys(_MOST)
    origins: dict[str, str] = {}
    notes: list[Note] = []
    for key, most in _MOST.items():
        for where, facts in (("option", given), ("metadata", own), ("source", vars(clip)), ("seqinfo.ini", found)):
            number = facts.get(key)
            if not isinstance(number, int | float) or not number > 0:
                continue
            if number >= most:
                notes.append(Note("metadata", 1, f"{key} {number:g} in the {where} cannot be right", "warning"))
                continue
            settled[key] = float(number) if key == "fps" else int(number)
            origins[key] = where
            break
    return replace(clip, origins=origins, **settled), tuple(notes)
