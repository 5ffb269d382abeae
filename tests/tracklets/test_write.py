"""What is written is what was read, whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reid_solve.tracklets.errors import OptionError, OutputError
from reid_solve.tracklets.formats import registry
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Note, Tracks
from reid_solve.tracklets.write import write

coordinate = st.floats(-5000, 5000).map(lambda x: round(x, 3) + 0.0)  # no -0
side = st.floats(10, 500).map(lambda x: round(x, 4))
score = st.floats(0, 1)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Rows in any order, ids of any size, some unassigned; no id twice in a frame."""
    ids = st.one_of(st.none(), st.integers(0, 9), st.integers(2**53 - 2, 2**63 - 1))
    key = st.tuples(st.integers(0, 10**6), ids)
    keys = draw(st.lists(key, min_size=1, max_size=30, unique_by=lambda one: one if one[1] is not None else object()))
    n = len(keys)
    column = {name: draw(st.lists(kind, min_size=n, max_size=n)) for name, kind in zip("xywhs", BOX, strict=True)}
    frames, track = zip(*keys, strict=True)
    base = {"frame": list(frames), "track_id": pa.array(track, pa.int64())}
    return pa.table(
        base | {"x": column["x"], "y": column["y"], "w": column["w"], "h": column["h"], "score": column["s"]}
    )


BOX = (coordinate, coordinate, side, side, score)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), st.sampled_from(["a.parquet", "a.txt", "a.csv", "a.txt.gz", "a.csv.gz"]))
def test_round_trip(tmp_path: Path, table: pa.Table, name: str) -> None:
    tracks = read(table)
    write(tracks, tmp_path / name)
    again = read(tmp_path / name)
    assert again.canonical.to_pylist() == tracks.canonical.to_pylist()
    write(again, tmp_path / f"second-{name}")
    if "gz" not in name and "parquet" not in name:
        assert (tmp_path / f"second-{name}").read_bytes() == (tmp_path / name).read_bytes()


def mot(path: Path, content: str = "2,7,1.50,2,30,40,0.90,-1,-1,-1\n1,-1,3,4,30,40,0.5,1.25,-1,-1\n") -> Tracks:
    path.write_text(content)
    return read(path)


