"""Label Studio, video: an export of tasks whose regions (VideoRectangle) are keyframes.

https://labelstud.io/tags/videorectangle: frames count from 1, boxes are in per cent of the picture, their corner is the
top left, and they are turned about it. Between keyframes, the box moves evenly while the earlier one is ``enabled``;
after the last, if that is, it stays to the end of the video. A keyframe that is not enabled is the last frame in which
the region is seen. So does Label Studio's own export that fills frames in (``extract_key_frames`` of its SDK).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.json_text import text_of, values_of
from reid_solve.tracklets.formats.label_studio_regions import Export, Region, export_of
from reid_solve.tracklets.formats.nested import NestedOrigin, box_columns, named, value_column
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.turned import upright
from reid_solve.tracklets.table import Clip, FloatArray, IntArray, Note, counted

_SIGNS = re.compile(
    rb'\s*(?:\[\s*)?\{(?=.*?"sequence"\s*:\s*\[)(?=.*?"(?:enabled|framesCount|videorectangle)")'
    rb'|\s*(?:\[\s*)?\{(?=.*?"(?:annotations|completions)"\s*:\s*\[)(?=.*?"result"\s*:\s*\[)',
    re.DOTALL,
)


def _is_label_studio(file: File) -> bool:
    return file.begins(_SIGNS)


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
    given = [task for value in values_of(text, source) for task in (value if isinstance(value, list) else [value])]
    found = export_of(given, source, len(text))
    regions = found.regions
    if not found.names:
        raise InputError(f"{source}: JSON, but no tasks of Label Studio with their annotations; export them as JSON")
    rows = [_filled(one) for one in regions]
    region = np.repeat(np.arange(len(regions)), [len(frame) for frame, _ in rows])
    frame = np.concatenate([np.zeros(0, np.int64), *(frame for frame, _ in rows)])
    sides = np.concatenate([np.zeros((0, 7)), *(sides for _, sides in rows)])
    sizes = np.array([_size(one, options, source) for one in regions], np.float64).reshape(-1, 2)
    box, turned = upright(sides[:, :4] / 100 * np.tile(sizes, 2)[region], sides[:, 4], 0)
    keys = value_column([one.key for one in regions])
    columns: dict[str, Any] = {"frame": arrays.column(frame), "track_id": keys.take(arrays.column(region))}
    columns |= box_columns(box, "xywh")
    if len(found.names) > 1:
        recording = np.array([one.recording for one in regions], np.int64)
        columns["sequence"] = arrays.strings(found.names).take(arrays.column(recording[region]))
    for name in dict.fromkeys(name for one in regions for name in one.said):
        answers = value_column([one.said.get(name) for one in regions])
        columns[name if name not in columns else f"{name}_said"] = answers.take(arrays.column(region))
    if not np.isnan(sides[:, 5]).all():
        columns["time"] = arrays.column(np.ascontiguousarray(sides[:, 5]), np.isnan(sides[:, 5]))
    between = sides[:, 6] > 0
    columns["interpolated"] = arrays.column(between)
    table = pa.table(columns)
    known = {(int(w), int(h)) for w, h in sizes}
    picture: dict[str, Any] = dict(zip(("width", "height"), known.pop(), strict=True)) if len(known) == 1 else {}
    length = max((one.last for one in regions), default=0) or None
    clip = Clip(source=source, format="label-studio", length=length, metadata={"frame_base": 1}, **picture)

    def path(row: int) -> str:
        return f"region {named(regions[region[row]].key)}, frame {frame[row]}"

    notes = (*notes, *_notes(found, int(between.sum()), len(frame)), *turned)
    return Loaded(table, clip, NestedOrigin(table, path), notes)


def _notes(found: Export, between: int, total: int) -> Iterator[Note]:
    if found.others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.others.items())[:5])
        count = found.others.total()
        yield Note("entries-ignored", count, f"results that are no regions of a video ({kinds}): left out", "warning")
    if found.repeated:
        text = f"{counted(found.repeated, 'keyframe')} of a frame that has one already: the first is used"
        yield Note("keyframes-twice", found.repeated, text)
    if between:
        text = f"{counted(between, 'row')} of {total} between keyframes: filled in as Label Studio does"
        yield Note("between-keyframes", between, f"{text}; their column interpolated is true", "warning")


def _filled(one: Region) -> tuple[IntArray, FloatArray]:
    """Every frame (n,) in which a region is seen, and its sides, (n, 7): the last column is 1 between keyframes."""
    counts = one.ends - one.frame
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
