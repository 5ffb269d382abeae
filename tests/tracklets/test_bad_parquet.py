"""Odd and broken tables: what is in them survives or is refused in one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.write import write

GOOD = [111.0, 55.0, 40.0, 90.0]


def ids(tracks: Tracks) -> list[Any]:
    return tracks.canonical["track_id"].to_pylist()  # type: ignore[no-any-return]


def base(**columns: Any) -> pa.Table:
    """Three players in ten frames; columns given replace these or are added."""
    frame, track = np.repeat(np.arange(1, 11), 3), np.tile([1, 2, 3], 10)
    box = {"x": 100.0 + 10 * track + frame, "y": 50.0 + 5 * track, "w": np.full(30, 40.0), "h": np.full(30, 90.0)}
    return pa.table({"frame": frame, "track_id": track, **box, **columns})


VECTOR = [0.6, 0.8, 0.0, 0.0]


@pytest.mark.parametrize(
    ("table", "notes", "first_id"),
    [
        (base(), {}, 1),
        (base(track_id=[str(i) for i in [1, 2, 3] * 10]), {}, "1"),
        (base(track_id=pa.array([None, 2.0, 3.0] * 10)), {"float-ids": 30, "unassigned": 10}, None),
        (base(track_id=pa.array(["a", "b", "c"] * 10).dictionary_encode()), {}, "a"),
        (base(track_id=pa.array([2**53 + 1, 2, 3] * 10)), {}, 2**53 + 1),
        (base(track_id=pa.array([2**64 - 1, 2, 3] * 10, pa.uint64())), {}, str(2**64 - 1)),
        (base(embedding=[VECTOR, None] * 15), {}, 1),
        (base(embedding=[VECTOR, [np.nan] * 4, [0.0] * 4] * 10), {"missing-embeddings": 20}, 1),
        (base().rename_columns(["Frame", "ID", "bb_left", "bb_top", "bb_width", "bb_height"]), {}, 1),
        (base().slice(0, 0), {"empty": 0}, None),
        (base(jersey_number=["07"] * 30, role=["player"] * 30), {}, 1),
    ],
    ids=[
        "good",
        "strings",
        "floats",
        "dictionary",
        "2^53",
        "uint64",
        "null vectors",
        "NaN",
        "names",
        "empty",
        "jersey",
    ],
)
def test_parquet(table: pa.Table, notes: dict[str, int], first_id: Any, tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    pq.write_table(table, path)
    tracks = read(path)
    assert {note.code: note.count for note in tracks.notes} == notes
    assert str(tracks.source.to_pylist()) == str(table.to_pylist())  # as text: NaN is not equal to itself
    if len(tracks):
        assert ids(tracks)[0] == first_id
        assert tracks.boxes[0].tolist() == GOOD
    if "embedding" in tracks:
        assert tracks.canonical["embedding"].type == pa.large_list(pa.float32())
        assert {len(vector) for vector in tracks.canonical["embedding"].to_pylist() if vector} <= {4}
        assert tracks.canonical["embedding"].null_count in (15, 20)
    if "jersey" in tracks:
        assert tracks.canonical["jersey"][0].as_py() == "07"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (base(embedding=[[1.0] * 6] + [[1.0] * 8] * 29), ["row 1", "8", "6"]),
        (base(track_id=pa.array([2.0**60] + [1.0] * 29)), ["row 0", "float", "strings"]),
        (base(frame=pa.array([1.5] * 30)), ["row 0", "frame is 1.5"]),
        (base(track_id=[[1]] * 30), ["'track_id'", "list"]),
        (base(x=["a"] * 30), ["row 0", "x is a"]),
        (base(x=[True] * 30).drop_columns(["h"]), ["no column for a box"]),
        (base().drop_columns(["x", "y", "w", "h"]).append_column("bbox", [[GOOD] * 30]), ["'bbox'", "--box-format"]),
        (base().drop_columns(["x"]).append_column("ltwh", [[GOOD] * 28 + [GOOD[:3], [*GOOD, 1]]]), ["row 28", "not 4"]),
    ],
    ids=["mixed vectors", "float 2^60", "fraction", "list ids", "words", "no h", "bbox", "3 and 5"],
)
def test_parquet_errors(table: pa.Table, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    pq.write_table(table, path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert all(word in str(caught.value) for word in [str(path), *words]), str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "empty", "csv", "page"])
def test_damaged_parquet(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    pq.write_table(base(), path, write_page_checksum=True, compression="none", use_dictionary=False)
    whole = path.read_bytes()
    at = whole.find(np.float64(121).tobytes())  # a value inside a data page: readable, but wrong
    assert at > 0
    path.write_bytes(
        {
            "truncated": whole[: len(whole) // 2],
            "empty": b"",
            "csv": b"frame,id,x,y,w,h\n1,1,1,1,5,5\n",
            "page": whole[:at] + b"\x01" + whole[at + 1 :],
        }[damage]
    )
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_dictionaries_that_differ_from_row_group_to_row_group(tmp_path: Path) -> None:
    teams = ["red"] * 10 + ["blue"] * 10 + [None] * 10
    path = tmp_path / "tracks.parquet"
    pq.write_table(base(team=pa.array(teams).dictionary_encode()), path, row_group_size=10)
    tracks = read(path)
    codes, names = tracks.codes("team")
    assert [names[int(code)].as_py() if code >= 0 else None for code in codes] == teams


@pytest.mark.parametrize(
    ("ids", "split"),
    [
        (pa.array([1, 1, 1, 2], pa.int8()), [1, 1, 3, 2]),
        (pa.array([127, 127, 127, 1], pa.int8()), [127, 127, 128, 1]),
        (pa.array([1.0, 1.0, 1.0, None]), [1.0, 1.0, 2.0, None]),
        (pa.array(["a", "a", "a", "b"]).dictionary_encode(), ["a", "a", "a#2", "b"]),
        (pa.array([2**64 - 1, 2**64 - 1, 2**64 - 1, 1], pa.uint64()), [str(2**64 - 1)] * 2 + [f"{2**64 - 1}#2", "1"]),
    ],
    ids=["int8", "int8 that overflows", "floats", "dictionary", "uint64"],
)
def test_ids_that_were_split_are_split_in_what_is_written(ids: pa.Array, split: list[Any], tmp_path: Path) -> None:
    """Or the output could not be read without the option."""
    place = {"x": [1.0, 1.0, 500.0, 7.0], "y": [9.0] * 4, "w": [40.0] * 4, "h": [90.0] * 4}
    tracks = read(pa.table({"frame": [1, 2, 2, 2], "tid": ids} | place), on_duplicate="split")
    write(tracks, tmp_path / "out.parquet")
    assert read(tmp_path / "out.parquet").source["tid"].to_pylist() == split
