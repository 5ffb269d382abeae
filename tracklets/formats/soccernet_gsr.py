"""SoccerNet game state reconstruction: ``Labels-GameState.json``, and the predictions that are compared with it.

https://github.com/SoccerNet/sn-gamestate, ChallengeRules.md. Labels have the keys info, images, annotations and
categories; predictions are ``{"predictions": [...]}`` of the same objects. An ``image_id`` is a word of ten digits:
split, video and frame, counted from 1. Positions on the pitch are metres from its centre.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.json_text import text_of, value_of
from reid_solve.tracklets.formats.nested import NestedOrigin, columns_of, named, value_column
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.table import Clip, FloatArray, Note, counted

PITCH = ("x_bottom_left", "y_bottom_left", "x_bottom_right", "y_bottom_right")  # beside the middle, which is the place
_ATTRIBUTES = ("role", "team", "jersey")
_SIGNS = re.compile(
    rb'\s*\{\s*(?:"predictions"\s*:\s*\[|.*?"(?:bbox_image|bbox_pitch|has_labeled_person|is_labeled)"\s*:)', re.DOTALL
)
_USED = frozenset({"track_id", "attributes", "bbox_image", "bbox_pitch", "supercategory"})
_EMPTY: Mapping[str, Any] = {"frame": pa.int64(), "track_id": pa.int64(), **dict.fromkeys("xywh", pa.float64())}


def _is_gsr(file: File) -> bool:
    return file.begins(_SIGNS)


@reader(
    "soccernet-gsr",
    recognises=_is_gsr,
    turn=0,
    about="SoccerNet game state: Labels-GameState.json, or predictions",
    extensions=(".json",),
)
def read_gsr(file: File, options: Options) -> Loaded:
    """Read the objects of a game state; lines of the pitch and cameras are left out.

    Raises:
        InputError: it is no JSON, or not of such a shape.
    """
    source = str(file)
    text, notes = text_of(file)
    content = value_of(text, source)
    lists = _entries(content)
    if not lists:
        raise InputError(
            f"{source}: JSON, but without a list of objects under 'predictions' or 'annotations', as SoccerNet's game "
            "state has; write MOT text, CSV or parquet"
        )
    (key, entries), *beside = lists.items()
    if beside:
        text = f"{key} are read, not {beside[0][0]} beside them ({counted(len(beside[0][1]), 'object')})"
        notes += (Note("entries-ignored", len(beside[0][1]), text, "warning"),)
    found = [one for one in entries if one.get("supercategory", "object") == "object"]
    others = len(entries) - len(found)
    if others:
        kinds = sorted({str(one.get("supercategory"))[:20] for one in entries} - {"object"})
        text = f"{counted(others, 'object')} of {', '.join(kinds[:5])}: no detections, left out"
        notes += (Note("entries-ignored", others, text, "warning"),)
    images = _dicts(content.get("images"))
    frames = {str(one["image_id"]): _frame_of_image(one, k) for k, one in enumerate(images) if "image_id" in one}
    clip = _clip(content, images, frames, source)

    def path(row: int) -> str:
        return f"object {row + 1} (id {named(found[row].get('id'))}, image {named(found[row].get('image_id'))})"

    frame = np.array([_frame(one, frames, source, path, row) for row, one in enumerate(found)], np.int64)
    columns: dict[str, Any] = {"frame": arrays.column(frame)}
    columns["track_id"] = value_column([one.get("track_id") for one in found])
    box = _numbers(found, "bbox_image", ("x", "y", "w", "h", "x_center", "y_center"), source, path)
    centred = np.isnan(box[:, :2]) & ~np.isnan(box[:, 4:])
    box[:, :2] = np.where(centred, box[:, 4:] - box[:, 2:4] / 2, box[:, :2])
    columns |= {name: arrays.column(np.ascontiguousarray(box[:, k])) for k, name in enumerate("xywh")}
    said = [one["attributes"] if isinstance(one.get("attributes"), dict) else {} for one in found]
    columns |= {name: _words(said, name) for name in _ATTRIBUTES if any(one.get(name) is not None for one in said)}
    labels = {one.get("id"): one.get("name") for one in _dicts(content.get("categories")) if _is_scalar(one.get("id"))}
    kinds_of = [labels.get(one.get("category_id")) if _is_scalar(one.get("category_id")) else None for one in found]
    if any(isinstance(kind, str) for kind in kinds_of) and not any("class_name" in one for one in found):
        columns["class_name"] = value_column([kind if isinstance(kind, str) else None for kind in kinds_of])
    place = _numbers(found, "bbox_pitch", ("x_bottom_middle", "y_bottom_middle", *PITCH), source, path)
    for k, name in enumerate(("pitch_x", "pitch_y", *PITCH)):
        if not np.isnan(place[:, k]).all():
            columns[name] = arrays.column(np.ascontiguousarray(place[:, k]), np.isnan(place[:, k]))
    more = [{**one, **_rest(inside)} for one, inside in zip(found, said, strict=True)]
    extra, ignored = columns_of(more, _USED, {*columns} - _USED)
    table = pa.table({**columns, **extra} if found else {name: pa.nulls(0, kind) for name, kind in _EMPTY.items()})
    given = {"frame": "frame", "track_id": "track_id"}  # not image_id, and not the annotation's own id
    return Loaded(table, clip, NestedOrigin(table, path), (*notes, *ignored), given)


def _entries(content: Any) -> dict[str, list[dict[str, Any]]]:
    """The lists of objects in a file by their keys, the one to read first; none where it has no such list."""
    lists = {key: content.get(key) for key in ("predictions", "annotations")} if isinstance(content, dict) else {}
    return {
        key: found
        for key, found in lists.items()
        if isinstance(found, list) and all(isinstance(one, dict) for one in found)
    }


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _rest(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if key not in _ATTRIBUTES}


def _frame_of_image(image: Mapping[str, Any], at: int) -> int:
    stem = str(image.get("file_name", "")).rpartition("/")[2].partition(".")[0]
    return int(stem) if re.fullmatch(r"\d{1,18}", stem) else at + 1


def _frame(one: Mapping[str, Any], frames: Mapping[str, int], source: str, path: Callable[[int], str], row: int) -> int:
    """The frame's number: as the list of images says, else the last six digits of SoccerNet's ten, else the number."""
    name = str(one.get("image_id"))
    if name in frames:
        return frames[name]
    if not re.fullmatch(r"\d{1,18}", name):
        raise InputError(f"{source}, {path(row)}: image_id is {name[:40]!r}, which names no frame; correct it")
    return int(name[-6:]) if len(name) == 10 else int(name)


def _numbers(
    found: Sequence[Mapping[str, Any]], key: str, names: Sequence[str], source: str, path: Callable[[int], str]
) -> FloatArray:
    """Numbers (n, k) of a dictionary in each object, NaN where there is none."""
    numbers = np.full((len(found), len(names)), np.nan)
    for row, one in enumerate(found):
        inside = one.get(key)
        if inside is None:
            continue
        try:
            numbers[row] = [np.nan if inside.get(name) is None else float(inside[name]) for name in names]
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{source}, {path(row)}: {key} is {named(inside)}, not numbers; correct it") from error
    return numbers


def _words(said: Sequence[Mapping[str, Any]], name: str) -> Any:
    values = [one.get(name) for one in said]
    return pa.array([None if value is None else str(value) for value in values], pa.string()).dictionary_encode()


def _clip(
    content: Mapping[str, Any], images: Sequence[Mapping[str, Any]], frames: Mapping[str, int], source: str
) -> Clip:
    found = content.get("info")
    info = found if isinstance(found, dict) else {}
    first = images[0] if images else {}
    wanted = {"fps": info.get("frame_rate"), "width": first.get("width"), "height": first.get("height")}
    wanted["length"] = info.get("seq_length") or len(images) or None
    known: dict[str, Any] = {
        key: value for key, value in wanted.items() if isinstance(value, int | float) and 0 < value < 1e9
    }
    base = 0 if min(frames.values(), default=1) == 0 else 1
    return Clip(source=source, format="soccernet-gsr", metadata={"frame_base": base}, **known)
