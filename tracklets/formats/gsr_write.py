"""Tracks as predictions of SoccerNet's game state reconstruction; see ``soccernet_gsr.py``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.formats import row_text
from reid_solve.tracklets.formats.registry import writer
from reid_solve.tracklets.formats.soccernet_gsr import PITCH
from reid_solve.tracklets.table import IntArray, Note, Tracks, counted

_MORE = ("class_name", "class_id", "role_score", "team_score", "jersey_score", "gt_id", "identity_score")
_HELD = ("frame", "sequence", "track_id", "identity", "score", "role", "team", "jersey", "pitch_x", "pitch_y", *_MORE)


@writer("soccernet-gsr", extensions=(".json",), about="predictions, whose track_id is the identity")
def write_gsr(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write ``{"predictions": [...]}``, an object for each row, in the rows' order; frames are counted from 1.

    ``track_id`` is the identity where there is one, and -1 for nobody; the tracker's own id is ``tracker_id`` then.
    ``bbox_pitch`` is there for rows with a place on the pitch. Rows that came from such a file keep their ``image_id``.
    """
    n, canonical = len(tracks), tracks.canonical
    shift = 1 - row_text.first_frame(tracks)
    key = "identity" if "identity" in tracks else "track_id"
    whole = {name: _json(canonical[name]) for name in ("track_id", key, *_MORE) if name in tracks}
    nobody = arrays.strings(["-1"]).take(arrays.column(np.zeros(n, np.int8)))
    image = _image_ids(tracks, shift)
    video = _json(canonical["sequence"]) if "sequence" in tracks else None
    more = {name: whole[name] for name in _MORE if name in tracks}
    if key == "identity":
        more["tracker_id"] = whole["track_id"]
    if "score" in tracks:
        more["confidence"] = _json(canonical["score"])
    said = {name: _json(canonical[name]) for name in ("jersey", "team") if name in tracks}
    said["role"] = _json(_roles(tracks))
    x, y, w, h = tracks.boxes.T
    box = {"x": x, "y": y, "x_center": x + w / 2, "y_center": y + h / 2, "w": w, "h": h}
    pitch = _pitch(tracks)

    def lines(at: IntArray) -> Any:
        size = len(at)
        parts: list[row_text.Part] = [
            '{"id": "', row_text.plain(arrays.column(at)), '", "image_id": ', row_text.of_rows(image, at),
            ', "track_id": ', pc.coalesce(row_text.of_rows(whole[key], at), row_text.of_rows(nobody, at)),
            ', "supercategory": "object", "category_id": 1',
        ]  # fmt: skip
        if video is not None:
            parts += [row_text.optional([', "video_id": ', row_text.of_rows(video, at)], size)]
        for name, values in more.items():
            # without a class_id of its own, a row would have the category for one
            otherwise = ', "class_id": null' if name == "class_id" else ""
            parts += [row_text.optional([f', "{name}": ', row_text.of_rows(values, at)], size, otherwise)]
        for place, name in enumerate(("role", "jersey", "team")):
            parts.append(', "attributes": {' if not place else ", ")
            value = row_text.of_rows(said[name], at) if name in said else None
            parts += [f'"{name}": ', "null" if value is None else row_text.optional([value], size, "null")]
        for place, (name, side) in enumerate(box.items()):
            parts += ['}, "bbox_image": {' if not place else ", ", f'"{name}": ']
            parts += [row_text.plain(arrays.column(side[at]))]
        parts += ["}", row_text.optional(_place(pitch, at), size) if pitch else ""]
        parts += [row_text.chosen(at < n - 1, "},\n", "}\n")]
        return row_text.joined(parts, size)

    stream.write(b'{"predictions": [\n')
    row_text.write_blocks(stream, np.arange(n), lines)
    stream.write(b"]}\n")
    return tuple(_notes(tracks, shift, whole[key], key))


def _json(column: Any) -> Any:
    """Values (n,) as JSON, null where null."""
    if not _is_words(column):
        return row_text.plain(column)
    return row_text.mapped(column, lambda word: json.dumps(word, ensure_ascii=False))


def _is_words(column: Any) -> bool:
    return arrays.is_text(arrays.value_type(arrays.whole(column).type))


def _image_ids(tracks: Tracks, shift: int) -> Any:
    """What each row's picture is called, as JSON: as in the file it came from, else its number, six digits or more."""
    source = tracks.source
    if tracks.clip.format == "soccernet-gsr" and "image_id" in source.column_names:
        given = row_text.plain(source["image_id"])
        if not given.null_count:
            return row_text.mapped(given, json.dumps)
    numbers = row_text.plain(arrays.column(tracks.frame + shift))
    # ten digits would be SoccerNet's: split, video and frame
    return row_text.mapped(numbers, lambda word: json.dumps(word.zfill(12 if len(word) > 9 else 6)))


def _roles(tracks: Tracks) -> Any:
    from reid_solve.tracklets.labels import roles_of_rows  # which needs the writers

    if "role" in tracks:
        return pc.coalesce(row_text.plain(tracks.canonical["role"]), roles_of_rows(tracks))
    return roles_of_rows(tracks)


def _pitch(tracks: Tracks) -> dict[str, Any]:
    if "pitch_x" not in tracks and "pitch_y" not in tracks:
        return {}
    found = {
        f"{side}_bottom_middle": tracks.canonical[name] if name in tracks else pa.nulls(len(tracks), pa.float32())
        for side, name in (("x", "pitch_x"), ("y", "pitch_y"))
    }
    for name in PITCH:
        if name in tracks.source.column_names and not _is_words(tracks.source[name]):
            found[name] = tracks.source[name]
    return {name: row_text.plain(values) for name, values in found.items()}


def _place(pitch: dict[str, Any], at: IntArray) -> list[row_text.Part]:
    """The parts of a place on the pitch; null in all of them where there is neither x nor y."""
    given = {name: row_text.of_rows(values, at) for name, values in pitch.items()}
    x, y = given.pop("x_bottom_middle"), given.pop("y_bottom_middle")
    anywhere = arrays.present(x) | arrays.present(y)
    parts: list[row_text.Part] = [arrays.strings([', "bbox_pitch": {']).take(arrays.column(at * 0, ~anywhere))]
    for name, values in (('"x_bottom_middle": ', x), (', "y_bottom_middle": ', y)):
        parts += [name, row_text.optional([values], len(at), "null")]
    for name, values in given.items():
        parts.append(row_text.optional([f', "{name}": ', values], len(at)))
    return [*parts, "}"]


def _notes(tracks: Tracks, shift: int, ids: Any, key: str) -> Iterator[Note]:
    if shift:
        text = f"SoccerNet counts frames from 1: {shift} more than in the table"
        yield Note("frames-shifted", len(tracks), text, "warning")
    if ids.null_count:
        text = f"no {key} in {counted(ids.null_count, 'row')}: track_id -1, which SoccerNet's evaluation does not take"
        yield Note("unassigned", ids.null_count, text, "warning")
    if _is_words(tracks.canonical[key]):
        text = "ids that are words are written as such; SoccerNet's own are numbers"
        yield Note("ids-not-numbers", len(tracks), text, "warning")
    own = {*PITCH, "id", "image_id", "category_id", "tracker_id", "interpolated"}
    yield from row_text.facts_left_out(tracks, ("frame_base",), "a list of predictions")
    yield from row_text.columns_left_out(tracks, _HELD, own, "a game state")
