"""The folder of little files that Ultralytics' save_txt leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tracklets.formats.examples import EXAMPLES, ROWS, SIZE
from tests.tracklets.formats.refused import refusal

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
    assert says in refusal(path, size=SIZE)


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


@pytest.mark.parametrize("save_conf", [True, False])
def test_what_ultralytics_really_writes_is_read(save_conf: bool, tmp_path: Path, results: list[Any]) -> None:
    for f, one in enumerate(results, 1):
        one.save_txt(tmp_path / "labels" / f"m_{f}.txt", save_conf=save_conf)
    expected = rs.read(results)
    tracks = rs.read(tmp_path / "labels", size=SIZE)
    np.testing.assert_allclose(tracks.boxes, expected.boxes, atol=0.02)
    assert tracks.canonical["track_id"].to_pylist() == expected.canonical["track_id"].to_pylist()
    assert tracks.canonical["class_id"].to_pylist() == expected.canonical["class_id"].to_pylist()
    np.testing.assert_allclose(tracks.score, expected.score if save_conf else 1, atol=1e-5)
    assert tracks.frame.tolist() == (expected.frame + 1).tolist()
