"""What Ultralytics leaves on disk: a folder of little files, and JSON of summaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.examples import EXAMPLES, ROWS, SIZE, summaries

import reid_solve as rs
from reid_solve.tracklets.write import write


def labels(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "labels"
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return path


BOX = "0.25 0.5 0.05 0.2"


def test_frames_without_a_file_are_frames_without_people(tmp_path: Path) -> None:
    path = EXAMPLES["ultralytics-folder"](tmp_path)
    (path / "match_7.txt").unlink()
    (path / "match_8.txt").write_text("")
    (path / "match_9.txt").write_text("\n\n")
    tracks = rs.read(path, size=SIZE)
    assert len(tracks) == ROWS - 9
    assert sorted(set(range(1, 31)) - set(tracks.frame.tolist())) == [7, 8, 9]
    assert tracks.frame.tolist() == sorted(tracks.frame.tolist()), "by number, not by name: 2 before 10"


def test_the_folder_of_the_run_will_do_too(tmp_path: Path) -> None:
    EXAMPLES["ultralytics-folder"](tmp_path)
    assert len(rs.read(tmp_path, size=SIZE)) == ROWS


def test_what_is_written_says_pixels(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["ultralytics-folder"](tmp_path), size=SIZE)
    write(tracks, tmp_path / "t.parquet")
    assert rs.read(tmp_path / "t.parquet").canonical.equals(tracks.canonical)


def test_the_size_is_asked_for_or_found_in_seqinfo(tmp_path: Path) -> None:
    path = EXAMPLES["ultralytics-folder"](tmp_path)
    with pytest.raises(rs.InputError, match=r"^[^\n]*--size 1920x1080$"):
        rs.read(path)
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nimWidth=1920\nimHeight=1080\nframeRate=50\n")
    tracks = rs.read(path)
    assert tracks.canonical.equals(rs.read(path, size=SIZE).canonical)
    assert tracks.clip.fps == 50


@pytest.mark.parametrize(
    ("tails", "ids", "scores", "codes"),
    [
        (["0.8 4", "0.9 5"], [4, 5], [0.8, 0.9], []),
        (["0.8", "0.9 5"], [None, 5], [0.8, 0.9], ["unassigned"]),  # nobody confirmed yet in a frame
        (["4", "5"], [4, 5], None, []),
        (["", "5"], [None, 5], None, ["unassigned"]),
        (["1", "1"], [1, 1], None, []),
        (["0.8", "1"], [None, None], [0.8, 1], ["no-ids", "unassigned"]),
        (["", ""], [None, None], None, ["no-ids", "unassigned"]),
    ],
)
def test_six_values_end_in_a_confidence_or_in_an_id(
    tails: list[str], ids: list[int | None], scores: list[float] | None, codes: list[str], tmp_path: Path
) -> None:
    path = labels(tmp_path, {f"m_{f}.txt": f"2 {BOX} {tail}".rstrip() + "\n" for f, tail in enumerate(tails, 1)})
    tracks = rs.read(path, size=SIZE)
    assert tracks.canonical["track_id"].to_pylist() == ids
    assert tracks.canonical["class_id"].to_pylist() == [2, 2]
    assert tracks.score.tolist() == (scores or [1, 1])
    assert [note.code for note in tracks.notes if note.code != "missing-score"] == codes


@pytest.mark.parametrize("spoil", [lambda s: s.replace("\n", "\r\n"), lambda s: s.replace(" ", "  "), lambda s: " " + s,
                                   lambda s: s.replace("\n", " \n"), lambda s: s + "\n\n", str.rstrip])  # fmt: skip
def test_lines_that_were_touched_by_hand_say_the_same(spoil: Any, tmp_path: Path) -> None:
    text = f"0 {BOX} 0.8 4\n0 0.5 0.5 0.05 0.2 0.7\n"
    plain = labels(tmp_path, {"m_1.txt": text, "m_2.txt": text})
    expected = rs.read(plain, size=SIZE).canonical
    assert rs.read(labels(tmp_path, {"m_1.txt": spoil(text)}), size=SIZE).canonical.equals(expected)


def test_pictures_and_several_videos(tmp_path: Path) -> None:
    first = labels(tmp_path, {f"{f:06}.txt": f"0 {BOX} 1\n" for f in (0, 1, 12)})
    tracks = rs.read(first, size=SIZE)
    assert tracks.frame.tolist() == [0, 1, 12]
    assert tracks.clip.frame_base == 0
    (tmp_path / "two").mkdir()
    second = labels(tmp_path / "two", {f"{v}_{f}.txt": f"0 {BOX} 1\n" for f in (2, 10, 1) for v in ("b-2", "a9")})
    tracks = rs.read(second, size=SIZE)
    assert tracks.canonical["sequence"].to_pylist() == ["a9"] * 3 + ["b-2"] * 3
    assert tracks.frame.tolist() == [1, 2, 10] * 2


def test_other_files_are_left_alone_and_counted(tmp_path: Path) -> None:
    path = labels(tmp_path, {"m_1.txt": f"0 {BOX} 1\n", "classes.txt": "person\n", "labels.cache": "x"})
    (note,) = rs.read(path, size=SIZE).notes
    assert (note.code, note.count) == ("files-ignored", 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 0.1 0.2 0.3\n", "m_2.txt, line 2: 4 values, expected 5 to 7"),
        ("0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8\n", "outlines or keypoints"),
        ("0 0.1 here 0.3 0.4 0.5 6\n", "m_2.txt, line 2: 'here' is no number"),
        ("0 0.1 nan 0.3 0.4 0.5 6\n", "m_2.txt, line 2: y"),
        ("0 0.1 0.2 -0.3 0.4 0.5 6\n", "m_2.txt, line 2: the width of the box is -576"),
        ("0 0.1 0.2 0.3 0.4 0.5 6.5\n", "m_2.txt: track_id is 6.5, not a whole number"),
        ("0.5 0.1 0.2 0.3 0.4 0.5 6\n", "m_2.txt: class_id is 0.5, not a whole number"),
        ("0 0.1 0.2 0.3 0.4 5\n", "of 6 and of 7 values"),
    ],
)
def test_damage_is_named_by_file_and_line(text: str, says: str, tmp_path: Path) -> None:
    good = f"0 {BOX} 0.8 4\n"
    path = labels(tmp_path, {"m_1.txt": good, "m_2.txt": good + text, "m_3.txt": good})
    with pytest.raises(rs.InputError, match=r"^[^\n]*$") as caught:
        rs.read(path, size=SIZE)
    assert says in str(caught.value)


def test_names_that_end_in_anything_but_a_frame_are_not_guessed_at(tmp_path: Path) -> None:
    path = labels(tmp_path, {f"frame_{f}_jpg.rf.{'abc'[f]}{f}.txt": f"0 {BOX} 1\n" for f in range(3)})
    with pytest.raises(rs.InputError, match="do not end in frame numbers"):
        rs.read(path, size=SIZE)


def test_a_single_file_points_to_its_folder(tmp_path: Path) -> None:
    path = EXAMPLES["ultralytics-folder"](tmp_path)
    with pytest.raises(rs.InputError, match=r"save_txt.*give the folder"):
        rs.read(path / "match_3.txt")


def test_ten_thousand_files_take_a_moment(tmp_path: Path) -> None:
    path = labels(tmp_path, {f"m_{f}.txt": f"0 {BOX} 0.8 4\n" * 2 for f in range(1, 10_001)})
    tracks = rs.read(path, size=SIZE)
    assert len(tracks) == 10_000  # each row is there twice, which is repaired and counted
    assert [note.count for note in tracks.notes if note.code == "identical-duplicates"] == [10_000]


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
    with pytest.raises(rs.InputError, match=r"^[^\n]*$") as caught:
        rs.read(tmp_path / "r.json")
    assert says in str(caught.value)


def results(frames: int = 6) -> list[Any]:
    """Real Results: two people, of whom the tracker knows none in frame 0."""
    torch = pytest.importorskip("torch")
    engine = pytest.importorskip("ultralytics.engine.results")
    out = []
    for f in range(frames):
        boxes = [[100.5 + f, 200, 140 + f, 300, 1, 0.9, 0], [500 + f, 210, 540.25 + f, 330, 2, 0.75, 32]]
        tensor = torch.tensor(boxes)
        tensor = tensor if f else tensor[:, [0, 1, 2, 3, 5, 6]]
        names = {0: "person", 32: "sports ball"}
        out.append(engine.Results(np.zeros((1080, 1920, 3), np.uint8), path="m.mp4", names=names, boxes=tensor))
    return out


@pytest.mark.parametrize("save_conf", [True, False])
def test_what_ultralytics_really_writes_is_read(save_conf: bool, tmp_path: Path) -> None:
    found = results()
    for f, one in enumerate(found, 1):
        one.save_txt(tmp_path / "labels" / f"m_{f}.txt", save_conf=save_conf)
    expected = rs.read(found)
    tracks = rs.read(tmp_path / "labels", size=SIZE)
    np.testing.assert_allclose(tracks.boxes, expected.boxes, atol=0.02)
    assert tracks.canonical["track_id"].to_pylist() == expected.canonical["track_id"].to_pylist()
    assert tracks.canonical["class_id"].to_pylist() == expected.canonical["class_id"].to_pylist()
    np.testing.assert_allclose(tracks.score, expected.score if save_conf else 1, atol=1e-5)
    assert tracks.frame.tolist() == (expected.frame + 1).tolist()


@pytest.mark.parametrize("normalize", [True, False])
def test_what_ultralytics_really_summarises_is_read(normalize: bool, tmp_path: Path) -> None:
    found = results()
    expected = rs.read(found)
    content = [one.summary(normalize=normalize) for one in found]
    for text in (json.dumps(content), "\n".join(json.dumps(one) for one in content)):
        (tmp_path / "r.json").write_text(text)
        tracks = rs.read(tmp_path / "r.json", size=SIZE)
        np.testing.assert_allclose(tracks.boxes, expected.boxes, atol=0.02)
        for name in ("track_id", "class_id", "class_name", "frame"):
            assert tracks.canonical[name].to_pylist() == expected.canonical[name].to_pylist()
        np.testing.assert_allclose(tracks.score, expected.score, atol=1e-5)


def test_what_to_json_really_gives_is_read(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="to_json needs polars")
    found = results()
    (tmp_path / "r.jsonl").write_text("".join(one.to_json() + "\n" for one in found))
    tracks = rs.read(tmp_path / "r.jsonl")
    np.testing.assert_allclose(tracks.boxes, rs.read(found).boxes, atol=0.01)
