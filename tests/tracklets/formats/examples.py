"""One small example of every layout that is read, as its tool writes it: the name of the reader -> what makes it.

``@example("name")`` on a function from an empty folder to the path to read. The first word of the name is the reader
that has to take it; what follows a space tells examples of one reader apart ("mot norfair").
"""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Maker = Callable[[Path], Path]
EXAMPLES: dict[str, Maker] = {}
ROWS = (
    3 * 30
)  # detections in every example, unless its test says otherwise: three people in frames 1 to 30 (or 0 to 29)
SIZE = (1920, 1080)


def example(name: str) -> Callable[[Maker], Maker]:
    """Register an example."""

    def register(make: Maker) -> Maker:
        EXAMPLES[name] = make
        return make

    return register


def reader_of(name: str) -> str:
    """The reader that has to take an example."""
    return name.split(" ")[0]


def people(base: int = 1) -> list[tuple[int, int, int, int, int, int, float]]:
    """Frame, id, x, y, w, h and score of three people who walk for 30 frames."""
    return [
        (f, i, 100 * i + 3 * f, 200 + 7 * i + f, 40 + i, 90 + 2 * i, round(0.5 + 0.1 * i + 0.003 * f, 3))
        for f in range(base, base + 30)
        for i in (1, 2, 3)
    ]


def lines(folder: Path, name: str, rows: list[str]) -> Path:
    """A text file of lines."""
    path = folder / name
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


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


def corners() -> list[dict[str, Any]]:
    """The same people with corners, as supervision's sinks have them."""
    return [
        {
            "x_min": float(x), "y_min": float(y), "x_max": float(x + w), "y_max": float(y + h),
            "class_id": 0, "confidence": s, "tracker_id": i, "class_name": "person", "frame_index": f,
        }
        for f, i, x, y, w, h, s in people(0)
    ]  # fmt: skip


@example("supervision-csv")
def supervision_csv(folder: Path) -> Path:
    """CSVSink, with a frame in custom_data."""
    rows = [",".join(str(value) for value in row.values()) for row in corners()]
    return lines(folder, "output.csv", [",".join(corners()[0]), *rows])


@example("supervision-json")
def supervision_json(folder: Path) -> Path:
    """JSONSink, with a frame in custom_data."""
    (folder / "output.json").write_text(json.dumps(corners(), indent=4))
    return folder / "output.json"


def summaries() -> list[list[dict[str, Any]]]:
    """The same people as Results.summary() of 30 frames."""
    frames: list[list[dict[str, Any]]] = [[] for _ in range(30)]
    for f, i, x, y, w, h, s in people(0):
        box = {"x1": float(x), "y1": float(y), "x2": float(x + w), "y2": float(y + h)}
        frames[f].append({"name": "person", "class": 0, "confidence": s, "box": box, "track_id": i})
    return frames


@example("ultralytics-json")
def ultralytics_json(folder: Path) -> Path:
    """A list of the summaries of all frames."""
    (folder / "r.json").write_text(json.dumps(summaries()))
    return folder / "r.json"


@example("ultralytics-json lines")
def ultralytics_json_lines(folder: Path) -> Path:
    """The to_json() of each frame on a line."""
    return lines(folder, "r.jsonl", [json.dumps(found, separators=(",", ":")) for found in summaries()])


@example("ultralytics-folder")
def ultralytics_folder(folder: Path) -> Path:
    """save_txt of a video, with confidences and ids."""
    (folder / "labels").mkdir()
    for f, i, x, y, w, h, s in people():
        centre = f"{(x + w / 2) / SIZE[0]:g} {(y + h / 2) / SIZE[1]:g} {w / SIZE[0]:g} {h / SIZE[1]:g}"
        with (folder / "labels" / f"match_{f}.txt").open("a") as file:
            file.write(f"0 {centre} {s:g} {i}\n")
    return folder / "labels"


@example("mot-folder")
def mot_folder(folder: Path) -> Path:
    """A clip of SoccerNet-tracking."""
    for name in ("gt", "det", "img1"):
        (folder / name).mkdir()
    lines(folder / "gt", "gt.txt", [f"{f},{i},{x},{y},{w},{h},1,-1,-1,-1" for f, i, x, y, w, h, _ in people()])
    lines(folder / "det", "det.txt", [f"{f},-1,{x},{y},{w},{h},1,-1,-1,-1" for f, _, x, y, w, h, _ in people()])
    lines(
        folder, "seqinfo.ini", ["[Sequence]", "name=C", "frameRate=25", "seqLength=30", "imWidth=1920", "imHeight=1080"]
    )
    who = ["trackletID_1= player team left;10", "trackletID_2= goalkeepers team right;y", "trackletID_3= referee;main"]
    lines(folder, "gameinfo.ini", ["[Sequence]", "name=C", "num_tracklets=3", *who])
    return folder


