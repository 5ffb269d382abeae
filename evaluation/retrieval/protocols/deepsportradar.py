"""DeepSportRadar player re-identification: basketball players of the first frame in the frames that follow.

Van Zandycke et al., DeepSportradar-v1: Computer Vision Dataset for Sports Understanding with High Quality Annotations,
MMSports 2022. Queries are camera 0, the gallery is camera 1. A submission is a CSV of (m + 1) x (n + 1) numbers: 0 and
the gallery's numbers in the first line; then for each query, in ascending order, its number and its distances.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reid_solve.evaluation.retrieval.evaluate import Labels
from reid_solve.evaluation.retrieval.items import Items
from reid_solve.evaluation.retrieval.layout import Layout
from reid_solve.evaluation.retrieval.protocols.registry import protocol, reading
from reid_solve.evaluation.retrieval.ranks import Source
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import IntArray

CAMERAS = {"query": 0, "gallery": 1}


@protocol("deepsportradar")
class DeepSportRadar:
    """One gallery for all; as the cameras are only names of the sides, nothing is dropped."""

    ending = ".csv"

    def gallery(self, gallery: Items) -> Items:
        """All of it."""
        return gallery

    def labels(self, query: Items, gallery: Items, people: bool = True) -> Labels:
        """Persons of both sides; cameras are checked where there are any."""
        for side in (query, gallery):
            if side.camid is not None and (side.camid != CAMERAS[side.side]).any():
                row = int(side.row[int(np.argmax(side.camid != CAMERAS[side.side]))])
                fact = f"a {side.side} picture by another camera than {CAMERAS[side.side]}"
                raise InputError(f"{side.source}, row {row}: {fact}; for cameras that differ use --protocol market")
        if not people:
            return Labels(query.row, gallery.row)
        pids = [side.need("pid", "there is nothing to score without people") for side in (query, gallery)]
        return Labels(pids[0], pids[1])

    def write(self, stream: BinaryIO, source: Source, layout: Layout, query: Items, gallery: Items) -> None:
        """Write the CSV, queries and gallery by their numbers."""
        rows, columns = query.numbers(), gallery.numbers()
        by_column = np.argsort(columns, kind="stable")
        stream.write(("0," + ",".join(map(str, columns[by_column].tolist())) + "\n").encode())
        for row in np.argsort(rows, kind="stable").tolist():
            numbers = source.flat(row, row + 1)[by_column]
            text = ",".join(np.char.mod("%.9g", numbers).tolist())  # nine digits keep every float32 apart
            stream.write(f"{rows[row]},{text}\n".encode())

    def validate(self, path: Path, sides: tuple[Items, Items] | None) -> dict[str, Any]:
        """Check the CSV."""
        columns: IntArray | None = None
        rows: list[int] = []
        for number, line in enumerate(_lines(path), start=1):
            cells = line.rstrip("\r\n").split(",")
            if columns is None:
                columns = _header(path, cells)
                continue
            if len(cells) != len(columns) + 1:
                fact = f"{len(cells)} values, the first line has {len(columns) + 1}"
                raise InputError(f"{path}, line {number}: {fact}; give a distance to every gallery picture")
            rows.append(_whole(path, number, cells[0]))
            if len(rows) > 1 and rows[-1] <= rows[-2]:
                raise InputError(f"{path}, line {number}: query {rows[-1]} after {rows[-2]}; they have to ascend")
            _check_distances(path, number, cells)
        if columns is None:
            raise InputError(f"{path}: 0 bytes; write it again")
        if sides is not None:
            for what, have, side in (("query", np.array(rows), sides[0]), ("gallery", columns, sides[1])):
                _check_numbers(path, what, have, side.numbers())
        return {"queries": len(rows), "ranked": len(rows) * len(columns), "complete": sides is not None}


def _lines(path: Path) -> Any:
    with reading(path), path.open(encoding="utf-8") as file:
        yield from file


def _header(path: Path, cells: list[str]) -> IntArray:
    if cells[0].strip() not in {"0", "0.0"}:
        raise InputError(f"{path}, line 1: begins with {cells[0][:20]!r}, not with 0 before the gallery's numbers")
    columns = np.array([_whole(path, 1, cell) for cell in cells[1:]], np.int64)
    number, count = np.unique(columns, return_counts=True)
    if (count > 1).any():
        raise InputError(f"{path}, line 1: gallery {number[np.argmax(count > 1)]} is there twice; give it one column")
    return columns


def _whole(path: Path, line: int, cell: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,18}\s*", cell):
        raise InputError(f"{path}, line {line}: {cell[:20]!r} is not the number of a picture")
    return int(cell)


def _check_distances(path: Path, line: int, cells: list[str]) -> None:
    for place, cell in enumerate(cells[1:], start=2):
        try:
            good = math.isfinite(float(cell)) and "_" not in cell  # 1_0 is a number to Python alone
        except ValueError:
            good = False
        if not good:
            raise InputError(f"{path}, line {line}, value {place}: {cell[:20]!r} is not a finite number")


def _check_numbers(path: Path, what: str, have: IntArray, wanted: IntArray) -> None:
    if len(have) != len(wanted):
        raise InputError(f"{path}: {len(have)} {what} pictures, the set has {len(wanted)}")
    differs = np.flatnonzero(np.sort(have) != np.sort(wanted))
    if len(differs):
        a, b = int(np.sort(have)[differs[0]]), int(np.sort(wanted)[differs[0]])
        fact = f"{what} {a} is not in the set, or too often" if a < b else f"{what} {b} is missing"
        raise InputError(f"{path}: {fact}")