def test_mot_text_keeps_order_and_columns_and_says_who(tmp_path: Path) -> None:
    tracks = mot(tmp_path / "in.txt")
    write(tracks, tmp_path / "plain.txt")
    assert (tmp_path / "plain.txt").read_text() == "2,7,1.5,2,30,40,0.9,-1,-1,-1\n1,-1,3,4,30,40,0.5,1.25,-1,-1\n"
    solved = tracks.with_identity(pa.array([3, None], pa.int64()), pa.array([0.75, None], pa.float32()))
    write(solved, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "2,3,1.5,2,30,40,0.9,-1,-1,-1\n1,-1,3,4,30,40,0.5,1.25,-1,-1\n"
    write(solved, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "frame,track_id,x,y,w,h,score,world_x,world_y,world_z,identity,identity_score\n"
        "2,7,1.5,2,30,40,0.9,-1,-1,-1,3,0.75\n1,-1,3,4,30,40,0.5,1.25,-1,-1,,\n"
    )
    assert read(tmp_path / "out.csv").canonical["identity"].to_pylist() == [3, None]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("1,1,2,3,4,5", "1,1,2,3,4,5,1,-1,-1,-1"),
        ("1,1,2,3,4,5,-1", "1,1,2,3,4,5,-1,-1,-1,-1"),
        ("1,1,2,3,4,5,1,7,0.5", "1,1,2,3,4,5,1,7,0.5"),
        ("1,1,2,3,4,5,1,person,0.5", "1,1,2,3,4,5,1,person,0.5"),
        ("1 1.0 2 3 4 5 0.25", "1,1,2,3,4,5,0.25,-1,-1,-1"),
    ],
)
def test_mot_widths(line: str, written: str, tmp_path: Path) -> None:
    write(mot(tmp_path / "in.txt", line + "\n"), tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == written + "\n"


def test_corners_become_sizes_in_mot_text_and_stay_what_they_are_in_parquet(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("1,1,100,200,140,290,1,-1,-1,-1\n")
    tracks = read(tmp_path / "in.txt", box_format="xyxy")
    write(tracks, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "1,1,100,200,40,90,1,-1,-1,-1\n"
    named = read(
        pa.table({"frame": [1], "id": [1], "x": [100.0], "y": [200.0], "w": [140.0], "h": [290.0]}), box_format="xyxy"
    )
    for one in (tracks, named):
        write(one, tmp_path / "out.parquet")
        assert read(tmp_path / "out.parquet").boxes.tolist() == [[100, 200, 40, 90]]
    assert [note.code for note in write(named, tmp_path / "out.csv")] == ["box-format"]


def test_parquet_returns_the_users_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "note": pa.array(["a", None, "c"]).dictionary_encode(),
            "ID": pa.array(["p1", None, "p2"]),
            "frame": pa.array([3, 1, 2], pa.int16()),
            "bbox_ltwh": pa.array([[1.0, 2, 30, 40]] * 3, pa.list_(pa.float32(), 4)),
            "when": pa.array([0, 1, 2], pa.timestamp("ms")),
            "embedding": pa.array([[1.0, 0], [0, 1], None], pa.list_(pa.float16(), 2)),
        },
        metadata={"mine": "kept"},
    )
    pq.write_table(table, tmp_path / "in.parquet")
    tracks = read(tmp_path / "in.parquet", fps=25, size=(1920, 1080))
    assert tracks.boxes[0].tolist() == [1, 2, 30, 40]
    score = pa.array([1, None, 0.5], pa.float32())
    write(tracks.with_identity(pa.array([1, None, 2], pa.int64()), score), tmp_path / "out.parquet")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.column_names == [*table.column_names, "identity", "identity_score"]
    assert out.select(table.column_names).equals(pq.read_table(tmp_path / "in.parquet"))
    assert out.schema.metadata[b"mine"] == b"kept"
    facts = json.loads(out.schema.metadata[b"reid_solve"])
    wanted = {
        "schema_version": 1,
        "sealed": True,
        "fps": 25,
        "width": 1920,
        "height": 1080,
        "frame_base": 1,
        "source": "in.parquet",
    }
    assert facts == {**wanted, "format": "parquet"}
    again = read(tmp_path / "out.parquet")
    assert (again.clip.fps, again.clip.width, again.clip.origins["fps"]) == (25, 1920, "metadata")
    assert again.canonical["identity"].to_pylist() == [1, None, 2]
    notes = write(again, tmp_path / "out.csv")
    assert [(note.code, note.count) for note in notes] == [("columns-left-out", 2), ("facts-left-out", 3)]
    assert "fps 25, width 1920, height 1080" in notes[1].text


def test_float32_keeps_its_short_numbers(tmp_path: Path) -> None:
    box = {name: pa.array([0.1], pa.float32()) for name in "xy"} | {
        name: pa.array([30.7], pa.float32()) for name in "wh"
    }
    tracks = read(pa.table({"frame": [1], "track_id": [1]} | box))
    assert tracks.canonical["x"].type == pa.float32()
    write(tracks, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "1,1,0.1,0.1,30.7,30.7,1,-1,-1,-1\n"


def test_empty_tracks_write_valid_files(tmp_path: Path) -> None:
    tracks = mot(tmp_path / "in.txt", "")
    for name in ("out.txt", "out.csv", "out.parquet"):
        write(tracks, tmp_path / name)
        assert len(read(tmp_path / name)) == 0


def test_string_ids_need_an_identity_for_mot_text(tmp_path: Path) -> None:
    tracks = mot(tmp_path / "in.txt", "1,anna,1,2,30,40\n")
    with pytest.raises(OutputError, match=r"holds strings; write \.parquet or \.csv"):
        write(tracks, tmp_path / "out.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
    solved = tracks.with_identity(pa.array([1], pa.int64()), pa.array([1.0], pa.float32()))
    write(solved, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text().startswith("1,1,1,2,30,40,")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), pa.ArrowInvalid("no")])
def test_a_failure_leaves_the_old_file(error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = mot(tmp_path / "in.txt")
    (tmp_path / "out.txt").write_text("old")

    def fail(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
        stream.write(b"half of it")
        raise error

    monkeypatch.setitem(registry.WRITERS, "mot", replace(registry.WRITERS["mot"], write=fail))
    wanted: type[BaseException] = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError
    with pytest.raises(wanted) as caught:
        write(tracks, tmp_path / "out.txt")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "out.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


def test_a_full_disk_after_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = mot(tmp_path / "in.txt")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="no space left"):
        write(tracks, tmp_path / "out.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    tracks = mot(tmp_path / "in.txt")
    with pytest.raises(OutputError, match="input itself"):
        write(tracks, tmp_path / "in.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "in.txt")
    with pytest.raises(OutputError, match="input itself"):
        write(tracks, tmp_path / "link.txt")
    with pytest.raises(OutputError, match="no folder"):
        write(tracks, tmp_path / "none" / "out.txt")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(OutputError, match="a folder"):
        write(tracks, tmp_path / "folder.txt")
    with pytest.raises(OptionError, match=r"\.parquet, "):
        write(tracks, tmp_path / "out.xlsx")
    with pytest.raises(OptionError, match="one of"):
        write(tracks, tmp_path / "out.txt", format="xlsx")
    assert len(read(tmp_path / "in.txt")) == 2


def test_the_file_mode_survives_and_gzip_repeats(tmp_path: Path) -> None:
    tracks = mot(tmp_path / "in.txt")
    old = tmp_path / "out.txt"
    old.write_text("old")
    old.chmod(0o640)
    write(tracks, old)
    assert old.stat().st_mode & 0o777 == 0o640
    write(tracks, tmp_path / "out.txt.gz")
    first = (tmp_path / "out.txt.gz").read_bytes()
    write(tracks, tmp_path / "out.txt.gz")
    assert (tmp_path / "out.txt.gz").read_bytes() == first
    assert gzip.decompress(first) == old.read_bytes()


def test_box_precision_is_that_of_the_source(tmp_path: Path) -> None:
    values: list[Any] = [0.1, 1 / 3, 1234.56789, 30.000000001]
    tracks = mot(tmp_path / "in.txt", "1,1," + ",".join(map(repr, values)) + "\n")
    assert tracks.boxes[0].tolist() == values
    write(tracks, tmp_path / "out.txt")
    assert np.array_equal(read(tmp_path / "out.txt").boxes[0], values)