@example("boxmot-dataset")
def boxmot_dataset(folder: Path) -> Path:
    """A build of boxmot materialize, its rows in no order."""
    frames = [
        {
            "sample_id": f"s{f}", "split": "train", "sequence_id": "C", "frame_index": f, "timestamp_s": f / 25,
            "image_ref": f"/elsewhere/{f}.jpg", "height": 1080, "width": 1920,
        }
        for f in range(30, 0, -1)
    ]  # fmt: skip
    found = [
        {
            "instance_id": f"b:s{f}:{i - 1}", "sample_id": f"s{f}", "detection_index": i - 1,
            "x1": float(x), "y1": float(y), "x2": float(x + w), "y2": float(y + h), "score": s, "class_id": 0,
        }
        for f, i, x, y, w, h, s in people()
    ]  # fmt: skip
    vectors = [
        {
            "sample_id": one["sample_id"], "instance_id": one["instance_id"], "encoder_fingerprint": "e" * 64,
            "dim": 4, "values": [float(one["detection_index"] == k) for k in range(4)],
        }
        for one in reversed(found)
    ]  # fmt: skip
    single = {name: pa.float32() for name in ("x1", "y1", "x2", "y2", "score")}
    tables = {
        "samples": pa.Table.from_pylist(frames),
        "instances": pa.table({name: pa.array([row[name] for row in found], single.get(name)) for name in found[0]}),
        "embeddings": pa.table(
            {
                name: pa.array([row[name] for row in vectors], pa.list_(pa.float32(), 4) if name == "values" else None)
                for name in vectors[0]
            }
        ),
    }
    for name, table in tables.items():
        (folder / name).mkdir()
        half = table.num_rows // 2
        pq.write_table(table.slice(0, half), folder / name / "part-00000.parquet")
        pq.write_table(table.slice(half), folder / name / "part-00001.parquet")
    content = {
        "schema": "boxmot.dataset/v1",
        "box_type": "aabb",
        "artifacts": [{"name": name, "path": "../../etc", "rows": table.num_rows} for name, table in tables.items()],
    }
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


@example("parquet")
def parquet(folder: Path) -> Path:
    """A table of named columns."""
    names = ("frame", "track_id", "x", "y", "w", "h", "score")
    pq.write_table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in people()]), folder / "t.parquet")
    return folder / "t.parquet"


@example("frames-json")
def frames_json(folder: Path) -> Path:
    """A list of detections a frame."""
    frames: dict[str, list[dict[str, Any]]] = {}
    for f, i, x, y, w, h, s in people():
        frames.setdefault(str(f), []).append({"id": i, "bbox_ltwh": [x, y, w, h], "confidence": s})
    (folder / "t.json").write_text(json.dumps(frames))
    return folder / "t.json"


@example("pickle")
def pickled(folder: Path) -> Path:
    """Tracks by role, frame and id."""
    frames: list[dict[int, dict[str, list[int]]]] = [{} for _ in range(30)]
    for f, i, x, y, w, h, _ in people(0):
        frames[f][i] = {"bbox": [x, y, x + w, y + h]}
    (folder / "t.pkl").write_bytes(pickle.dumps({"players": frames}))
    return folder / "t.pkl"


@example("cvat-xml")
def cvat_xml(folder: Path) -> Path:
    """An export of CVAT for video 1.1: every track ends with a box that says so."""
    tracks = []
    for who in (1, 2, 3):
        boxes = [
            f'<box frame="{f}" keyframe="{int(f % 10 == 0)}" outside="0" occluded="0" xtl="{x:.2f}" ytl="{y:.2f}" '
            f'xbr="{x + w:.2f}" ybr="{y + h:.2f}" z_order="0"><attribute name="jersey">0{i}</attribute></box>'
            for f, i, x, y, w, h, _ in people(0)
            if i == who
        ]
        boxes.append(boxes[-1].replace('frame="29" keyframe="0" outside="0"', 'frame="30" keyframe="1" outside="1"'))
        tracks.append(f'<track id="{who - 1}" label="player" source="manual">' + "".join(boxes) + "</track>")
    task = "<task><name>C</name><size>40</size><original_size><width>1920</width><height>1080</height></original_size>"
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta>{task}</task></meta>'
    return lines(folder, "annotations.xml", [head, *tracks, "</annotations>"])


