"""SoccerNet's game state: labels, predictions, and what is submitted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.tracklets.formats.examples import EXAMPLES
from tests.tracklets.formats.refused import refusal

import reid_solve as rs
from reid_solve.tracklets.write import write


def one(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "1", "image_id": "3116000007", "track_id": 4, "supercategory": "object", "category_id": 1.0,
        "attributes": {"role": "player", "jersey": "07", "team": "left"},
        "bbox_image": {"x": 1, "y": 2, "w": 3, "h": 4},
    }  # fmt: skip
    return {**plain, **changes}


def saved(folder: Path, *found: dict[str, Any], **more: Any) -> Path:
    (folder / "p.json").write_text(json.dumps({"predictions": found, **more}))
    return folder / "p.json"


def test_labels_are_read_with_what_is_known_of_everybody(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["soccernet-gsr"](tmp_path))
    row = {name: tracks.canonical[name][0].as_py() for name in tracks.canonical.column_names}
    wanted = {"frame": 1, "track_id": 1, "role": "player", "team": "left", "jersey": "01", "class_name": "player"}
    assert wanted.items() <= row.items()
    assert (row["pitch_x"], row["pitch_y"]) == (1.0, 1.0)
    assert tracks.source["x_bottom_left"].to_pylist()[2] == 3.0
    clip = tracks.clip
    assert (clip.fps, clip.width, clip.height, clip.length, clip.frame_base) == (25, 1920, 1080, 30, 1)
    assert "entries-ignored" in {note.code for note in tracks.notes}


@pytest.mark.parametrize(("image", "frame"), [("3116000007", 7), (3116000007, 7), ("000012", 12), ("12", 12)])
def test_frames_of_image_ids(image: Any, frame: int, tmp_path: Path) -> None:
    assert rs.read(saved(tmp_path, one(image_id=image))).frame.tolist() == [frame]


def test_the_list_of_images_wins(tmp_path: Path) -> None:
    images = [{"image_id": "a", "file_name": "000005.jpg"}, {"image_id": "b"}]
    tracks = rs.read(saved(tmp_path, one(image_id="a"), one(image_id="b"), images=images))
    assert tracks.frame.tolist() == [5, 2]


def test_centres_ids_of_any_kind_and_what_is_missing(tmp_path: Path) -> None:
    centred = {"x_center": 10, "y_center": 20, "w": 4, "h": 8}
    tracks = rs.read(saved(tmp_path, one(bbox_image=centred), one(track_id=None, confidence=0.5), one(track_id="p")))
    assert tracks.boxes[0].tolist() == [8, 16, 4, 8]
    assert tracks.canonical["track_id"].to_pylist() == ["4", None, "p"]
    assert tracks.canonical["score"].to_pylist() == [None, 0.5, None]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image_id": "x1"}, "names no frame"),
        ({"bbox_image": [1, 2, 3, 4]}, "bbox_image is [1, 2, 3, 4], not numbers"),
        ({"bbox_image": None}, "object 1 (id 1, image 3116000007): x"),
        ({"bbox_pitch": {"x_bottom_middle": "west"}}, "bbox_pitch is"),
        ({"bbox_image": {"x": 1, "y": 2, "w": -3, "h": 4}}, "negative"),
    ],
)
def test_broken_objects_get_one_line(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refusal(saved(tmp_path, one(**change)))


@pytest.mark.parametrize("text", ['{"predictions": [1]}', '{"predictions": [', '{"predictions": {}, "is_labeled": 1}'])
def test_other_json_gets_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(rs.InputError, match=r"^[^\n]*$"):
        rs.read(tmp_path / "p.json")


def test_predictions_have_one_key_and_what_the_rules_ask_for(tmp_path: Path) -> None:
    box = {name: [10.0, 20, 30] for name in "xywh"}
    tracks = rs.read(
        pa.table({"frame": [0, 1, 2], "track_id": [5, 6, 7], "identity": [1, 1, None], "score": [0.5, None, 1.0],
                  "role": ["player", "referee", None], "pitch_x": [1.5, None, 3.0], "pitch_y": [2.5, None, 4.0], **box})
    )  # fmt: skip
    notes = write(tracks, tmp_path / "p.json")
    content = json.loads((tmp_path / "p.json").read_text())
    assert list(content) == ["predictions"]
    first, second, third = content["predictions"]
    assert first["attributes"] == {"role": "player", "jersey": None, "team": None}
    assert (first["image_id"], first["track_id"], first["tracker_id"], first["category_id"]) == ("000001", 1, 5, 1)
    assert first["bbox_pitch"] == {"x_bottom_middle": 1.5, "y_bottom_middle": 2.5}
    assert first["bbox_image"] == {"x": 10, "y": 10, "x_center": 15, "y_center": 15, "w": 10, "h": 10}
    assert "bbox_pitch" not in second
    assert "confidence" not in second
    assert third["track_id"] == -1
    assert [note.code for note in notes] == ["frames-shifted", "unassigned"]


def test_official_image_ids_and_pitch_corners_come_back(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["soccernet-gsr"](tmp_path))
    write(tracks, tmp_path / "p.json")
    found = json.loads((tmp_path / "p.json").read_text())["predictions"]
    assert found[0]["image_id"] == "1116000001"
    assert set(found[0]["bbox_pitch"]) == {
        f"{side}_bottom_{part}" for side in "xy" for part in ("left", "middle", "right")
    }
    assert rs.read(tmp_path / "p.json").canonical["pitch_x"].equals(tracks.canonical["pitch_x"])


def test_nothing_is_lost_unsaid(tmp_path: Path) -> None:
    tracks = rs.read(saved(tmp_path, one(x=5, vector=[1.0, 2.0]), annotations=[one(), one()]))
    assert tracks.source["vector"].to_pylist() == [[1.0, 2.0]]
    assert tracks.boxes[0].tolist() == [1, 2, 3, 4]
    told = {note.code: (note.count, note.text) for note in tracks.notes}
    assert told["entries-ignored"] == (2, "predictions are read, not annotations beside them (2 objects)")
    assert told["columns-ignored"][1].startswith("x: ")


def test_two_values_in_a_file_get_one_line(tmp_path: Path) -> None:
    path = saved(tmp_path, one())
    path.write_text(2 * f"{path.read_text()}\n")
    assert "2 JSON values" in refusal(path)
