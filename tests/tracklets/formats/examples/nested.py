"""Examples of JSON and XML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.tracklets.formats.examples.people import corners, example, lines, people


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


@example("frames-json")
def frames_json(folder: Path) -> Path:
    """A list of detections a frame."""
    frames: dict[str, list[dict[str, Any]]] = {}
    for f, i, x, y, w, h, s in people():
        frames.setdefault(str(f), []).append({"id": i, "bbox_ltwh": [x, y, w, h], "confidence": s})
    (folder / "t.json").write_text(json.dumps(frames))
    return folder / "t.json"


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
