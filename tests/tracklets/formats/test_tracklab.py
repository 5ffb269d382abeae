"""TrackLab's states: tables of pandas taken apart without it, and zips and pickles that are traps."""

from __future__ import annotations

import os
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tracklets.formats.examples import EXAMPLES
from tests.tracklets.formats.refused import Attack, refusal

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.tracklets.formats.pandas_parts import Frame
from reid_solve.tracklets.formats.unpickle import unpickle
from reid_solve.tracklets.formats.unpickle_frames import Frames


def detections(n: int = 6) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": [100 + k // 2 for k in range(n)], "video_id": "0", "id": range(40, 40 + n),
            "bbox_ltwh": [np.array([10.0 * k, 20, 30, 60]) for k in range(n)], "track_id": [1.0, np.nan] * (n // 2),
            "bbox_conf": 0.5, "embeddings": [np.ones((2, 3), np.float32), None] * (n // 2),
            "bbox_pitch": [{"x_bottom_middle": 1.0, "y_bottom_middle": 2.0}, None] * (n // 2),
            "jersey_number": ["07", None] * (n // 2), "keypoints": [np.zeros((2, 3))] * n,
        }
    )  # fmt: skip


def saved(folder: Path, members: dict[str, Any], method: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "s.pklz"
    with zipfile.ZipFile(path, "w", method) as state:
        for name, content in members.items():
            state.writestr(name, content if isinstance(content, bytes) else pickle.dumps(content))
    return path


def test_a_state_without_its_pictures(tmp_path: Path) -> None:
    tracks = rs.read(saved(tmp_path, {"0.pkl": detections()}), allow_pickle=True)
    assert tracks.frame.tolist() == [100, 100, 101, 101, 102, 102]
    assert tracks.canonical["track_id"].to_pylist() == [1, None] * 3
    assert tracks.source["detection_id"].to_pylist() == [40, 41, 42, 43, 44, 45]
    assert tracks.canonical["pitch_y"].to_pylist() == [2.0, None] * 3
    assert tracks.canonical["jersey"].to_pylist() == ["07", None] * 3
    assert tracks.canonical["embedding"].to_pylist() == [[1.0] * 6, None] * 3
    codes = {note.code for note in tracks.notes}
    assert {"frames-of-images", "embeddings-joined", "columns-ignored"} <= codes


def test_two_videos_are_two_recordings_with_frames_of_their_own(tmp_path: Path) -> None:
    pictures = [pd.DataFrame({"frame": [first, first + 1, first + 2]}, index=[100, 101, 102]) for first in (0, 50)]
    members = {"A.pkl": detections(), "B.pkl": detections(), "A_image.pkl": pictures[0], "B_image.pkl": pictures[1]}
    tracks = rs.read(saved(tmp_path, members), allow_pickle=True)
    assert tracks.frame.tolist() == [0, 0, 1, 1, 2, 2, 50, 50, 51, 51, 52, 52]
    assert tracks.canonical["sequence"].to_pylist() == ["A"] * 6 + ["B"] * 6
    assert tracks.clip.frame_base == 0


def test_a_state_needs_the_flag(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["info", str(EXAMPLES["tracklab"](tmp_path))])
    assert done.exit_code == 2
    assert "--allow-pickle" in done.stderr
    assert done.stderr.count("\n") == 1


TABLES: dict[str, Callable[[], Any]] = {
    "numbers": lambda: [1, 2, 3],
    "floats": lambda: [1.5, None, 3],
    "truths": lambda: [True, False, True],
    "words": lambda: ["a", None, "ü🥅"],
    "objects": lambda: pd.Series(["a", None, 3], dtype=object),
    "categories": lambda: pd.Categorical(["a", None, "b"]),
    "nullable": lambda: pd.array([1, None, 3], dtype="Int64"),
    "single": lambda: pd.array([1.5, None, 3], dtype="Float32"),
    "maybe": lambda: pd.array([True, None, False], dtype="boolean"),
    "python words": lambda: pd.array(["a", None, "b"], dtype="string[python]"),
    "arrow words": lambda: pd.array(["a", None, "b"], dtype="string[pyarrow]"),
}


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("rows", [[0, 1, 2], [], [2, 0, 2]])
def test_tables_are_what_pandas_says(name: str, protocol: int, rows: list[int]) -> None:
    table = pd.DataFrame({"before": [1.5, 2.5, 3.5], name: TABLES[name](), "after": ["x", "y", "z"]}).iloc[rows]
    frame = unpickle(pickle.dumps(table, protocol), "t.pkl", Frames)
    assert isinstance(frame, Frame)
    columns, index = frame.columns(10**6)
    assert index == rows
    assert list(columns) == list(table.columns)
    for key, values in columns.items():
        wanted = [None if pd.isna(value) else value for value in table[key].astype(object)]
        assert [None if value is None or value != value else value for value in values] == wanted


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "call",
    [(os.system, "touch {}"), (eval, "open('{}', 'w')"), (getattr, "x", "y"), (np.load, "{}"), (pd.read_pickle, "{}"),
     (pd.eval, "@open('{}', 'w')"), (np.testing.runstring if hasattr(np.testing, "runstring") else exec, "1", {}),
     (bytearray, 10**15), (pd.DataFrame.from_records, [])],
)  # fmt: skip
def test_nothing_in_a_state_is_called(call: tuple[Any, ...], protocol: int, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    table = pd.DataFrame({"track_id": [1], "bbox_ltwh": [Attack(call, trap)]})
    refusal(saved(tmp_path, {"0.pkl": pickle.dumps(table, protocol)}), allow_pickle=True)
    assert not trap.exists()


def long_binary(size: int) -> bytes:
    return b"\x80\x05\x96" + struct.pack("<Q", size) + b"abc."


LIST = b"(" + b"N" * 50_000 + b"lq\x01"  # a list of 50,000, remembered
BOMBS = {
    "tuples in tuples as a key": b"\x80\x04}" + b")" + b"\x85" * 1_000_000 + b"K\x01s.",
    "a buffer that claims a petabyte": long_binary(10**15),
    "a place far out": b"\x80\x04]r\xff\xff\xff\x7f.",
    "copies of a list": b"\x80\x02" + LIST + b"c__builtin__\nlist\nq\x02" + b"h\x02h\x01\x85R0" * 100_000 + b".",
    "a state for a class": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}X\x01\x00\x00\x00aK\x01sb.",
    "a state for a type": b"\x80\x02cpandas\nDataFrame\nN}X\x06\x00\x00\x00valuesK\x01s\x86b.",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("member", [True, False])
def test_a_bomb_gets_one_line_soon(name: str, member: bool, tmp_path: Path) -> None:
    path = saved(tmp_path, {"0.pkl": BOMBS[name]}) if member else tmp_path / "t.pkl"
    if not member:
        path.write_bytes(BOMBS[name])
    began = time.perf_counter()
    with pytest.raises(rs.InputError, match=r"^[^\n]*$"):
        rs.read(path, allow_pickle=True)
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("column", ["bbox_ltwh", "embeddings", "track_id", "role"])
def test_values_that_are_shared_do_not_fill_the_memory(column: str, tmp_path: Path) -> None:
    nested: Any = [1.0, 2, 3, 4]
    for _ in range(40):
        nested = [nested] * 4
    traps: list[Any] = [nested, np.zeros(100_000), "x" * 100_000]
    for trap in traps:
        table = pd.DataFrame({"track_id": [1] * 3000, "bbox_ltwh": [np.ones(4)] * 3000})
        shared = pd.Series([None], dtype=object).iloc[[0] * 3000].reset_index(drop=True)
        for row in range(3000):
            shared.iat[row] = trap
        table[column] = shared
        with suppress(rs.InputError):
            tracks = rs.read(saved(tmp_path, {"0.pkl": pickle.dumps(table)}), allow_pickle=True)
            assert tracks.source.nbytes < 10_000_000


def encrypt(raw: bytearray) -> None:
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + at] |= 1


def unusual(raw: bytearray) -> None:
    for sign, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        raw[raw.index(sign) + at] = 12


def claim(raw: bytearray) -> None:
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = b"\xff\xff\xff\x7f"


TABLE = pickle.dumps(detections())


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("0.pkl", encrypt, "is encrypted"),
        ("0.pkl", unusual, "packed in an unusual way"),
        ("0.pkl", claim, "claims to unpack"),
        ("../0.pkl", None, "leads out of it"),
        ("/etc/0.pkl", None, "leads out of it"),
        ("C:0.pkl", None, "leads out of it"),
        ("a\\0.pkl", None, "leads out of it"),
        ("0.txt", None, "no table of detections"),
    ],
)
def test_odd_zips_get_one_line(name: str, change: Any, says: str, tmp_path: Path) -> None:
    path = saved(tmp_path, {name: TABLE})
    raw = bytearray(path.read_bytes())
    if change:
        change(raw)
        path.write_bytes(raw)
    assert says in refusal(path, allow_pickle=True, format="tracklab")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.pklz"]


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = saved(tmp_path, {"0.pkl": b"\0" * 200_000_000}, zipfile.ZIP_DEFLATED)
    with pytest.raises(rs.InputError, match="100 times its size"):
        rs.read(path, allow_pickle=True)


