"""CVAT for video 1.1: an XML of tracks, each with a box for every frame in which it is seen.

https://docs.cvat.ai/docs/manual/advanced/xml_format/. CVAT counts frames from 0. An export has the boxes between
keyframes already; those with ``outside="1"`` say where a track is not seen, and are no detections.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import BOX_LISTS, BOXES, is_word
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.cvat_parse import Found, parse
from reid_solve.tracklets.formats.nested import NestedOrigin, box_columns
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.turned import upright
from reid_solve.tracklets.table import Clip, FloatArray, Note

_SHAPE = re.compile(rb"<annotations[\s>]")
_WHOLE = re.compile(r"0|-?[1-9]\d{0,18}")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,30})?([eE][+-]?\d{1,3})?")
_OWN = (
    *(side for group, _ in BOXES for side in group),
    *BOX_LISTS,
    "frame",
    "track_id",
    "sequence",
    "label",
    "occluded",
    "keyframe",
    "source",
    "group_id",
)


def _is_cvat(file: File) -> bool:
    head = file.head
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\0", b"")
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] == b"<" and _SHAPE.search(head) is not None


@reader("cvat-xml", recognises=_is_cvat, turn=0, about="CVAT for video 1.1: tracks in XML", extensions=(".xml",))
def read_cvat(file: File, options: Options) -> Loaded:
    """Read the tracks of a CVAT export; of one for images the boxes, which are in no track.

    Attributes become columns of words.

    Raises:
        InputError: no such XML, or one that declares entities or names other files.
    """
    source = str(file)
    found = parse(file, salvage=options.salvage)
    n = len(found.frame)
    track = np.array(found.track, np.int64)
    columns: dict[str, Any] = {"frame": _whole(found.frame, found, source)}
    columns["track_id"] = _ids(found).take(arrays.column(track))
    tasks = [one.get("task_id") for one in found.tracks]
    several = len({task for task in tasks if task is not None}) > 1
    if several:
        columns["sequence"] = _words(tasks).take(arrays.column(track))
    columns["label"] = _words([one.get("label") for one in found.tracks]).take(arrays.column(track))
    box = np.array(found.box, np.float64).reshape(n, 4)
    box, turned = _upright(box, np.array(found.angle, np.float64))
    columns |= box_columns(box, "xyxy")
    columns |= {name: arrays.column(np.array(getattr(found, name), np.bool_)) for name in ("occluded", "keyframe")}
    for name, key in (("source", "source"), ("group_id", "group_id")):
        given = [one.get(key) for one in found.tracks]
        if any(value is not None for value in given):
            columns[name] = _words(given).take(arrays.column(track))
    for name, (rows, values) in found.attributes.items():
        columns[_free(name, columns)] = _sparse(rows, values, n, is_word(name))
    table = pa.table(columns)
    length = None if several else found.facts.get("length")
    known: dict[str, Any] = {key: found.facts[key] for key in ("width", "height") if key in found.facts}
    clip = Clip(source=source, format="cvat-xml", length=length, metadata={"frame_base": 0}, **known)
    lines = found.line
    return Loaded(table, clip, NestedOrigin(table, lambda row: f"line {lines[row]}"), (*turned, *_notes(found)))


def _upright(box: FloatArray, angle: FloatArray) -> tuple[FloatArray, tuple[Note, ...]]:
    """Corners (n, 4) of boxes that CVAT turned about their centres."""
    turned = np.flatnonzero(angle % 360)
    with np.errstate(over="ignore", invalid="ignore"):  # boxes that are not finite are refused later, with their line
        sides = np.hstack([box[turned, :2], box[turned, 2:] - box[turned, :2]])
        around, notes = upright(sides, angle[turned], 0.5)
        box[turned] = np.hstack([around[:, :2], around[:, :2] + around[:, 2:]])
    return box, notes


def _notes(found: Found) -> tuple[Note, ...]:
    notes = list(found.notes)
    if found.shapes:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.shapes.items()))
        text = f"shapes that are no boxes ({kinds}) are left out"
        notes.append(Note("shapes-ignored", sum(found.shapes.values()), text, "warning"))
    return tuple(notes)


def _ids(found: Found) -> Any:
    """Of each track: a number if all are, else a word; null for one without id."""
    given = [one.get("id") for one in found.tracks]
    if all(one is None or _is_whole(one) for one in given):
        whole = np.array([-1 if one is None else int(one) for one in given], np.int64)
        return arrays.column(whole, np.array([one is None for one in given], np.bool_))
    return pa.array(given, pa.string())


def _is_whole(word: str) -> bool:
    return _WHOLE.fullmatch(word) is not None and abs(int(word)) < 2**63


def _words(given: list[str | None]) -> Any:
    coded = pa.array(given, pa.string())
    return coded.dictionary_encode()


def _sparse(rows: list[int], values: list[str], n: int, word: bool) -> Any:
    """What is given for some rows as a column (n,): numbers if all are and the name is not one of words, else words."""
    at = np.full(n, -1, np.int64)
    at[rows] = np.arange(len(rows))
    given = pa.array(values, pa.string()).dictionary_encode()
    if not word and all(_is_whole(one) for one in given.dictionary.to_pylist()):
        given = arrays.column(np.array([int(one) for one in values], np.int64))
    elif not word and all(_NUMBER.fullmatch(one) for one in given.dictionary.to_pylist()):
        given = arrays.column(np.array([float(one) for one in values]))
    return given.take(arrays.column(np.maximum(at, 0), at < 0))


def _free(name: str, taken: dict[str, Any]) -> str:
    """A column's name for an attribute, whose own may be that of a box's side."""
    low = {one.lower() for one in (*taken, *_OWN)}
    while name.strip().lower() in low or not name:
        name = f"attribute_{name}"
    return name


def _whole(numbers: list[int], found: Found, source: str) -> Any:
    try:
        return arrays.column(np.array(numbers, np.int64))
    except OverflowError as error:
        at = next(row for row, number in enumerate(numbers) if abs(number) >= 2**63)
        raise InputError(f"{source}, line {found.line[at]}: frame {str(numbers[at])[:30]} is too large") from error
