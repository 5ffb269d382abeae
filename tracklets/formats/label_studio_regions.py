"""The regions of a Label Studio export: keyframes of one thing each, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from reid_solve.tracklets.boxes import LARGEST
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.nested import named
from reid_solve.tracklets.table import FloatArray, IntArray

# Keyframes may be as far apart as a file says, so rows are not bounded by its size. A match of 100 minutes at 25 frames
# a second with 33 people in view throughout has five million.
MOST_ROWS = 1_000_000, 20  # so many, or so many for each character of the file: keyframes may be hours apart
SIDES = ("x", "y", "width", "height", "rotation", "time")
_ANSWERS = ("choices", "text", "number", "rating")


@dataclass(frozen=True)
class Region:
    """One track: keyframes (k,) in order, and what is said of it."""

    key: Any  # its id
    recording: int
    frame: IntArray
    enabled: IntArray
    sides: FloatArray  # (k, 6): SIDES, NaN where unknown
    last: int  # the video's last frame; 0 if unknown
    size: tuple[Any, Any]
    said: Mapping[str, Any]

    @property
    def ends(self) -> IntArray:
        """One beyond the last frame that each keyframe stands for, (k,)."""
        following = np.append(self.frame[1:], max(self.last, int(self.frame[-1])) + 1)
        return np.where(self.enabled > 0, following, self.frame + 1)


@dataclass
class Export:
    """What is in a file."""

    names: list[str] = field(default_factory=list)  # of the recordings: every annotation of a task is one
    regions: list[Region] = field(default_factory=list)
    repeated: int = 0  # keyframes left out, because their region has an earlier one of the same frame
    others: Counter[str] = field(default_factory=Counter)  # results that are no regions of a video, by type


def export_of(tasks: Sequence[Any], source: str, size: int) -> Export:
    """Take the regions of all tasks.

    Args:
        tasks: as they stand in the file.
        source: its name, for messages.
        size: how many characters it has.

    Raises:
        InputError: something is no task, a keyframe lacks what it needs, or they stand for too many rows.
    """
    found = Export()
    rows, most = 0, max(MOST_ROWS[0], MOST_ROWS[1] * size)
    for place, task in enumerate(tasks):
        if not isinstance(task, dict):
            raise InputError(f"{source}: JSON, but task {place + 1} is no task of Label Studio; export it as JSON")
        done = _annotations(task)
        for number, results in enumerate(done):
            found.names.append(_name(task, place) + (f" ({number + 1})" if len(done) > 1 else ""))
            for one in _joined(results, found, f"{source}, task {named(task.get('id', place + 1))}"):
                rows += int((one.ends - one.frame).sum())  # before any is made
                if rows > most:
                    raise InputError(
                        f"{source}, region {named(one.key)}: filling in its frames (to {max(one.frame[-1], one.last)}) "
                        f"makes more than {most} rows; check framesCount and the frames of its keyframes"
                    )
                found.regions.append(one)
    if len(set(found.names)) < len(found.names):
        found.names = [f"{name} #{k + 1}" for k, name in enumerate(found.names)]
    return found


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


def _joined(results: Sequence[Any], found: Export, place: str) -> Iterator[Region]:
    """Regions of one annotation, each with its labels and answers, which may be results of their own of the same id."""
    said: dict[Any, dict[str, Any]] = {}
    shapes: dict[Any, tuple[dict[str, Any], dict[str, Any]]] = {}
    for at, one in enumerate(results):
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(value, dict):
            continue
        key = one.get("id") if isinstance(one.get("id"), str | int) else at + 1
        inside = said.setdefault(key, {})
        labels = value.get("labels")
        if isinstance(labels, list) and labels:
            inside["label"] = ", ".join(map(str, labels))
        answers = {kind: value[kind] for kind in _ANSWERS if value.get(kind) is not None}
        for kind, answer in answers.items():
            words = ", ".join(map(str, answer)) if isinstance(answer, list) else answer
            inside[str(one.get("from_name", kind))] = words if isinstance(words, int | float) else str(words)
        if isinstance(value.get("sequence"), list):
            if value["sequence"]:
                shapes.setdefault(key, (one, value))  # a result of its labels may repeat the sequence
        elif "labels" not in value and not answers:
            found.others[named(one.get("type"))] += 1
    for key, (one, value) in shapes.items():
        region, repeated = _region(key, one, value, len(found.names) - 1, said[key], f"{place}, region {named(key)}")
        found.repeated += repeated
        yield region


def _region(
    key: Any, one: Mapping[str, Any], value: Mapping[str, Any], recording: int, said: Mapping[str, Any], place: str
) -> tuple[Region, int]:
    """A region, and how many of its keyframes are not used because there is an earlier one of that frame."""
    try:
        frames = [one["frame"] for one in value["sequence"]]
        if not all(isinstance(frame, int) and abs(frame) < 2**53 for frame in frames):
            raise ValueError(f"frames {str(frames)[:60]}")
        rows = [[np.nan if one.get(side) is None else float(one[side]) for side in SIDES] for one in value["sequence"]]
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
    last = count if isinstance(count, int) and 0 < count < 2**53 else 0
    size = (one.get("original_width"), one.get("original_height"))
    if not all(isinstance(side, int | float) and side > 0 for side in size):
        size = (value.get("original_width"), value.get("original_height"))
    region = Region(key, recording, frame, np.array(enabled, np.int64)[first], sides[first], last, size, said)
    return region, len(frames) - len(frame)
