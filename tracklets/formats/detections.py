"""What trackers hand a program, one object a video frame: ultralytics ``Results`` and supervision ``Detections``.

Neither package is imported: their objects are known by what they offer, tensors by ``.cpu().numpy()``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.registry import Loaded, Options, TableOrigin, reader
from reid_solve.tracklets.table import Clip, Note

_CORNERS = ("x1", "y1", "x2", "y2")


def _numpy(values: Any) -> npt.NDArray[Any]:
    return np.asarray(values.cpu().numpy() if hasattr(values, "cpu") else values)


def _first(source: Any) -> Any:
    return source[0] if isinstance(source, list | tuple) and source else None


def _stack(parts: list[tuple[int, Any]], counts: npt.NDArray[np.int64], dtype: Any) -> Any | None:
    """Join one value a detection from the frames that have it; null in those that do not, None where none has."""
    if not parts:
        return None
    start = np.cumsum(counts) - counts
    joined = np.zeros(int(counts.sum()), dtype)
    missing = np.ones(len(joined), np.bool_)
    for frame, values in parts:
        rows = slice(start[frame], start[frame] + counts[frame])
        joined[rows] = values
        missing[rows] = False
    return arrays.column(joined, missing)


def _table(boxes: list[npt.NDArray[Any]], values: dict[str, list[tuple[int, Any]]]) -> pa.Table:
    counts = np.array([len(box) for box in boxes], np.int64)
    stacked = np.concatenate([np.zeros((0, 4)), *boxes])
    columns: dict[str, Any] = {"frame": arrays.column(np.repeat(np.arange(len(boxes)), counts))}
    for name, dtype in (("track_id", np.int64), ("score", np.float64), ("class_id", np.int64)):
        column = _stack(values.get(name, []), counts, dtype)
        if name == "track_id":
            columns[name] = pa.nulls(len(stacked), pa.int64()) if column is None else column
            columns |= {corner: arrays.column(np.ascontiguousarray(stacked[:, i])) for i, corner in enumerate(_CORNERS)}
        elif column is not None:
            columns[name] = column
    return pa.table(columns)


@reader("ultralytics", recognises=lambda source: hasattr(_first(source), "boxes"), takes="object")
def read_results(source: Any, options: Options) -> Loaded:
    """Take a list of ``Results``, one a video frame; the index is the frame.

    ``boxes.id`` is None in a frame where the tracker confirmed nothing: its detections are kept, unassigned. Masks and
    keypoints stay out.

    Raises:
        InputError: turned boxes.
    """
    boxes, values = [], {"track_id": [], "score": [], "class_id": []}  # type: tuple[list[Any], dict[str, list[Any]]]
    names: dict[int, str] = {}
    for frame, result in enumerate(source):
        if getattr(result, "obb", None) is not None:
            raise InputError(f"Results, frame {frame}: turned boxes (obb); track with a model of upright boxes")
        found = result.boxes
        boxes.append(np.zeros((0, 4)) if found is None else _numpy(found.xyxy).reshape(-1, 4))
        if found is None:
            continue
        for name, attribute in (("track_id", "id"), ("score", "conf"), ("class_id", "cls")):
            value = getattr(found, attribute, None)
            if value is not None:
                values[name].append((frame, _numpy(value).reshape(-1)))
        named = getattr(result, "names", None) or {}
        names |= dict(enumerate(named)) if isinstance(named, list) else named
    table = _table(boxes, values)
    if names and "class_id" in table.column_names:
        ids = table["class_id"].to_pylist()
        table = table.append_column("class_name", pa.array([names.get(i) for i in ids], pa.string()))
    height, width = getattr(source[0], "orig_shape", None) or (None, None)
    clip = Clip(source="Results", format="ultralytics", width=width, height=height, length=len(source))
    return Loaded(table, clip, TableOrigin(table))


@reader(
    "supervision",
    recognises=lambda source: hasattr(_first(source), "xyxy") and hasattr(_first(source), "data"),
    takes="object",
)
def read_detections(source: Any, options: Options) -> Loaded:
    """Take a list of ``Detections``, one a video frame; the index is the frame. ``data`` becomes columns."""
    boxes = [_numpy(one.xyxy).reshape(-1, 4) for one in source]
    values: dict[str, list[Any]] = {"track_id": [], "score": [], "class_id": []}
    for frame, one in enumerate(source):
        for name, attribute in (("track_id", "tracker_id"), ("score", "confidence"), ("class_id", "class_id")):
            value = getattr(one, attribute, None)
            if value is not None:
                values[name].append((frame, _numpy(value).reshape(-1)))
    table = _table(boxes, values)
    notes = []
    keys = dict.fromkeys(key for one in source for key in one.data)
    for key in keys:
        column = _data(source, key)
        if column is None or str(key) in table.column_names:
            notes.append(Note("column-ignored", len(table), f"data[{key!r}] is not one value a detection", "warning"))
        else:
            table = table.append_column(str(key), column)
    clip = Clip(source="Detections", format="supervision", length=len(source))
    return Loaded(table, clip, TableOrigin(table), tuple(notes))


def _data(source: Any, key: str) -> Any | None:
    """One entry of ``data`` over all frames: numbers, words, or a vector a detection; None where it is neither."""
    parts: list[Any] = []
    for one in source:
        value, n = one.data.get(key), len(one.xyxy)
        if value is not None and len(value) != n:
            return None
        parts += [None] * n if value is None else list(_numpy(value))
    try:
        return pa.array([part.tolist() if hasattr(part, "tolist") else part for part in parts])
    except (pa.ArrowException, TypeError, ValueError):
        return None


@reader("nothing", recognises=lambda source: isinstance(source, list | tuple) and not source, takes="object")
def read_nothing(source: Any, options: Options) -> Loaded:
    """Take an empty list: a video without frames."""
    if options.strict:
        raise InputError("an empty list: no frames")
    table = _table([], {})
    return Loaded(table, Clip(source="list", format="ultralytics", length=0), TableOrigin(table))
