"""Label Studio, video: an export of tasks whose regions (VideoRectangle) are keyframes.

https://labelstud.io/tags/videorectangle: frames count from 1, boxes are in per cent of the picture, their corner is the
top left, and they are turned about it. Between keyframes, the box moves evenly while the earlier one is ``enabled``;
after the last, if that is, it stays to the end of the video. A keyframe that is not enabled is the last frame in which
the region is seen. So does Label Studio's own export that fills frames in (``extract_key_frames`` of its SDK).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.boxes import LARGEST
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.nested import NestedOrigin, named, value_column
from reid_solve.tracklets.formats.records import text_of, values_of
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.table import Clip, FloatArray, IntArray, Note, counted

# Keyframes may be as far apart as a file says, so rows are not bounded by its size. A match of 100 minutes at 25 frames
# a second with 33 people in view throughout has five million.
MOST_ROWS = 1_000_000, 20  # so many, or so many for each character of the file: keyframes may be hours apart
_SIGNS = re.compile(
    rb'\s*(?:\[\s*)?\{(?=.*?"sequence"\s*:\s*\[)(?=.*?"(?:enabled|framesCount|videorectangle)")'
    rb'|\s*(?:\[\s*)?\{(?=.*?"(?:annotations|completions)"\s*:\s*\[)(?=.*?"result"\s*:\s*\[)',
    re.DOTALL,
)
_SIDES = ("x", "y", "width", "height", "rotation", "time")


@dataclass(frozen=True)
class Region:
    """One track: keyframes (k,) in order, and what is said of it."""

    key: Any  # its id
    recording: int
    frame: IntArray
    enabled: IntArray
    sides: FloatArray  # (k, 6): _SIDES, NaN where unknown
    end: int  # the video's last frame; 0 if unknown
    size: tuple[Any, Any]
    said: Mapping[str, Any]


def _is_label_studio(file: File) -> bool:
    return _SIGNS.match(file.head.removeprefix(b"\xef\xbb\xbf")) is not None


@reader(
    "label-studio",
    recognises=_is_label_studio,
    turn=0,
    about="Label Studio, video: JSON or JSON-MIN export; frames between keyframes are filled in",
    extensions=(".json",),
)
def read_label_studio(file: File, options: Options) -> Loaded:
    """Read the regions of a Label Studio export, a row for each frame in which one is seen.

    Raises:
        InputError: it is no JSON, has no regions, or a region lacks what it needs; the picture's size is unknown.
    """
    source = str(file)
    text, notes = text_of(file)
    content = (values_of(text, source) or [None])[0]
    names: list[str] = []
    regions = list(_regions(content if isinstance(content, list) else [content], names, source, len(text)))
    if not names:
        raise InputError(f"{source}: JSON, but no tasks of Label Studio with their annotations; export them as JSON")
    rows = [_filled(one) for one in regions]
    total = sum(len(frame) for frame, _ in rows)
    region = np.repeat(np.arange(len(regions)), [len(frame) for frame, _ in rows])
    frame = np.concatenate([np.zeros(0, np.int64), *(frame for frame, _ in rows)])
    sides = np.concatenate([np.zeros((0, 7)), *(sides for _, sides in rows)])
    sizes = [_size(one, options, source) for one in regions]
    box, turned = _pixels(sides, np.array(sizes, np.float64).reshape(-1, 2)[region])
    keys = value_column([one.key for one in regions])
    columns: dict[str, Any] = {"frame": arrays.column(frame), "track_id": keys.take(arrays.column(region))}
    columns |= {name: arrays.column(np.ascontiguousarray(box[:, k])) for k, name in enumerate("xywh")}
    if len(names) > 1:
        columns["sequence"] = arrays.strings(names).take(
            arrays.column(np.array([r.recording for r in regions])[region])
        )
    for name in dict.fromkeys(name for one in regions for name in one.said):
        given = value_column([one.said.get(name) for one in regions])
        columns[name if name not in columns else f"{name}_said"] = given.take(arrays.column(region))
    if not np.isnan(sides[:, 5]).all():
        columns["time"] = arrays.column(np.ascontiguousarray(sides[:, 5]), np.isnan(sides[:, 5]))
    between = sides[:, 6] > 0
    columns["interpolated"] = arrays.column(between)
    if between.any():
        made = f"{counted(int(between.sum()), 'row')} of {total} between keyframes: filled in as Label Studio does"
        notes += (
            Note("between-keyframes", int(between.sum()), f"{made}; their column interpolated is true", "warning"),
        )
    if turned:
        made = f"boxes turned in {counted(turned, 'row')}: the upright box around is used"
        notes += (Note("turned-boxes", turned, made, "warning"),)
    table = pa.table(columns)
    known = {(int(w), int(h)) for w, h in sizes}
    picture: dict[str, Any] = dict(zip(("width", "height"), known.pop(), strict=True)) if len(known) == 1 else {}
    length = max((one.end for one in regions), default=0) or None
    clip = Clip(source=source, format="label-studio", length=length, metadata={"frame_base": 1}, **picture)
    return Loaded(
        table,
        clip,
        NestedOrigin(table, lambda row: f"region {named(regions[region[row]].key)}, frame {frame[row]}"),
        notes,
    )


def _regions(tasks: Sequence[Any], names: list[str], source: str, size: int) -> Iterator[Region]:
    """The regions of all tasks; ``names`` gets a name for each recording: every annotation of a task is one."""
    rows, most = 0, max(MOST_ROWS[0], MOST_ROWS[1] * size)
    for place, task in enumerate(tasks):
        if not isinstance(task, dict):
            raise InputError(f"{source}: JSON, but task {place + 1} is no task of Label Studio; export it as JSON")
        done = _annotations(task)
        for number, results in enumerate(done):
            names.append(_name(task, place) + (f" ({number + 1})" if len(done) > 1 else ""))
            for one in _joined(results, len(names) - 1, f"{source}, task {named(task.get('id', place + 1))}"):
                rows += _count(one)  # before any is made
                if rows > most:
                    raise InputError(
                        f"{source}, region {named(one.key)}: filling in its frames (to {max(one.frame[-1], one.end)}) "
                        f"makes more than {most} rows; check framesCount and the frames of its keyframes"
                    )
                yield one
    if len(set(names)) < len(names):
        names[:] = [f"{name} #{k + 1}" for k, name in enumerate(names)]


def _annotations(task: Mapping[str, Any]) -> list[list[Any]]:
    """The results of each annotation of a task: of its predictions where it has none; of JSON-MIN, what it is."""
    for key in ("annotations", "completions", "predictions"):
        given = task.get(key)
        found = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        found = [one for one in found if isinstance(one.get("result"), list) and not one.get("was_cancelled")]
        if found:
            return [one["result"] for one in found]
    flat = [
        {"value": value, "type": "videorectangle"}
        for given in task.values()
        if isinstance(given, list)
        for value in given
        if isinstance(value, dict) and isinstance(value.get("sequence"), list)
    ]
    return [flat] if flat or isinstance(task.get("annotations"), list) else []


def _name(task: Mapping[str, Any], place: int) -> str:
    data = task.get("data")
    video = data.get("video") if isinstance(data, dict) else task.get("video")
    name = PurePosixPath(video).name if isinstance(video, str) else ""
    return name or f"task {task.get('id', place + 1)}"


def _joined(results: Sequence[Any], recording: int, place: str) -> Iterator[Region]:
    """Regions, each with its labels and answers, which may be results of their own with the same id."""
    said: dict[Any, dict[str, Any]] = {}
    shapes: list[tuple[Any, dict[str, Any], dict[str, Any]]] = []
    for at, one in enumerate(results):
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(value, dict):
            continue
        key = one.get("id") if isinstance(one.get("id"), str | int) else at + 1
        inside = said.setdefault(key, {})
        if isinstance(value.get("labels"), list) and value["labels"]:
            inside["label"] = ", ".join(map(str, value["labels"]))
        for kind in ("choices", "text", "number", "rating"):
            answer = value.get(kind)
            if answer is not None:
                words = ", ".join(map(str, answer)) if isinstance(answer, list) else answer
                inside[str(one.get("from_name", kind))] = words if isinstance(words, int | float) else str(words)
        if isinstance(value.get("sequence"), list) and key not in {shape[0] for shape in shapes[-1:]}:
            shapes.append((key, one, value))
    done = set()
    for key, one, value in shapes:
        if key not in done and value["sequence"]:  # a result of its labels may repeat the sequence
            done.add(key)
            yield _region(key, one, value, recording, said[key], f"{place}, region {named(key)}")


def _region(
    key: Any, one: Mapping[str, Any], value: Mapping[str, Any], recording: int, said: Mapping[str, Any], place: str
) -> Region:
    try:
        frames = [one["frame"] for one in value["sequence"]]
        if not all(isinstance(frame, int) and abs(frame) < 2**53 for frame in frames):
            raise ValueError(f"frames {str(frames)[:60]}")
        rows = [[np.nan if one.get(side) is None else float(one[side]) for side in _SIDES] for one in value["sequence"]]
        enabled = [bool(one.get("enabled", True)) for one in value["sequence"]]
        if (np.abs(rows) > LARGEST).any():
            raise ValueError("too large")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(
            f"{place}: a keyframe without a frame and numbers ({named(str(error))}); export it again"
        ) from error
    sides = np.array(rows, np.float64)
    sides[:, 4] = np.nan_to_num(sides[:, 4])
    frame, first = np.unique(np.array(frames, np.int64), return_index=True)
    count = value.get("framesCount")
    end = count if isinstance(count, int) and 0 < count < 2**53 else 0
    size = (one.get("original_width"), one.get("original_height"))
    if not all(isinstance(side, int | float) and side > 0 for side in size):
        size = (value.get("original_width"), value.get("original_height"))
    return Region(key, recording, frame, np.array(enabled, np.int64)[first], sides[first], end, size, said)


def _ends(one: Region) -> IntArray:
    """One beyond the last frame that each keyframe stands for, (k,)."""
    following = np.append(one.frame[1:], max(one.end, int(one.frame[-1])) + 1)
    return np.where(one.enabled > 0, following, one.frame + 1)


def _count(one: Region) -> int:
    return int((_ends(one) - one.frame).sum())


def _filled(one: Region) -> tuple[IntArray, FloatArray]:
    """Every frame (n,) in which a region is seen, and its sides, (n, 7): the last column is 1 between keyframes."""
    counts = _ends(one) - one.frame
    key = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(key)) - np.repeat(np.cumsum(counts) - counts, counts)
    after = np.minimum(key + 1, len(counts) - 1)
    span = np.maximum(one.frame[after] - one.frame[key], 1)
    sides = one.sides[key] + (one.sides[after] - one.sides[key]) * (step / span)[:, None]
    return one.frame[key] + step, np.column_stack([sides, step > 0])


def _size(one: Region, options: Options, source: str) -> tuple[float, float]:
    """The picture's width and height, in pixels: as asked, else as the file says."""
    width, height = options.size or one.size
    if not all(isinstance(side, int | float) and 0 < side < 1e6 for side in (width, height)):
        raise InputError(
            f"{source}, region {named(one.key)}: boxes are in per cent of the picture and the file does not say how "
            "large that is; give its size in pixels: --size 1920x1080"
        )
    return width, height


def _pixels(sides: FloatArray, size: FloatArray) -> tuple[FloatArray, int]:
    """Boxes (n, 4) in pixels; how many were turned about their top left corner: they give the upright one around."""
    box = sides[:, :4] / 100 * np.column_stack([size, size])
    angle = np.deg2rad(sides[:, 4])
    turned = np.flatnonzero(sides[:, 4] % 360 != 0)
    if len(turned):
        x, y, w, h = box[turned].T
        cos, sin = np.cos(angle[turned]), np.sin(angle[turned])
        across = np.stack([np.zeros_like(w), w * cos, -h * sin, w * cos - h * sin])
        down = np.stack([np.zeros_like(w), w * sin, h * cos, w * sin + h * cos])
        box[turned] = np.column_stack([x + across.min(0), y + down.min(0), np.ptp(across, 0), np.ptp(down, 0)])
    return box, len(turned)
