"""JSON of one list of detections a frame, as the seeds of this project left it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.refused import refusal

import reid_solve as rs

SEEDS = Path(__file__).parents[3] / ".." / "shared" / "data" / "seed-clip"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seeds' clip is not here")


def shapes(corners: bool) -> dict[str, Any]:
    """The same detections in the three shapes of JSON."""
    rng = np.random.default_rng(3)
    frames: list[list[dict[str, Any]]] = []
    for _ in range(20):
        x, y, w, h = rng.uniform([0, 0, 30, 60], [1800, 900, 60, 120], (4, 4)).T
        box = np.column_stack([x, y, x + w, y + h] if corners else [x, y, w, h])
        frames.append([{"player_id": i, "bbox": box[i].tolist(), "confidence": 0.5, "kit": "red"} for i in range(4)])
    listed = [{"frame": f, "detections": found, "assignments": {}} for f, found in enumerate(frames)]
    info = {"fps": 30, "width": 1920, "height": 1080}
    return {
        "keyed": {str(f): found for f, found in enumerate(frames)},
        "listed": listed,
        "nested": {
            "frame_results": listed,
            "player_tracks": {"1": [{"frame": 0, "bbox": [1, 2, 3, 4]}]},
            "video_info": info,
        },
    }


@pytest.mark.parametrize("corners", [True, False])
def test_three_shapes_of_json_hold_the_same_rows(corners: bool, tmp_path: Path) -> None:
    found = []
    for name, content in shapes(corners).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content, indent=1))
        tracks = rs.read(tmp_path / f"{name}.json")
        assert "box-format-guessed" in {note.code for note in tracks.notes}
        assert tracks.clip.fps == (30 if name == "nested" else None)
        assert tracks.source["kit"].to_pylist() == ["red"] * 80
        assert 30 <= tracks.boxes[:, 2].min() <= tracks.boxes[:, 2].max() <= 60
        found.append(tracks.canonical)
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_boxes_that_may_be_either_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"1": [{"id": 1, "bbox": [10, 20, 40, 90]}]}))
    with pytest.raises(rs.InputError, match="--box-format"):
        rs.read(path)
    assert rs.read(path, box_format="xywh").boxes.tolist() == [[10, 20, 40, 90]]
    assert rs.read(path, box_format="xyxy").boxes.tolist() == [[10, 20, 30, 70]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"1": [{"id": 1, "bbox": [1, 2, 3', "line 1: damaged or cut short"),
        ('{"1": [{"id": 1, "bbox": "here"}]}', "frame 1, detection 1: the box is here, not 4 numbers"),
        ('{"1": [{"id": 1, "bbox": [1, 2, 3, 4]}, 3]}', "no list of detections for every frame"),
        ('[{"frame": 0, "detections": [{"id": 1, "bbox": [1, 2, 3, 4]}]}, {"frame": 1}]', "no list of detections"),
        ('{"1": [{"bbox": [1, 2, 3, 4]}]}', "--box-format"),
        ('[{"frame": 1e99, "tracks": []}]', "JSON"),
        ('[{"frame": 99999999999999999999, "tracks": []}]', "no list"),
        ('{"images": [], "annotations": []}', "JSON of no layout that is read"),
    ],
)
def test_other_json_gets_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(text)
    assert says in refusal(tmp_path / "t.json")


def test_json_without_detections_is_a_valid_empty_input(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"1": [], "2": []}')
    tracks = rs.read(tmp_path / "t.json")
    assert len(tracks) == 0
    assert tracks.clip.length == 2


@needs_seeds
@pytest.mark.parametrize(
    ("name", "rows", "base"),
    [("bhakt_tracking_data", 4220, 1), ("jeevan_tracking_results", 5232, 0), ("vippawar_tracking_results", 5170, 0)],
)
def test_the_seeds_json_is_read(name: str, rows: int, base: int) -> None:
    tracks = rs.read(SEEDS / f"{name}.json", on_duplicate="split")
    assert len(tracks) == rows
    assert tracks.clip.frame_base == base
    assert tracks.clip.length == 375
    assert np.median(tracks.boxes[:, 3] / tracks.boxes[:, 2]) == pytest.approx(1.8, abs=0.4)
    np.testing.assert_allclose(tracks.boxes[0], [794.5, 470.2, 69.5, 96], atol=1)


def test_what_stands_beside_the_detections_is_named(tmp_path: Path) -> None:
    person = {"id": 1, "bbox_ltwh": [1, 2, 30, 60]}
    content = [{"frame": 0, "time": 0.5, "detections": [person], "tracks": [person, {**person, "id": 2}]}]
    (tmp_path / "t.json").write_text(json.dumps({"results": content, "fps": 25}))
    tracks = rs.read(tmp_path / "t.json")
    assert len(tracks) == 1
    (note,) = tracks.notes
    assert (note.code, note.text) == ("entries-ignored", "time, tracks, fps beside the detections: left out")


def test_lists_of_a_detection_come_along_and_what_cannot_is_named(tmp_path: Path) -> None:
    first = {"id": 1, "embedding": [1.0, 0.0], "frame": 8, "mixed": 1, "empty": {}}
    second = {**first, "id": 2, "bbox_ltwh": [1, 2, 30, 60], "mixed": [1]}
    (tmp_path / "t.json").write_text(json.dumps({"7": [second, first]}))
    with pytest.raises(rs.InputError, match="detection 2: x"):
        rs.read(tmp_path / "t.json")
    (tmp_path / "t.json").write_text(json.dumps({"7": [first, second]}))
    tracks = rs.read(tmp_path / "t.json", drop_invalid=True)
    assert tracks.frame.tolist() == [7]
    assert tracks.canonical["embedding"].to_pylist() == [[1.0, 0.0]]
    (note,) = [note for note in tracks.notes if note.code == "columns-ignored"]
    assert note.text.startswith("frame, mixed, empty: ")
