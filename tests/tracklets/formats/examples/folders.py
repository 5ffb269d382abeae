"""Examples of folders."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.tracklets.formats.examples.people import SIZE, example, lines, people


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
