"""The folder ``labels`` that Ultralytics' ``save_txt=True`` fills: one little file a frame, its number in the name.

``match_17.txt`` of a video, ``000017.txt`` of pictures; lines of ``class xc yc w h [confidence] [id]``, box centre and
size as shares of the picture. There is no file for a frame in which nothing was found.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.formats.registry import Loaded, Options, reader
from reid_solve.tracklets.formats.sources import Folder
from reid_solve.tracklets.formats.ultralytics_lines import LAYOUT, Labels, beginning, values_of
from reid_solve.tracklets.table import Clip, IntArray, Note, counted

NAME = "ultralytics-folder"
_NUMBERED = re.compile(r"(.*?)(\d{1,18})\.txt", re.DOTALL | re.IGNORECASE)
_LINE = re.compile(rb"\s*\d+(?:\s+-?\d[\d.eE+-]*){4,}\s*$")
_LOOKED_AT = 20  # files, to tell what a folder is


@dataclass(frozen=True)
class LabelOrigin:
    """Rows of many files, by file and line."""

    labels: Labels
    file: IntArray  # (n,) of each row
    line: IntArray  # (n,) of each row, from 1
    table: Any

    def place(self, row: int) -> str:
        """Name the file and the line."""
        return f"{self.labels.names[self.file[row]]}, line {self.line[row]}"

    def cell(self, row: int, column: str) -> str:
        """Give the value as Python prints it."""
        return str(self.table[column][row].as_py())


def _labels(folder: Folder) -> Labels | None:
    """The numbered files of a folder, or of the folder ``labels`` in it; None where there are none."""
    found = [_NUMBERED.fullmatch(name) for name in folder.files]
    matches = [match for match in found if match is not None]
    if not matches:
        inner = folder.folder("labels")
        return None if inner is None or folder.path.name == "labels" else _labels(inner)
    frame = np.array([int(match[2]) for match in matches], np.int64)
    stems = [match[1].rstrip("_-. ") for match in matches]
    videos = sorted(set(stems))
    video = np.searchsorted(np.array(videos), np.array(stems)) if len(videos) > 1 else np.zeros(len(stems), np.int64)
    order = np.lexsort((frame, video))
    names = [matches[i][0] for i in order]
    return Labels(folder.path, names, frame[order], video[order].astype(np.int64), videos, len(found) - len(names))


def _is_labels(source: Folder) -> bool:
    labels = _labels(source)
    if labels is None:
        return False
    step = max(1, len(labels.names) // _LOOKED_AT)
    try:
        heads = [beginning(os.path.join(labels.place, name), 4096) for name in labels.names[::step]]
    except OSError:
        return False
    first = [line for head in heads for line in head.split(b"\n")[:1] if line.strip()]
    return bool(first) and all(_LINE.match(line) and _shares(line) for line in first)


def _shares(line: bytes) -> bool:
    return all(-0.5 <= float(cell) <= 1.5 for cell in line.split()[1:5])


@reader(
    NAME,
    recognises=_is_labels,
    takes="folder",
    about=f"Ultralytics' save_txt: one file a frame, its number in the name, of {LAYOUT}; needs --size",
    extensions=(".txt",),
)
def read_labels(folder: Folder, options: Options) -> Loaded:
    """Read the files of a folder in one go; frames without a file are frames without people.

    The columns ``x, y, w, h`` are in pixels, since every other format has them so.

    Raises:
        InputError: no size of the picture, names without numbers, or lines of another layout.
        OptionError: a box format; this format has only one.
    """
    source = str(folder)
    labels = _labels(folder)
    if labels is None:
        raise InputError(f"{source}: no files whose names end in a frame number, as match_17.txt; give that folder")
    if len(labels.videos) > 1 and 2 * len(labels.videos) > len(labels.names):
        example = labels.names[0]
        raise InputError(f"{source}: names such as {example} do not end in frame numbers; name the files match_17.txt")
    if options.box_format not in {None, "cxcywh"}:
        raise OptionError(f"{source}: boxes of save_txt are centre and size; leave --box-format out")
    if options.size is None:
        raise InputError(f"{source}: the boxes are shares of the picture; give its size in pixels: --size 1920x1080")
    table, file, line = values_of(labels, source)
    table, notes = _named(table, labels, file, source)
    table = _scaled(table, labels, file, options.size)
    if labels.others:
        text = f"{counted(labels.others, 'file')} without a frame number at the end of the name left alone"
        notes = (*notes, Note("files-ignored", labels.others, text, "warning"))
    clip = Clip(source=source, format=NAME)
    return Loaded(table, clip, LabelOrigin(labels, file, line, table), notes)


def _named(table: Any, labels: Labels, file: IntArray, source: str) -> tuple[Any, tuple[Note, ...]]:
    """Give the columns names; the sixth of six may be a confidence or an id, which its numbers tell."""
    width, notes = table.num_columns, []
    kinds = ["class_id", "xc", "yc", "w", "h"]
    if width == 7:
        kinds += ["score", "track_id"]
        lone = arrays.present(table["5"]) & ~arrays.present(table["6"])
        # Without save_conf no line has seven values, so six are a confidence of somebody without an id.
        if lone.any():
            shares = arrays.floats(table["5"])[lone]
            if (shares > 1).any():
                raise InputError(f"{source}: lines of 6 and of 7 values whose sixth is no confidence; write it again")
    elif width == 6:
        last = arrays.floats(table["5"])
        last = last[~np.isnan(last)]
        kinds.append("track_id" if (np.floor(last) == last).all() else "score")
        if kinds[-1] == "score":
            if (last > 1).any():
                raise InputError(f"{source}: the sixth values are neither confidences nor ids; expected {LAYOUT}")
            text = "no ids: six values a line, the last a confidence; track with model.track, not model.predict"
            notes.append(Note("no-ids", table.num_rows, text, "warning"))
    else:
        text = "no ids: five values a line; track with model.track, not model.predict"
        notes.append(Note("no-ids", table.num_rows, text, "warning"))
    table = table.rename_columns(kinds)
    for name in ("class_id", "track_id"):
        table = _whole(table, name, source, labels, file)
    return table, tuple(notes) if table.num_rows else ()


def _whole(table: Any, name: str, source: str, labels: Labels, file: IntArray) -> Any:
    """A column of whole numbers; of nulls where the files have none."""
    if name not in table.column_names:
        return table.append_column(name, pa.nulls(table.num_rows, pa.int64()))
    numbers = arrays.floats(table[name])
    there = ~np.isnan(numbers)
    wrong = np.flatnonzero(there & ((np.floor(numbers) != numbers) | (np.abs(numbers) >= 2**53)))
    if len(wrong):
        at = int(wrong[0])
        raise InputError(
            f"{source}, {labels.names[file[at]]}: {name} is {numbers[at]:g}, not a whole number; expected {LAYOUT}"
        )
    whole = np.where(there, numbers, 0).astype(np.int64)
    return table.set_column(table.schema.get_field_index(name), name, arrays.column(whole, ~there))


def _scaled(table: Any, labels: Labels, file: IntArray, size: tuple[int, int]) -> Any:
    """The table that users get: video, frame, id, box in pixels, confidence, class."""
    xc, yc, w, h = (arrays.floats(table[name]) for name in ("xc", "yc", "w", "h"))
    columns: dict[str, Any] = {}
    if len(labels.videos) > 1:
        codes = arrays.column(labels.video[file].astype(np.int32))
        columns["sequence"] = pa.DictionaryArray.from_arrays(codes, arrays.strings(labels.videos))
    columns |= {"frame": arrays.column(labels.frame[file]), "track_id": table["track_id"]}
    with np.errstate(over="ignore", invalid="ignore"):  # boxes that are not finite are refused later, with their line
        sides = {"x": (xc - w / 2) * size[0], "y": (yc - h / 2) * size[1], "w": w * size[0], "h": h * size[1]}
    columns |= {name: arrays.column(side) for name, side in sides.items()}
    columns |= {"score": table["score"]} if "score" in table.column_names else {}
    return pa.table({**columns, "class_id": table["class_id"]})
