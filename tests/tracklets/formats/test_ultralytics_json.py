"""JSON of Ultralytics' summaries, a list of detections a frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.examples import EXAMPLES, SIZE, summaries
from tests.tracklets.formats.refused import refusal

import reid_solve as rs
from reid_solve.tracklets.write import write


def test_a_list_of_lists_has_no_frame_but_its_position(tmp_path: Path) -> None:
    content = [[], *summaries()]
    (tmp_path / "r.json").write_text(json.dumps(content))
    tracks = rs.read(tmp_path / "r.json")
    assert (tracks.clip.frame_base, tracks.clip.length) == (0, 31)
    assert tracks.frame.min() == 1
    assert set(tracks.canonical["class_name"].to_pylist()) == {"person"}
    np.testing.assert_allclose(tracks.score[:3], [0.6, 0.7, 0.8])


@pytest.mark.parametrize("between", ["\n", "", "\r\n\r\n", ",\n"])
def test_lists_one_after_the_other(between: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(between.join(json.dumps(found) for found in [[], *summaries(), []]))
    if "," in between:
        with pytest.raises(rs.InputError, match="line 1: damaged or cut short"):
            rs.read(tmp_path / "r.json")
        return
    tracks = rs.read(tmp_path / "r.json")
    assert tracks.clip.length == 32
    assert tracks.frame.tolist() == [f for f in range(1, 31) for _ in range(3)]


def test_detections_that_say_their_frame(tmp_path: Path) -> None:
    flat = [{"frame": 100 + f, **one} for f, found in enumerate(summaries()) for one in found]
    (tmp_path / "r.json").write_text(json.dumps(flat))
    tracks = rs.read(tmp_path / "r.json")
    assert tracks.frame.tolist() == [100 + f for f in range(30) for _ in range(3)]
    for one in flat:
        del one["frame"]
    (tmp_path / "r.json").write_text(json.dumps(flat))
    with pytest.raises(rs.InputError, match="nothing says the frame"):
        rs.read(tmp_path / "r.json")


def test_shares_of_the_picture_are_seen_and_need_its_size(tmp_path: Path) -> None:
    content = summaries()
    for one in (one for found in content for one in found):
        one["box"] = {key: round(side / SIZE[key[0] == "y"], 5) for key, side in one["box"].items()}
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(rs.InputError, match="--size 1920x1080"):
        rs.read(tmp_path / "r.json")
    tracks = rs.read(tmp_path / "r.json", size=SIZE)
    np.testing.assert_allclose(tracks.boxes, rs.read(EXAMPLES["ultralytics-json"](tmp_path)).boxes, atol=0.02)


def test_outlines_and_frames_without_ids_come_along(tmp_path: Path) -> None:
    content: list[list[dict[str, Any]]] = summaries()[:2]
    content[0][1]["segments"] = {"x": [1.0, 2.0], "y": [3.0, 4.0]}
    for one in content[1]:
        del one["track_id"]
    (tmp_path / "r.json").write_text(json.dumps(content))
    tracks = rs.read(tmp_path / "r.json")
    assert tracks.canonical["track_id"].to_pylist() == [1, 2, 3, None, None, None]
    assert tracks.source["segments"].to_pylist()[:2] == [None, {"x": [1.0, 2.0], "y": [3.0, 4.0]}]
    write(tracks, tmp_path / "t.parquet")
    assert rs.read(tmp_path / "t.parquet").source["segments"].to_pylist()[1] == {"x": [1.0, 2.0], "y": [3.0, 4.0]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"box": {"x1": 1, "y1": 2, "x2": 3}}, "frame 0, detection 2: the box is {'x1': 1, 'y1': 2, 'x2': 3}, not x1"),
        ({"box": {**dict.fromkeys(("x1", "y1", "x2", "y2"), "a")}}, "frame 0, detection 2: the box is"),
        ({"box": None}, "frame 0, detection 2: the box is None"),
        ({"box": {"x1": 1, "y1": 2, "x2": None, "y2": 4}}, "frame 0, detection 2"),
        ({"box": {"x1": 5, "y1": 2, "x2": 1, "y2": 4}}, "frame 0, detection 2: the width of the box is -4"),
        ({"track_id": 1.5}, "frame 0, detection 2: track_id is 1.5, not a whole number"),
    ],
)
def test_damaged_detections_are_named(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    content = summaries()
    content[0][1].update(change)
    (tmp_path / "r.json").write_text(json.dumps(content))
    assert says in refusal(tmp_path / "r.json")


@pytest.mark.parametrize("normalize", [True, False])
def test_what_ultralytics_really_summarises_is_read(normalize: bool, tmp_path: Path, results: list[Any]) -> None:
    expected = rs.read(results)
    content = [one.summary(normalize=normalize) for one in results]
    for text in (json.dumps(content), "\n".join(json.dumps(one) for one in content)):
        (tmp_path / "r.json").write_text(text)
        tracks = rs.read(tmp_path / "r.json", size=SIZE)
        np.testing.assert_allclose(tracks.boxes, expected.boxes, atol=0.02)
        for name in ("track_id", "class_id", "class_name", "frame"):
            assert tracks.canonical[name].to_pylist() == expected.canonical[name].to_pylist()
        np.testing.assert_allclose(tracks.score, expected.score, atol=1e-5)


def test_what_to_json_really_gives_is_read(tmp_path: Path, results: list[Any]) -> None:
    pytest.importorskip("polars", reason="to_json needs polars")
    (tmp_path / "r.jsonl").write_text("".join(one.to_json() + "\n" for one in results))
    tracks = rs.read(tmp_path / "r.jsonl")
    np.testing.assert_allclose(tracks.boxes, rs.read(results).boxes, atol=0.01)


def test_frames_of_their_own_win_over_the_place_in_the_list(tmp_path: Path) -> None:
    content = [[{**one, "frame": 100 + 2 * f, "x1": -1} for one in found] for f, found in enumerate(summaries())]
    (tmp_path / "r.json").write_text(json.dumps(content))
    tracks = rs.read(tmp_path / "r.json")
    assert tracks.frame.tolist() == [100 + 2 * f for f in range(30) for _ in range(3)]
    assert tracks.boxes[0].tolist() == rs.read(EXAMPLES["ultralytics-json"](tmp_path)).boxes[0].tolist()
    assert [note.text.partition(":")[0] for note in tracks.notes] == ["x1"]
