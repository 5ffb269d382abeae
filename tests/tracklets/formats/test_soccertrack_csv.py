"""SoccerTrack's wide table: three header lines, a line for each frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.tracklets.formats.examples import EXAMPLES
from tests.tracklets.formats.refused import refusal

import reid_solve as rs

REAL = Path(__file__).parents[3] / ".." / "shared" / "data" / "soccertrack" / "boxes_30s.csv"
HEAD = "TeamID,0,0,0,0,BALL,BALL,BALL,BALL\nPlayerID,9,9,9,9,BALL,BALL,BALL,BALL\n"
HEAD += "Attributes,bb_left,bb_top,bb_width,bb_height,bb_left,bb_top,bb_width,bb_height\n"


def saved(folder: Path, rows: str, head: str = HEAD) -> Path:
    (folder / "t.csv").write_text(head + rows)
    return folder / "t.csv"


def test_players_and_the_ball_are_rows_of_their_own(tmp_path: Path) -> None:
    tracks = rs.read(saved(tmp_path, "0,1,2,30,60,5,6,7,8\n1,,,,,6,6,7,8\n2,3,2,30,60,,,,\n"))
    assert tracks.frame.tolist() == [0, 0, 1, 2]
    assert tracks.canonical["track_id"].to_pylist() == ["0_9", "BALL", "BALL", "0_9"]
    assert tracks.canonical["class_name"].to_pylist() == ["player", "ball", "ball", "player"]
    assert tracks.canonical["team"].to_pylist() == ["0", None, None, "0"]
    assert tracks.boxes[-1].tolist() == [3, 2, 30, 60]
    assert tracks.clip.frame_base == 0
    assert tracks.source["player_id"].to_pylist() == ["9", "BALL", "BALL", "9"]


def test_a_confidence_is_a_score_and_a_line_that_names_the_frame_is_no_row(tmp_path: Path) -> None:
    head = "TeamID,1,1,1,1,1\nPlayerID,2,2,2,2,2\nAttributes,conf,bb_top,bb_left,bb_height,bb_width\nframe,,,,,\n"
    tracks = rs.read(saved(tmp_path, "7,0.5,2,1,60,30\n", head))
    assert tracks.canonical["score"].to_pylist() == [0.5]
    assert (tracks.frame.tolist(), tracks.boxes.tolist()) == ([7], [[1, 2, 30, 60]])


@pytest.mark.parametrize(
    ("rows", "head", "says"),
    [
        ("0,1,2,30,x,5,6,7,8\n", HEAD, "line 4: value (column '4') is x, not a number"),
        ("0.5,1,2,30,60,5,6,7,8\n", HEAD, "line 4: frame (column '0') is 0.5, not a whole number"),
        (",1,2,30,60,5,6,7,8\n", HEAD, "line 4: frame"),
        ("0,1,2,30,60,5,6,7,8\n1,1,,30,60,5,6,7,8\n", HEAD, "line 5, player 0_9: y (column 'bb_top')"),
        ("0,1,2,30,60,5,6,7,8\n1,1\n", HEAD, "line 5"),
        ("0,1\n", "TeamID,0\nPlayerID,9\n", "begins with TeamID, PlayerID and Attributes"),
        ("0,1\n", "TeamID,0\nPlayerID,9\nAttributes,speed\n", "no bb_left, bb_top, bb_width, bb_height"),
        ("0,1,2\n", "TeamID,0,0\nPlayerID,9,9\nAttributes,bb_top,bb_top\n", "stands there twice"),
    ],
)
def test_broken_tables_get_one_line(rows: str, head: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(saved(tmp_path, rows, head), salvage="1,1\n" in rows and head != HEAD)


def test_a_table_without_frames_is_a_valid_empty_input(tmp_path: Path) -> None:
    assert len(rs.read(saved(tmp_path, ""))) == 0


def test_the_last_line_may_be_cut_short(tmp_path: Path) -> None:
    path = saved(tmp_path, "0,1,2,30,60,5,6,7,8\n1,1,2,3")
    with pytest.raises(rs.InputError, match="--salvage"):
        rs.read(path)
    assert rs.read(path, salvage=True).frame.tolist() == [0, 0]


@pytest.mark.skipif(not REAL.is_file(), reason="SoccerTrack's table is not here")
def test_the_real_table() -> None:
    tracks = rs.read(REAL)
    assert len(tracks) == 900 * 23
    assert len(set(tracks.canonical["track_id"].to_pylist())) == 23
    assert np.median(tracks.boxes[:, 2]) == 39


def test_the_example_has_team_and_class(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["soccertrack-csv"](tmp_path))
    assert set(tracks.canonical["track_id"].to_pylist()) == {"0_0", "1_0", "BALL"}
