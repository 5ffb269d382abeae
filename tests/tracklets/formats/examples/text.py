"""Examples of text: a row on a line, and SoccerTrack's wide table."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.tracklets.formats.examples.people import corners, example, lines, people


@example("mot")
def mot(folder: Path) -> Path:
    """MOTChallenge results: ten columns."""
    return lines(folder, "t.txt", [f"{f},{i},{x},{y},{w},{h},{s},-1,-1,-1" for f, i, x, y, w, h, s in people()])


@example("mot truth")
def mot_truth(folder: Path) -> Path:
    """MOT16 ground truth: flag, class, visibility."""
    return lines(
        folder, "gt.txt", [f"{f},{i},{x},{y},{w},{h},{int(i < 3)},1,{f / 30:.5g}" for f, i, x, y, w, h, _ in people()]
    )


@example("mot sportsmot")
def mot_sportsmot(folder: Path) -> Path:
    """SportsMOT ground truth: ids from 0, blanks after commas, all visible."""
    return lines(folder, "gt.txt", [f"{f}, {i - 1}, {x}, {y}, {w}, {h}, 1, 1, 1" for f, i, x, y, w, h, _ in people()])


@example("mot norfair")
def mot_norfair(folder: Path) -> Path:
    """norfair's PredictionsTextFile: a confidence of -1, numbers as numpy prints them."""
    return lines(folder, "p.txt", [f"{f},{i},{x}.5,{y}.25,{w}.0,{h}.0,-1,-1,-1,-1" for f, i, x, y, w, h, _ in people()])


@example("mot six")
def mot_six(folder: Path) -> Path:
    """Six columns, packed."""
    rows = "".join(f"{f},{i},{x},{y},{w},{h}\n" for f, i, x, y, w, h, _ in people())
    (folder / "t.txt.gz").write_bytes(gzip.compress(rows.encode()))
    return folder / "t.txt.gz"


@example("boxmot")
def boxmot(folder: Path) -> Path:
    """BoxMOT since 2025: confidence, class, place of the detection."""
    return lines(folder, "t.txt", [f"{f},{i},{x},{y},{w},{h},{s:.6f},1,{i - 1}" for f, i, x, y, w, h, s in people()])


@example("boxmot old")
def boxmot_old(folder: Path) -> Path:
    """BoxMOT before: 1, class, confidence."""
    return lines(folder, "t.txt", [f"{f},{i},{x},{y},{w},{h},1,1,{s:.6f}" for f, i, x, y, w, h, s in people()])


@example("kitti")
def kitti(folder: Path) -> Path:
    """KITTI tracking labels: 17 columns, and a region where nobody was labelled."""
    solid = "1.739063 0.824591 0.785241 1.640400 1.675660 5.776261 -1.675458"
    rows = [
        f"{f} {i} Pedestrian 0 2 -1.793451 {x:.6f} {y:.6f} {x + w:.6f} {y + h:.6f} {solid}"
        for f, i, x, y, w, h, _ in people(0)
    ]
    nobody = "-1000.000000 -1000.000000 -1000.000000 -10.000000 -1.000000 -1.000000 -1.000000"
    rows[-1] = f"29 -1 DontCare -1 -1 -10.000000 219.310000 188.490000 245.500000 218.560000 {nobody}"
    return lines(folder, "0000.txt", rows)


@example("kitti results")
def kitti_results(folder: Path) -> Path:
    """KITTI tracking results: 18 columns."""
    return lines(
        folder,
        "0000.txt",
        [
            f"{f} {i} car 0 0 -10 {x} {y} {x + w} {y + h} -10 -10 -10 -1000 -1000 -1000 -10 {s}"
            for f, i, x, y, w, h, s in people(0)
        ],
    )


@example("csv")
def csv(folder: Path) -> Path:
    """A header and columns in an order of their own."""
    rows = [f"{x},{y},{w},{h},{s},{i},{f}" for f, i, x, y, w, h, s in people()]
    return lines(folder, "t.csv", ["bb_left,bb_top,bb_width,bb_height,conf,id,frame", *rows])


@example("supervision-csv")
def supervision_csv(folder: Path) -> Path:
    """CSVSink, with a frame in custom_data."""
    rows = [",".join(str(value) for value in row.values()) for row in corners()]
    return lines(folder, "output.csv", [",".join(corners()[0]), *rows])


@example("soccertrack-csv")
def soccertrack_csv(folder: Path) -> Path:
    """Two players and the ball, frames from 0."""
    columns = [(0, 0), (1, 0), ("BALL", "BALL")]
    parts = ("bb_height", "bb_left", "bb_top", "bb_width")
    heads = [
        ["TeamID", *(str(team) for team, _ in columns for _ in parts)],
        ["PlayerID", *(str(player) for _, player in columns for _ in parts)],
        ["Attributes", *(part for _ in columns for part in parts)],
        ["frame", *("" for _ in columns for _ in parts)],
    ]
    rows: dict[int, list[str]] = {}
    for f, _, x, y, w, h, _ in people(0):
        rows.setdefault(f, [str(f)]).extend(f"{side}.0" for side in (h, x, y, w))
    return lines(folder, "D_1.csv", [",".join(cells) for cells in (*heads, *rows.values())])
