"""JSON that scripts of their own leave: a list of detections for every frame, in three shapes seen in the wild.

- ``{"1": [{"id", "bbox", "confidence"}, ...], ...}``: the frame is the key
- ``[{"frame_number": 0, "detections": [{"player_id", "bbox", ...}, ...]}, ...]``
- ``{"frame_results": [{"frame": 0, "detections": [...]}, ...], "video_info": {"fps", "width", "height"}, ...}``
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.boxes import look_like_corners
from reid_solve.tracklets.columns import ALIASES, BOX_LISTS
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.json_text import text_of, value_of
from reid_solve.tracklets.formats.nested import NestedOrigin, box_columns, boxes_of, columns_of, named
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.table import Clip, FloatArray, Note

_LISTS = ("detections", "objects", "tracks", "players")  # of one frame
_FRAME_KEYS = "|".join(ALIASES["frame"])
_SHAPES = re.compile(
    rb'\s*\{\s*"\d+"\s*:\s*\[\s*[\]{]'  # frame number: detections
    rb'|\s*[\[{](?=.*?"(?:%s)"\s*:\s*\d+)(?=.*?"(?:%s)"\s*:\s*\[)' % (_FRAME_KEYS.encode(), "|".join(_LISTS).encode()),
    re.DOTALL,
)
_Frames = list[tuple[int, list[dict[str, Any]]]]


def _is_frames(file: File) -> bool:
    return file.begins(_SHAPES)


@reader(
    "frames-json",
    recognises=_is_frames,
    turn=0,
    about="JSON of one list of detections a frame, as scripts of their own leave",
    extensions=(".json",),
)
def read_frames_json(file: File, options: Options) -> Loaded:
    """Read JSON of one list of detections a frame.

    Raises:
        InputError: it is no JSON, or not of such a shape; what the boxes hold cannot be told.
    """
    source = str(file)
    text, notes = text_of(file)
    content = value_of(text, source)
    frames, beside = _frames(content)
    if frames is None:
        raise InputError(f"{source}: JSON, but no list of detections for every frame; write MOT text, CSV or parquet")
    counts = [len(found) for _, found in frames]
    found = [one for _, inside in frames for one in inside]
    frame = np.repeat(np.array([number for number, _ in frames], np.int64), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)

    def path(row: int) -> str:
        return f"frame {frame[row]}, detection {row - first[row] + 1}"

    clip = _clip(content, frames, source)
    columns = {"frame": arrays.column(frame)}
    if beside:
        some = ", ".join(named(name) for name in beside[:5]) + ", ..." * (len(beside) > 5)
        notes += (Note("entries-ignored", len(beside), f"{some} beside the detections: left out", "warning"),)
    key = next((key for key in BOX_LISTS if any(key in one for one in found)), None)
    if key is not None:
        boxes = boxes_of(found, key, source, path)
        size = (clip.width, clip.height) if clip.width and clip.height else options.size
        kind, guessed = _box_format(boxes, key, options.box_format, size, source)
        columns |= box_columns(boxes, kind)
        notes += guessed
    extra, ignored = columns_of(found, set() if key is None else {key}, columns)
    table = pa.table({**columns, **extra} if found else _EMPTY)
    return Loaded(table, clip, NestedOrigin(table, path), (*notes, *ignored))


_EMPTY = {"frame": pa.nulls(0, pa.int64()), "track_id": pa.nulls(0, pa.int64())} | {
    side: pa.nulls(0, pa.float64()) for side in "xywh"
}


def _frames(content: Any) -> tuple[_Frames | None, list[str]]:
    """Find the lists of detections, by frame, None where there are none; and what else there is, by its names."""
    if isinstance(content, dict) and content and all(re.fullmatch(r"\d{1,18}", key) for key in content):
        return _checked([(int(key), found) for key, found in content.items()]), []
    parts = content if isinstance(content, dict) else {"": content}
    for name, part in parts.items():
        first = part[0] if isinstance(part, list) and part else None
        if not isinstance(first, dict):
            continue
        number = next((key for key in ALIASES["frame"] if isinstance(first.get(key), int)), None)
        inside = next((key for key in _LISTS if isinstance(first.get(key), list)), None)
        if number and inside:
            entries = [entry if isinstance(entry, dict) else {} for entry in part]
            more = dict.fromkeys(key for entry in entries for key in entry if key not in {number, inside})
            beside = [*more, *(key for key in parts if key not in {name, "video_info"})]
            return _checked([(entry.get(number), entry.get(inside)) for entry in entries]), beside
    return None, []


def _checked(frames: list[tuple[Any, Any]]) -> _Frames | None:
    good = all(
        isinstance(number, int)
        and abs(number) < 2**62
        and isinstance(found, list)
        and all(isinstance(one, dict) for one in found)
        for number, found in frames
    )
    return frames if good else None


def _box_format(
    boxes: FloatArray, key: str, asked: str | None, size: tuple[int, int] | None, source: str
) -> tuple[str, tuple[Note, ...]]:
    """What the boxes (n, 4) hold: as asked, as the key says, or as the numbers betray, which is noted."""
    kind = asked or BOX_LISTS[key]
    if kind is not None or not len(boxes):
        return kind or "xyxy", ()
    a, b, c, d = boxes.T
    ordered = np.mean((c >= a) & (d >= b))
    if ordered > 0.995 and look_like_corners(list(boxes.T), size):
        kind, other = "xyxy", "xywh"
    elif ordered < 0.9:
        kind, other = "xywh", "xyxy or cxcywh"
    else:
        raise InputError(f"{source}: {key!r} may hold corners or sizes; say which with --box-format xywh or xyxy")
    text = f"{key} is read as {kind}, as its numbers suggest; if that is wrong, give --box-format {other}"
    return kind, (Note("box-format-guessed", len(boxes), text, "warning"),)


def _clip(content: Any, frames: _Frames, source: str) -> Clip:
    """Facts about the video, where the file gives them."""
    found = content.get("video_info") if isinstance(content, dict) else None
    facts = found if isinstance(found, dict) else {}
    known = {key: facts[key] for key in ("fps", "width", "height") if isinstance(facts.get(key), int | float)}
    base = min((number for number, _ in frames), default=0)
    metadata = {"frame_base": base} if base in (0, 1) else {}
    return Clip(source=source, format="frames-json", length=len(frames), metadata=metadata, **known)
