"""Where and when the pictures of a set were taken, for position as a cue in retrieval: ``places.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from reid_solve.evaluation.retrieval.files import read_table
from reid_solve.evaluation.retrieval.position import COLUMNS
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import describe
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import FloatArray, Tracks

FILE = "places.csv"


def places(tracks: Tracks, fps: float, size: tuple[float, float]) -> FloatArray:
    """Seconds, feet (2) and body height of every row of a clip, (n, 4).

    Feet and heights are in pixels of the first frame's picture, with the camera's motion taken out as the tracks show
    it (see ``tracklets.camera``): who comes back after a pan is where he was. Metres, where the rows have a pitch.

    Args:
        tracks: rows of a clip.
        fps: frames a second.
        size: width and height of the picture, pixels.
    """
    out = np.full((len(tracks), len(COLUMNS)), np.nan)
    for found in describe(tracks, fps, size):
        out[found.rows] = np.column_stack([found.frame / fps, found.reference.position, found.reference.unit])
    return out


def write_places(root: Path, rows: Iterable[tuple[str, Sequence[float]]]) -> None:
    """Write the file of a set: a path, and its numbers, a row."""
    with (root / FILE).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("path", *COLUMNS))
        for path, numbers in rows:
            out.writerow((path, *(f"{number:.3f}" for number in numbers)))


def places_in(root: Path, paths: Sequence[str]) -> dict[str, list[float | None]]:
    """Columns time, x, y and height of pictures (n,) from a set's file; nothing where it has none.

    Raises:
        InputError: the file is of another form.
    """
    file = root / FILE
    if not file.is_file():
        return {}
    table = read_table(file)
    missing = [name for name in ("path", *COLUMNS) if name not in table.column_names]
    if missing:
        raise InputError(f"{file}: no column {', '.join(missing)}; needed: path, {', '.join(COLUMNS)}")
    row = {path: number for number, path in enumerate(table["path"].to_pylist())}
    out: dict[str, list[float | None]] = {}
    for name in COLUMNS:
        try:
            numbers = arrays.floats(table[name]).tolist()
        except KeyError as error:
            raise InputError(f"{file}: column {name!r} holds {table[name].type}, not numbers") from error
        out[name] = [numbers[row[path]] if path in row else None for path in paths]
    return out
