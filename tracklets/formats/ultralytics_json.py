"""JSON of Ultralytics' ``Results.summary()`` and ``Results.to_json()``, the way people save them for a video.

- ``[[{"name", "class", "confidence", "box": {"x1", "y1", "x2", "y2"}, "track_id"}, ...], ...]``: a list a frame
- the lists of the frames one after the other, usually one a line
- one list for all, where each detection has got a frame number (``frame``, ``frame_index``, ...)

No other field says the frame: it is the position in the list, from 0.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import ALIASES
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.json_text import text_of, values_of
from reid_solve.tracklets.formats.nested import NestedOrigin, columns_of
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.table import Clip, FloatArray, Note

NAME = "ultralytics-json"
_CORNERS = ("x1", "y1", "x2", "y2")
_SHAPE = re.compile(rb'\s*\[[\s\[\],]*(?:\{[^{}]*"box"\s*:\s*\{\s*"x1"|$)')
_EMPTY = {
    "frame": pa.nulls(0, pa.int64()),
    "track_id": pa.nulls(0, pa.int64()),
    **{corner: pa.nulls(0, pa.float64()) for corner in _CORNERS},
}


def _is_results(file: File) -> bool:
    return file.begins(_SHAPE)


@reader(
    NAME,
    recognises=_is_results,
    about="Ultralytics' Results.summary() or to_json(): a list of detections a frame, in one list or one a line",
    extensions=(".json", ".jsonl"),
)
def read_results(file: File, options: Options) -> Loaded:
    """Read the detections of all frames; boxes that ``normalize=True`` made shares of the picture need its size.

    Raises:
        InputError: no such JSON, or frames that cannot be told apart.
    """
    source = str(file)
    text, notes = text_of(file)
    frames, own = _frames(values_of(text, source), source)
    counts = np.array([len(found) for found in frames], np.int64)
    found = [one for inside in frames for one in inside]
    frame = np.repeat(np.arange(len(frames)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)

    def path(row: int) -> str:
        return f"detection {row + 1}" if own else f"frame {frame[row]}, detection {row - first[row] + 1}"

    clip = Clip(source=source, format=NAME, length=None if own else len(frames), metadata={} if own else _BASE)
    if not found:
        return Loaded(pa.table(_EMPTY), clip, NestedOrigin(pa.table(_EMPTY), path), notes)
    boxes = _boxes(found, source, path)
    columns: dict[str, Any] = {} if own else {"frame": arrays.column(frame)}
    rest, ignored = columns_of(found, {"box"}, (*columns, *_CORNERS))
    columns |= {"track_id": rest.pop("track_id", pa.nulls(len(found), pa.int64()))}
    columns |= {
        corner: arrays.column(np.ascontiguousarray(side)) for corner, side in zip(_CORNERS, boxes.T, strict=True)
    }
    table = pa.table({**rest, **columns} if own else {**columns, **rest})
    return Loaded(table, clip, NestedOrigin(table, path), (*notes, *ignored, *_without_ids(table)))


_BASE = {"frame_base": 0}


def _frames(values: list[Any], source: str) -> tuple[list[list[dict[str, Any]]], bool]:
    """The detections of each frame, and whether they have frame numbers of their own (then all are in one list).

    Raises:
        InputError: something else, or one list for all frames and no frame numbers in it.
    """
    flat = _are_lists(values)  # of the frames, one after the other; else in a list of their own
    lists: Any = values if flat else values[0] if len(values) == 1 else None
    if not _are_lists(lists):
        raise InputError(f"{source}: JSON, but not lists of Ultralytics' detections; write MOT text, CSV or parquet")
    first: dict[str, Any] = next((inside[0] for inside in lists if inside), {})
    if any(key in first for key in ALIASES["frame"]):
        return [[one for inside in lists for one in inside]], True
    if flat and len(lists) == 1 and _repeats(lists[0]):
        raise InputError(
            f"{source}: one list of detections with ids that repeat, and nothing says the frame; write a list for "
            'each frame, or give each detection a "frame"'
        )
    return lists, False


def _are_lists(values: Any) -> bool:
    """Whether this is a list of lists of dictionaries."""
    return isinstance(values, list) and all(
        isinstance(inside, list) and all(isinstance(one, dict) for one in inside) for inside in values
    )


def _repeats(found: list[dict[str, Any]]) -> bool:
    ids = [str(one["track_id"]) for one in found if one.get("track_id") is not None]
    return len(set(ids)) < len(ids)


def _boxes(found: list[dict[str, Any]], source: str, path: Any) -> FloatArray:
    """Corners (n, 4) as they stand.

    Raises:
        InputError: a box that has no four numbers.
    """
    try:
        rows = [[one["box"][corner] for corner in _CORNERS] for one in found]
        boxes = np.array([[np.nan if side is None else side for side in row] for row in rows], np.float64)
        if boxes.shape == (len(found), 4):
            return boxes
    except (TypeError, KeyError, ValueError, OverflowError):
        pass
    for row, one in enumerate(found):
        box = one.get("box")
        if not isinstance(box, dict) or not all(isinstance(box.get(corner), int | float) for corner in _CORNERS):
            shown = str(box)[:60]
            hint = "track with a model of upright boxes" if isinstance(box, dict) and "x4" in box else "correct it"
            raise InputError(f"{source}, {path(row)}: the box is {shown}, not x1, y1, x2, y2; {hint}")
    raise InputError(f"{source}: boxes that are no numbers; correct them")


def _without_ids(table: Any) -> tuple[Note, ...]:
    if table["track_id"].null_count < table.num_rows:
        return ()
    text = "no track_id in any detection: track with model.track, not model.predict"
    return (Note("no-ids", table.num_rows, text, "warning"),)
