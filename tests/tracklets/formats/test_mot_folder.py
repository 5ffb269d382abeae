"""A clip's folder: which file was taken is said, and gameinfo.ini says who the ids are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tracklets.formats.examples import EXAMPLES, ROWS, lines

import reid_solve as rs
from reid_solve.tracklets.write import write


def test_the_truth_is_taken_and_its_people_are_known(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["mot-folder"](tmp_path))
    assert tracks.clip.source == str(tmp_path / "gt" / "gt.txt")
    assert (tracks.clip.fps, tracks.clip.width, tracks.clip.length) == (25, 1920, 30)
    rows = tracks.canonical.slice(0, 3).select(["track_id", "role", "team", "jersey"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (1, "player", "left", "10"), (2, "goalkeeper", "right", None), (3, "referee", None, None)
    ]  # fmt: skip
    taken, told, *_ = tracks.notes
    assert (taken.code, taken.count) == ("file-taken", ROWS)
    assert taken.text.startswith("gt/gt.txt is read, not det/det.txt")
    assert (told.code, told.count) == ("gameinfo", 3)


def test_detections_are_taken_where_there_is_no_truth(tmp_path: Path) -> None:
    EXAMPLES["mot-folder"](tmp_path)
    (tmp_path / "gt" / "gt.txt").unlink()
    tracks = rs.read(tmp_path)
    assert tracks.canonical["track_id"].null_count == ROWS
    assert tracks.notes[0].text == "det/det.txt is read"
    assert "role" not in tracks


def test_a_folder_without_gameinfo_or_with_a_broken_one(tmp_path: Path) -> None:
    EXAMPLES["mot-folder"](tmp_path)
    (tmp_path / "gameinfo.ini").write_text("nothing\n")
    tracks = rs.read(tmp_path)
    assert len(tracks) == ROWS
    assert "cannot be understood" in tracks.notes[1].text
    (tmp_path / "gameinfo.ini").unlink()
    assert [note.code for note in rs.read(tmp_path).notes] == ["file-taken"]


def test_words_as_ids_are_not_people_of_gameinfo(tmp_path: Path) -> None:
    EXAMPLES["mot-folder"](tmp_path)
    lines(tmp_path / "gt", "gt.txt", ["1,anna,10,20,30,40,1,-1,-1,-1", "1,2,100,20,30,40,1,-1,-1,-1"])
    tracks = rs.read(tmp_path)
    assert tracks.canonical["track_id"].to_pylist() == ["anna", "2"]
    assert "role" not in tracks


def test_the_files_of_the_clip_are_never_overwritten(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["mot-folder"](tmp_path))
    with pytest.raises(rs.OutputError, match="input itself"):
        write(tracks, tmp_path / "gt" / "gt.txt")


def test_no_path_in_a_file_is_opened(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "clip"
    folder.mkdir()
    EXAMPLES["mot-folder"](folder)
    lines(elsewhere, "gt.txt", ["1,1,1,1,1,1"])
    lines(folder, "seqinfo.ini", ["[Sequence]", f"imDir={elsewhere}", "name=../elsewhere", "frameRate=25"])
    assert len(rs.read(folder)) == ROWS