@example("soccernet-gsr")
def soccernet_gsr(folder: Path) -> Path:
    """Labels-GameState.json, with a line of the pitch."""
    found = [
        {
            "id": f"11600{f:03d}{i}", "image_id": f"1116{f:06d}", "track_id": i, "supercategory": "object",
            "category_id": 1, "attributes": {"role": "player", "jersey": f"0{i}", "team": "left"},
            "bbox_image": {"x": x, "y": y, "x_center": x + w / 2, "y_center": y + h / 2, "w": w, "h": h},
            "bbox_pitch": {f"{side}_bottom_{part}": float(i) for side in "xy" for part in ("left", "middle", "right")},
        }
        for f, i, x, y, w, h, _ in people()
    ]  # fmt: skip
    line = {"id": "1", "image_id": "1116000001", "supercategory": "pitch", "category_id": 5, "lines": {}}
    images = [
        {"is_labeled": True, "image_id": f"1116{f:06d}", "file_name": f"{f:06d}.jpg", "height": 1080, "width": 1920}
        for f in range(1, 31)
    ]
    content = {
        "info": {"version": "1.3", "name": "SNGS-116", "im_dir": "img1", "frame_rate": 25, "seq_length": 30},
        "images": images,
        "annotations": [line, *found],
        "categories": [{"supercategory": "object", "id": 1, "name": "player"}],
    }
    (folder / "Labels-GameState.json").write_text(json.dumps(content))
    return folder / "Labels-GameState.json"


@example("soccernet-gsr predictions")
def soccernet_gsr_predictions(folder: Path) -> Path:
    """What is submitted to the challenge."""
    found = [
        {
            "bbox_pitch": {"x_bottom_middle": 1.5, "y_bottom_middle": -2.5},
            "bbox_image": {"x": float(x), "y": float(y), "w": float(w), "h": float(h)},
            "category_id": 1.0, "image_id": f"3116{f:06d}", "video_id": "116", "track_id": i,
            "supercategory": "object", "attributes": {"role": "player", "jersey": None, "team": "left"}, "id": str(f),
        }
        for f, i, x, y, w, h, _ in people()
    ]  # fmt: skip
    (folder / "SNGS-116.json").write_text(json.dumps({"predictions": found}, indent=2))
    return folder / "SNGS-116.json"


def region(who: int, frames: tuple[int, ...]) -> dict[str, Any]:
    """Keyframes of one of the people, who walk evenly; the last is not enabled."""
    rows = {f: (x, y, w, h) for f, i, x, y, w, h, _ in people() if i == who}
    sequence = [
        {
            "frame": f, "enabled": f != frames[-1], "rotation": 0, "time": f / 25,
            "x": rows[f][0] / 19.2, "y": rows[f][1] / 10.8, "width": rows[f][2] / 19.2, "height": rows[f][3] / 10.8,
        }
        for f in frames
    ]  # fmt: skip
    return {"framesCount": 40, "duration": 1.6, "sequence": sequence, "labels": ["Player"]}


@example("label-studio")
def label_studio(folder: Path) -> Path:
    """An export of one task, three keyframes a region."""
    results = [
        {
            "value": region(who, (1, 12, 30)), "id": f"r{who}", "from_name": "box", "to_name": "video",
            "type": "videorectangle", "origin": "manual", "original_width": 1920, "original_height": 1080,
        }
        for who in (1, 2, 3)
    ]  # fmt: skip
    task = {"id": 1, "annotations": [{"id": 2, "was_cancelled": False, "result": results}], "predictions": []}
    (folder / "project-1.json").write_text(json.dumps([{**task, "data": {"video": "/data/upload/1/match.mp4"}}]))
    return folder / "project-1.json"


@example("label-studio min")
def label_studio_min(folder: Path) -> Path:
    """JSON-MIN of the same: no ids, and the size must be given."""
    boxes = [region(who, (1, 30)) for who in (1, 2, 3)]
    (folder / "min.json").write_text(json.dumps([{"video": "match.mp4", "id": 1, "box": boxes, "annotator": 1}]))
    return folder / "min.json"


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


@example("tracklab")
def tracklab(folder: Path) -> Path:
    """A state of one video, with the table of its pictures."""
    import pandas as pd

    found = pd.DataFrame(
        [
            {
                "image_id": f"3116{f + 1:06d}", "video_id": "116", "track_id": float(i), "bbox_conf": s,
                "bbox_ltwh": np.array([x, y, w, h], float), "role": "player", "team": None, "jersey_number": f"0{i}",
                "embeddings": np.arange(4, dtype=np.float32) + i,
            }
            for f, i, x, y, w, h, s in people(0)
        ]
    )  # fmt: skip
    pictures = pd.DataFrame({"video_id": "116", "frame": range(30)}, index=[f"3116{f:06d}" for f in range(1, 31)])
    with zipfile.ZipFile(folder / "s.pklz", "w") as state:
        state.writestr("summary.json", json.dumps({"columns": list(found.columns)}))
        state.writestr("116.pkl", pickle.dumps(found))
        state.writestr("116_image.pkl", pickle.dumps(pictures))
    return folder / "s.pklz"
