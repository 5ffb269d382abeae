"""Label Studio's keyframes, filled in as it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.refused import refusal

import reid_solve as rs


def key(frame: int, x: float, enabled: bool = True, **more: Any) -> dict[str, Any]:
    return {"frame": frame, "enabled": enabled, "x": x, "y": 10, "width": 5, "height": 20, "rotation": 0, **more}


def region(*keys: Any, name: str = "r1", frames: int = 20, **more: Any) -> dict[str, Any]:
    value = {"framesCount": frames, "sequence": list(keys), "labels": ["Player"]}
    return {
        "id": name,
        "type": "videorectangle",
        "original_width": 1000,
        "original_height": 500,
        "value": value,
        **more,
    }


def saved(folder: Path, *results: dict[str, Any], **more: Any) -> Path:
    task = {"id": 1, "data": {"video": "/data/a.mp4"}, "annotations": [{"id": 2, "result": results}], **more}
    (folder / "t.json").write_text(json.dumps([task]))
    return folder / "t.json"


def test_boxes_move_evenly_while_enabled_and_stay_to_the_end(tmp_path: Path) -> None:
    path = saved(tmp_path, region(key(2, 10), key(6, 30, False), key(10, 50), frames=12))
    tracks = rs.read(path)
    assert tracks.frame.tolist() == [2, 3, 4, 5, 6, 10, 11, 12]
    assert tracks.boxes[:, 0].tolist() == [100, 150, 200, 250, 300, 500, 500, 500]
    assert tracks.boxes[0].tolist() == [100, 50, 50, 100]
    assert tracks.source["interpolated"].to_pylist() == [False, True, True, True, False, False, True, True]
    assert (tracks.clip.frame_base, tracks.clip.length, tracks.clip.width) == (1, 12, 1000)
    assert [(n.code, n.count) for n in tracks.notes if n.code == "between-keyframes"] == [("between-keyframes", 5)]
    assert tracks.canonical["class_name"].to_pylist() == ["Player"] * 8
    assert tracks.canonical["track_id"].to_pylist() == ["r1"] * 8


def test_the_same_as_the_rule_of_its_sdk(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frames = np.sort(rng.choice(np.arange(1, 60), 8, replace=False)).tolist()
    keys = [key(f, float(rng.uniform(0, 80)), bool(rng.integers(2))) for f in frames]
    expected = {one["frame"]: one["x"] for one in keys}
    for k, one in enumerate(keys):
        last = keys[k + 1]["frame"] if k + 1 < len(keys) else 71
        for frame in range(one["frame"] + 1, last if one["enabled"] else 0):
            after = keys[k + 1] if k + 1 < len(keys) else one
            span = max(after["frame"] - one["frame"], 1)
            expected[frame] = one["x"] + (after["x"] - one["x"]) * (frame - one["frame"]) / span
    tracks = rs.read(saved(tmp_path, region(*reversed(keys), frames=70)))
    assert tracks.frame.tolist() == sorted(expected)
    np.testing.assert_allclose(tracks.boxes[:, 0], [10 * expected[f] for f in sorted(expected)])


def test_labels_and_answers_that_are_results_of_their_own(tmp_path: Path) -> None:
    shape = region(key(1, 10, False))
    del shape["value"]["labels"]
    labels = {"id": "r1", "type": "labels", "from_name": "tag", "value": {"labels": ["Ball"], "sequence": [key(1, 10)]}}
    answer = {"id": "r1", "type": "textarea", "from_name": "jersey", "value": {"text": ["07"]}}
    tracks = rs.read(saved(tmp_path, shape, labels, answer))
    assert tracks.canonical["class_name"].to_pylist() == ["Ball"]
    assert tracks.canonical["jersey"].to_pylist() == ["07"]


def test_two_tasks_and_two_annotators_are_recordings_of_their_own(tmp_path: Path) -> None:
    done = [{"id": k, "result": [region(key(1, 10, False))]} for k in (1, 2)]
    cancelled = {"id": 3, "was_cancelled": True, "result": [region(key(1, 10, False))]}
    first = {"id": 1, "data": {"video": "a.mp4"}, "annotations": [*done, cancelled]}
    second = {"id": 2, "data": {"video": "b.mp4"}, "annotations": done[:1]}
    (tmp_path / "t.json").write_text(json.dumps([first, second]))
    tracks = rs.read(tmp_path / "t.json")
    assert tracks.canonical["sequence"].to_pylist() == ["a.mp4 (1)", "a.mp4 (2)", "b.mp4"]


def test_a_turned_box_gives_the_upright_one_around_it(tmp_path: Path) -> None:
    tracks = rs.read(saved(tmp_path, region(key(1, 50, False, rotation=90))))
    np.testing.assert_allclose(tracks.boxes[0], [400, 50, 100, 50], atol=1e-9)
    assert "turned-boxes" in {note.code for note in tracks.notes}


def test_the_size_is_asked_for_where_the_file_does_not_say_it(tmp_path: Path) -> None:
    bare = region(key(1, 10, False))
    del bare["original_width"]
    with pytest.raises(rs.InputError, match=r"^[^\n]*--size[^\n]*$"):
        rs.read(saved(tmp_path, bare))
    assert rs.read(tmp_path / "t.json", size=(100, 100)).boxes[0].tolist() == [10, 10, 5, 20]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (region(key(1, 10), frames=2_000_000_000), "more than 1000000 rows"),
        (region(key(1, 10), key(9_000_000, 10)), "more than 1000000 rows"),
        (region({"enabled": True}), "a keyframe without a frame"),
        (region({**key(1, 10), "frame": 1.5}), "a keyframe without a frame"),
        (region({**key(1, 10), "x": "left"}), "a keyframe without a frame"),
        (region(*[key(1, 10)] * 2, [1]), "a keyframe without a frame"),
        (region({**key(1, 10), "y": None}), "region r1, frame 1: y"),
        (region(key(-5, 10, False)), "negative"),
    ],
)
def test_broken_regions_get_one_line(result: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refusal(saved(tmp_path, result))


def test_a_task_without_regions_is_a_valid_empty_input(tmp_path: Path) -> None:
    tracks = rs.read(saved(tmp_path))
    assert len(tracks) == 0
    assert "empty" in {note.code for note in tracks.notes}


def test_tasks_one_a_line_are_all_read(tmp_path: Path) -> None:
    lines = [saved(tmp_path, region(key(k, 10, False))).read_text() for k in (1, 2, 3)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    tracks = rs.read(tmp_path / "t.jsonl")
    assert tracks.frame.tolist() == [1, 2, 3]
    assert tracks.canonical["sequence"].to_pylist() == ["a.mp4 #1", "a.mp4 #2", "a.mp4 #3"]


def test_what_is_not_read_is_counted(tmp_path: Path) -> None:
    picture = {"id": "p", "type": "rectanglelabels", "value": {"x": 1, "y": 2, "width": 3, "height": 4}}
    tracks = rs.read(saved(tmp_path, region(key(1, 10), key(1, 60), key(3, 30, False)), picture, picture))
    assert tracks.boxes[:, 0].tolist() == [100, 200, 300]
    counts = {note.code: note.count for note in tracks.notes}
    assert counts == {"keyframes-twice": 1, "entries-ignored": 2, "between-keyframes": 1}
