"""TrackLab's state, ``.pklz``: a zip of pickled tables, for each video one of detections and one of pictures.

https://github.com/TrackingLaboratory/tracklab, ``TrackerState``: members ``<video>.pkl`` and ``<video>_image.pkl``.
Nothing is unpacked to the disk, and the pickles are taken apart by ``unpickle_frames.py``, which calls nothing in them.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.nested import NestedOrigin, named, shown, value_column
from reid_solve.tracklets.formats.pandas_parts import Frame
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.soccernet_gsr import PITCH
from reid_solve.tracklets.formats.unpickle import unpickle
from reid_solve.tracklets.formats.unpickle_frames import Frames
from reid_solve.tracklets.formats.vectors import list_column, unwrapped, vectors_of
from reid_solve.tracklets.formats.zipped import members, open_zip
from reid_solve.tracklets.table import Clip, IntArray, Note, counted

_PITCH = {"pitch_x": "x_bottom_middle", "pitch_y": "y_bottom_middle", **{name: name for name in PITCH}}
_BOX = ("bb_left", "bb_top", "bb_width", "bb_height")
_ENDING = re.compile(r"\.pklz?$")


def _is_tracklab(file: File) -> bool:
    if not file.head.startswith(b"PK\x03\x04"):
        return False
    name = file.head[30 : 30 + int.from_bytes(file.head[26:28], "little")]
    return name.endswith(b".pkl") or name == b"summary.json" or file.path.suffix.lower() == ".pklz"


@reader(
    "tracklab",
    recognises=_is_tracklab,
    turn=0,
    about="TrackLab's state: a zip of pickled tables; needs --allow-pickle",
    extensions=(".pklz",),
)
def read_tracklab(file: File, options: Options) -> Loaded:
    """Read the detections of all videos of a state, without running anything that is in its pickles.

    Frames are those of the table of pictures, counted from 0; without one, the numbers of the pictures.

    Raises:
        InputError: ``allow_pickle`` is not set; the zip is damaged or not what it claims; a pickle holds more than a
            table of plain values; there is no table of detections.
    """
    if not options.allow_pickle:
        raise InputError(
            f"{file}: TrackLab's state holds pickles, and unpickling runs whatever code is inside, so it is not read; "
            "if you trust who wrote it, pass --allow-pickle, which takes tables of plain values only; or write parquet"
        )
    source = str(file)
    tables: dict[str, dict[str, Any]] = {}
    images: dict[str, tuple[dict[str, Any], list[Any]]] = {}
    budget = 0
    others: list[str] = []
    with open_zip(file) as archive:
        for member in members(archive, file):
            stem = _ENDING.sub("", member.filename)
            if stem == member.filename:
                others += [] if stem == "summary.json" else [stem]
                continue
            raw = _content(archive, member, source)
            budget += len(raw)
            frame = unpickle(raw, f"{source}, {named(member.filename)}", Frames)
            try:
                if not isinstance(frame, Frame):
                    raise ValueError(f"a {type(frame).__name__}, not a table")
                columns, rows = frame.columns(len(raw))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
                raise InputError(
                    f"{source}, {named(member.filename)}: damaged ({str(error)[:150]}); write it again"
                ) from error
            if stem.endswith("_image"):
                images[stem.removesuffix("_image")] = (columns, rows)
            else:
                tables[stem] = {"id": rows, **columns}  # an id of its own is what names the rows, usually
    if not tables:
        raise InputError(f"{source}: no table of detections (<video>.pkl) in it; save the state after tracking")
    notes: list[Note] = []
    if others:
        text = (
            f"{counted(len(others), 'member')} of the zip that are no tables ({', '.join(others[:3])[:80]}): left out"
        )
        notes.append(Note("members-ignored", len(others), text, "warning"))
    return _loaded(tables, images, budget, source, notes)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> bytes:
    try:
        with archive.open(member) as stream:
            return stream.read(member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise InputError(f"{source}, {named(member.filename)}: damaged ({reason}); copy it again") from error


def _loaded(
    tables: Mapping[str, dict[str, Any]],
    images: Mapping[str, tuple[dict[str, Any], list[Any]]],
    budget: int,
    source: str,
    notes: list[Note],
) -> Loaded:
    """One table of the detections of all videos; ``budget`` is how many bytes the pickles are together."""
    counts = [len(one["id"]) for one in tables.values()]
    n = sum(counts)
    video = np.repeat(np.arange(len(tables)), counts)
    found: dict[str, list[Any]] = {
        name: [
            value
            for one, count in zip(tables.values(), counts, strict=True)
            for value in (_values(one[name]) if name in one else [None] * count)
        ]
        for name in dict.fromkeys(name for one in tables.values() for name in one)
    }
    if "track_id" not in found:
        raise InputError(
            f"{source}: detections without a track_id; let TrackLab's tracker run, and save the state again"
        )

    def path(row: int) -> str:
        return f"{named(list(tables)[int(video[row])])}.pkl, row {row - sum(counts[: int(video[row])])}"

    room = 64 * n + budget
    plain = {name: _scalars(values, room) for name, values in found.items()}
    columns: dict[str, Any] = {"frame": value_column(_frames(plain, tables, images, video, notes))}
    columns["track_id"] = value_column(_needed(plain, "track_id", source))
    if len(tables) > 1:
        columns["video"] = arrays.strings(list(tables)).take(arrays.column(video))
    rows, box = vectors_of(found.pop("bbox_ltwh", [None] * n), budget, source, "bbox_ltwh", path)
    if len(rows) and box.shape[1] != 4:
        raise InputError(f"{source}: bbox_ltwh holds {box.shape[1]} numbers a detection, not 4; save the state again")
    wide = np.full((n, 4), np.nan)
    wide[rows] = box[:, :4]
    columns |= {name: arrays.column(np.ascontiguousarray(wide[:, k])) for k, name in enumerate(_BOX)}
    for name, key in _PITCH.items() if "bbox_pitch" in found else ():
        values = [one.get(key) if isinstance(one, dict) else None for one in found["bbox_pitch"]]
        values = [value if isinstance(value, int | float | np.number) else None for value in values]
        columns |= {name: value_column(values)} if any(value is not None for value in values) else {}
    if "embeddings" in found:
        given = found.pop("embeddings")
        rows, vectors = vectors_of(given, budget, source, "embeddings", path)
        columns["embeddings"] = list_column(rows, vectors, n)
        first = unwrapped(given[rows[0]]) if len(rows) else None
        if isinstance(first, np.ndarray) and first.ndim > 1 and len(first) > 1:
            text = f"embeddings of {len(first)} parts are joined to one vector each"
            notes.append(Note("embeddings-joined", len(rows), text, "warning"))
    lost = []
    for name in (name for name in found if name not in {"track_id", "bbox_pitch"}):
        # the id of a detection is no track's
        called = "detection_id" if name == "id" and "detection_id" not in columns else name
        kept = plain[name]
        if kept is not None and called not in columns:
            columns[called] = value_column(kept)
        elif name != "frame":  # which stands in the table of pictures, too
            lost.append(name)
    if lost:
        why = "not one number or word a detection, or the name of a column that there is already"
        notes.append(Note("columns-ignored", len(lost), f"{', '.join(lost)}: {why}; left out", "warning"))
    table = pa.table(columns)
    clip = Clip(source=source, format="tracklab", metadata={"frame_base": 0} if set(tables) <= set(images) else {})
    given_names = {"frame": "frame", "track_id": "track_id"}
    return Loaded(table, clip, NestedOrigin(table, path), tuple(notes), given_names)


def _scalars(values: list[Any], room: int) -> list[Any] | None:
    """Numbers and words, None for NaN; None where there is anything else, or more text than the file can hold."""
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    plain = [None if isinstance(value, float) and value != value else value for value in values]
    good = all(value is None or isinstance(value, str | int | float | bool) for value in plain)
    return plain if good and sum(len(value) for value in plain if isinstance(value, str)) <= room else None


def _needed(plain: Mapping[str, list[Any] | None], name: str, source: str) -> list[Any]:
    values = plain.get(name)
    if values is None:
        raise InputError(f"{source}: {name} is not one number or word a detection; save the state again")
    return values


def _values(column: Any) -> list[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else column  # type: ignore[no-any-return]


def _frames(
    plain: Mapping[str, list[Any] | None],
    tables: Mapping[str, Any],
    images: Mapping[str, tuple[dict[str, Any], list[Any]]],
    video: IntArray,
    notes: list[Note],
) -> list[Any]:
    """The frame of each detection: by its picture's row in the table of pictures, else the picture's number itself."""
    ids: list[Any] = plain.get("image_id") or [None] * len(video)
    known: dict[tuple[int, str], Any] = {}
    for at, name in enumerate(tables):
        columns, rows = images.get(name, ({}, []))
        keys = _values(columns["id"]) if "id" in columns else rows
        numbers = _values(columns["frame"]) if "frame" in columns else []
        known |= {(at, shown(key)): number for key, number in zip(keys, numbers, strict=False)}
    frames = [known.get((at, shown(image))) for at, image in zip(video.tolist(), ids, strict=True)]
    missing = sum(frame is None for frame in frames)
    if missing:
        own = plain.get("frame") or ids
        frames = [other if frame is None else frame for frame, other in zip(frames, own, strict=True)]
        text = f"{counted(missing, 'row')} whose picture is in no table of pictures: image_id is taken as the frame"
        notes.append(Note("frames-of-images", missing, text, "warning"))
    return frames