def test_a_packed_state_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, {"0.pkl": detections()}, zipfile.ZIP_DEFLATED)
    assert len(rs.read(path, allow_pickle=True)) == 6


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_table_is_read_or_gets_one_line(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    raw = bytearray(TABLE)
    for at, value in changes:
        raw[at % len(raw)] = value
    with suppress(rs.InputError):
        rs.read(saved(tmp_path, {"0.pkl": bytes(raw)}), allow_pickle=True, on_duplicate="split", drop_invalid=True)


def test_all_of_a_place_on_the_pitch_comes_along_and_a_taken_name_is_said(tmp_path: Path) -> None:
    table = detections().drop(columns=["keypoints"]).assign(bb_left=5)
    place = {"x_bottom_middle": 1.0, "y_bottom_middle": 2.0, "x_bottom_left": 0.5}
    table["bbox_pitch"] = pd.Series([place] * 6, dtype=object)
    tracks = rs.read(saved(tmp_path, {"0.pkl": table}), allow_pickle=True)
    assert tracks.source["x_bottom_left"].to_pylist() == [0.5] * 6
    assert "y_bottom_left" not in tracks.source.column_names
    assert tracks.boxes[1].tolist() == [10, 20, 30, 60]
    (note,) = [note for note in tracks.notes if note.code == "columns-ignored"]
    assert note.text.startswith("bb_left: ")
