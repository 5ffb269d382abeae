"""supervision's sinks: the frame is there only if the user adds it, and whatever else was added comes along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.examples import EXAMPLES, ROWS, corners, lines
from tests.tracklets.formats.refused import refusal

import reid_solve as rs


@pytest.mark.parametrize("name", ["supervision-csv", "supervision-json"])
def test_ids_classes_and_scores_come_along(name: str, tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES[name](tmp_path))
    assert not tracks.notes
    assert tracks.clip.frame_base == 0
    assert tracks.canonical["track_id"].to_pylist() == [1, 2, 3] * 30
    assert set(tracks.canonical["class_name"].to_pylist()) == {"person"}
    np.testing.assert_allclose(tracks.score, [one["confidence"] for one in corners()])


@pytest.mark.parametrize("name", ["supervision-csv", "supervision-json"])
def test_without_a_frame_the_error_says_how_to_add_it(name: str, tmp_path: Path) -> None:
    rows = [{key: value for key, value in one.items() if key != "frame_index"} for one in corners()]
    if name.endswith("csv"):
        path = lines(tmp_path, "t.csv", [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
    else:
        path = tmp_path / "t.json"
        path.write_text(json.dumps(rows))
    with pytest.raises(rs.InputError, match=r'^[^\n]*custom_data=\{"frame_index": i\}\)$'):
        rs.read(path)


@pytest.mark.parametrize("key", ["frame", "frame_id", "frame_number", "frame_idx"])
def test_a_frame_by_another_name(key: str, tmp_path: Path) -> None:
    rows = [{key: one.pop("frame_index"), **one} for one in corners()]
    rows = [{name: row[name] for name in (*list(row)[1:], key)} for row in rows]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    assert len(rs.read(tmp_path / "t.json")) == ROWS
    path = lines(tmp_path, "t.csv", [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)])
    assert len(rs.read(path)) == ROWS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"x_min": 1}, 3]', "no list of detections"),
        ('[{"x_min": 1}] [{"x_min": 1}]', "no list of detections"),
        ('[{"x_min": 1, "frame_index": 0, "x_max": ', "damaged or cut short"),
        ('[{"x_min": 1, "frame_index": 0, "tracker_id": 1}]', "no column for a box"),
        ('[{"x_min": "a", "y_min": 1, "x_max": 3, "y_max": 4, "frame": 0, "tracker_id": 1}]', "detection 1: x1"),
    ],
)
def test_damaged_json_gets_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(text)
    assert says in refusal(tmp_path / "t.json")


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize("ids", ["all", "some", "none"])
def test_what_the_sinks_really_write_is_read(ending: str, ids: str, tmp_path: Path) -> None:
    sv: Any = pytest.importorskip("supervision")
    path = tmp_path / f"out.{ending}"
    sink = sv.CSVSink(str(path)) if ending == "csv" else sv.JSONSink(str(path))
    with sink:
        for f in range(5):
            known = ids == "all" or (ids == "some" and f > 1)
            detections = sv.Detections(
                xyxy=np.array([[10 + f, 20.25, 50 + f, 120], [200.5 + f, 20, 250 + f, 120]], np.float32),
                confidence=np.array([0.9, 0.8], np.float32),
                class_id=np.array([0, 32]),
                tracker_id=np.array([7, 9]) if known else None,
                data={"class_name": np.array(["person", "sports ball"])},
            )
            more = {"frame_index": f, "note": 'a, "b"', "vector": np.arange(6.0).reshape(2, 3), "time": f / 25}
            sink.append(detections if f != 3 else sv.Detections.empty(), custom_data=more)
    tracks = rs.read(path)
    assert tracks.clip.format == f"supervision-{ending}"
    assert tracks.frame.tolist() == [0, 0, 1, 1, 2, 2, 4, 4]
    nobody = {"all": 0, "some": 4, "none": 8}[ids]
    assert tracks.canonical["track_id"].to_pylist() == [None] * nobody + [7, 9] * (4 - nobody // 2)
    np.testing.assert_allclose(tracks.boxes[1], [200.5, 20, 49.5, 100])
    np.testing.assert_allclose(tracks.score[:2], [0.9, 0.8], atol=1e-6)
    assert tracks.canonical["class_name"].to_pylist()[:2] == ["person", "sports ball"]
    assert tracks.source["note"].to_pylist()[0] == 'a, "b"'
    vector = tracks.source["vector"].to_pylist()[1]
    assert (json.loads(vector) if ending == "csv" else vector) == [3, 4, 5]
    assert {note.code for note in tracks.notes} <= {"unassigned"}


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_sink_that_saw_nobody_is_a_valid_empty_input(ending: str, tmp_path: Path) -> None:
    sv: Any = pytest.importorskip("supervision")
    path = tmp_path / f"out.{ending}"
    with sv.CSVSink(str(path)) if ending == "csv" else sv.JSONSink(str(path)) as sink:
        sink.append(sv.Detections.empty(), custom_data={"frame_index": 0})
    tracks = rs.read(path)
    assert len(tracks) == 0
    assert [note.code for note in tracks.notes] == ["empty"]
