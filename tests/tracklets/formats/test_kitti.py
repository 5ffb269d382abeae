"""KITTI tracking text: nothing of it is lost, and other tracks can be written as it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tracklets.formats.examples import EXAMPLES, ROWS
from tests.tracklets.formats.refused import refusal

import reid_solve as rs
from reid_solve.tracklets.write import write

NOBODY = "0 -1 DontCare -1 -1 -10 219.31 188.49 245.5 218.56 -1000 -1000 -1000 -10 -1 -1 -1\n"
WALKER = "{} {} Pedestrian 0 2 -1.79 {} 161.5 931.1 374 1.7 0.8 0.7 1.6 1.6 5.7 -1.67\n"


def test_every_column_comes_along_and_the_type_is_the_class(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["kitti"](tmp_path))
    assert tracks.clip.frame_base == 0
    assert tracks.canonical["class_name"].to_pylist() == ["Pedestrian"] * (ROWS - 1) + ["DontCare"]
    assert tracks.source.column_names[10:13] == ["size_height", "size_width", "size_length"]
    assert tracks.source["rotation_y"][0].as_py() == -1.675458
    assert "score" not in tracks


def test_regions_where_nobody_was_labelled_are_rows_of_nobody(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["kitti"](tmp_path))
    assert tracks.canonical["track_id"].null_count == 1
    assert {(note.code, note.count) for note in tracks.notes} == {("dont-care", 1), ("unassigned", 1)}
    assert len(rs.read(tmp_path / "0000.txt", classes=["Pedestrian"])) == ROWS - 1
    assert rs.solve(tracks).tracks.canonical["identity"].to_pylist()[-1] is None


def test_results_have_scores(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["kitti results"](tmp_path))
    np.testing.assert_allclose(tracks.score[:3], [0.6, 0.7, 0.8])
    assert not [note for note in tracks.notes if note.code == "separator"]


def test_labels_that_begin_in_a_later_frame_still_count_from_0(tmp_path: Path) -> None:
    (tmp_path / "0001.txt").write_text("".join(WALKER.format(f, 3, 700 + f) for f in range(40, 50)))
    assert rs.read(tmp_path / "0001.txt").clip.frame_base == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (NOBODY + WALKER.format(0, 1, 700) + "0 2 Pedestrian 0 2 -1.79 737\n", ", line 3: y (column 'top') is empty"),
        (NOBODY + WALKER.format(0, 1, "here"), ", line 2: x1 (column 'left') is here, not a number"),
        (NOBODY + WALKER.format(0, 1, 990), "width of the box is -58.9"),
        (NOBODY + WALKER.format(0.5, 1, 700), ", line 2: frame is 0.5, not a whole number"),
    ],
)
def test_damage_gets_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(text)
    assert says in refusal(tmp_path / "t.txt")


def test_a_box_format_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(rs.OptionError, match="corners"):
        rs.read(EXAMPLES["kitti"](tmp_path), box_format="xywh")


@pytest.mark.parametrize("name", ["kitti", "kitti results"])
def test_what_was_read_is_written_as_it_was(name: str, tmp_path: Path) -> None:
    path = EXAMPLES[name](tmp_path)
    tracks = rs.read(path)
    assert write(tracks, tmp_path / "again.kitti.txt") == ()

    def cells(file: Path) -> list[list[object]]:
        rows = [line.split(" ") for line in file.read_text().splitlines()]
        return [[cell if at == 2 else float(cell) for at, cell in enumerate(row)] for row in rows]

    assert cells(tmp_path / "again.kitti.txt") == cells(path)


def test_identities_stand_in_the_id_column(tmp_path: Path) -> None:
    solved = rs.solve(EXAMPLES["kitti results"](tmp_path))
    solved.write(tmp_path / "solved.kitti")
    again = rs.read(tmp_path / "solved.kitti")
    assert again.canonical["track_id"].to_pylist() == solved.tracks.canonical["identity"].to_pylist()


def test_other_tracks_have_unknown_columns_and_keep_their_frames(tmp_path: Path) -> None:
    notes = write(rs.read(EXAMPLES["mot six"](tmp_path)), tmp_path / "t.kitti")
    assert [note.code for note in notes] == ["class-assumed", "frame-base"]
    first = (tmp_path / "t.kitti").read_text().splitlines()[0]
    assert first == "1 1 Pedestrian -1 -1 -10 103 208 144 300 -1 -1 -1 -1000 -1000 -1000 -10"


def test_classes_that_are_numbers_become_words(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["mot truth"](tmp_path))
    write(tracks, tmp_path / "t.kitti")
    again = rs.read(tmp_path / "t.kitti")
    assert again.clip.format == "kitti"
    assert set(again.canonical["class_name"].to_pylist()) == {"class_1"}
    np.testing.assert_array_equal(again.boxes, tracks.boxes)


def test_words_as_ids_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("frame,id,x,y,w,h\n1,anna,10,20,30,40\n")
    with pytest.raises(rs.OutputError, match="whole numbers as ids"):
        write(rs.read(tmp_path / "t.csv"), tmp_path / "t.kitti")
    assert not (tmp_path / "t.kitti").exists()


numbers = st.floats(-2000, 2000).map(lambda x: round(x, 4) + 0.0)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    keys = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2**40)), min_size=1, max_size=30, unique=True))
    n = len(keys)

    def column(values: st.SearchStrategy[object]) -> list[object]:
        return draw(st.lists(values, min_size=n, max_size=n))

    table = {
        "frame": [0, *(frame for frame, _ in keys[1:])],
        "track_id": [draw(st.sampled_from([i, None])) for _, i in keys],
        **{side: column(numbers) for side in "xy"},
        **{side: [90, *column(st.floats(0, 500).map(lambda x: round(x, 4)))[1:]] for side in "wh"},  # pixels, no shares
        "class_name": column(st.sampled_from(["Pedestrian", "Car", "goal keeper", 'the "ref"', "müller"])),
    }
    if draw(st.booleans()):
        table["score"] = column(st.floats(0.01, 1).map(lambda x: round(x, 4)))
    return pa.table(table)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_any_table_comes_back_from_kitti(tmp_path: Path, table: pa.Table) -> None:
    tracks = rs.read(table, on_duplicate="split", box_format="xywh")
    write(tracks, tmp_path / "t.kitti")
    again = rs.read(tmp_path / "t.kitti", format="kitti", on_duplicate="split")
    assert again.frame.tolist() == tracks.frame.tolist()
    assert again.canonical["track_id"].to_pylist() == tracks.canonical["track_id"].to_pylist()
    np.testing.assert_allclose(again.boxes, tracks.boxes, atol=1e-9)
    np.testing.assert_array_equal(again.score, tracks.score)
    words = [re.sub(r'[ "]+', "_", word) for word in tracks.canonical["class_name"].to_pylist()]
    assert again.canonical["class_name"].to_pylist() == words
    write(again, tmp_path / "u.kitti")
    assert rs.read(tmp_path / "u.kitti", format="kitti", on_duplicate="split").canonical.equals(again.canonical)
