"""Tables of any types that a program may have: each is read, with promises kept, or refused in one line."""

from __future__ import annotations

import datetime
import decimal
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.targets import promised, watched

import reid_solve as rs
from reid_solve.tracklets.formats.registry import WRITERS
from reid_solve.tracklets.write import write

ROWS = 4
DAY = datetime.datetime(2026, 11, 21, 12, 30)
edges: st.SearchStrategy[Any] = st.sampled_from([0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1])
number: st.SearchStrategy[Any] = st.sampled_from([0.0, 1.0, 7.5, -1.0, 40.0, math.nan, math.inf, 1e300, -0.0])
text = st.sampled_from(["", "7", "-1", "1.0", "home", "nan", "\n", "é", "1e999", "9" * 30, " 3 ", "\u2028"])
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-1, 100),
    pa.int64(): edges,
    pa.uint64(): st.sampled_from([0, 1, 2**63, 2**64 - 1]),
    pa.float16(): st.sampled_from([0.0, 1.0, math.nan]).map(np.float16),
    pa.float32(): st.floats(width=32),
    pa.float64(): number,
    pa.bool_(): st.booleans(),
    pa.string(): text,
    pa.large_string(): text,
    pa.string_view(): text,
    pa.binary(): st.binary(max_size=4),
    pa.null(): st.none(),
    pa.decimal128(20, 2): st.sampled_from([decimal.Decimal("1.50"), decimal.Decimal("7.00")]),
    pa.timestamp("us"): st.just(DAY),
    pa.date32(): st.just(DAY.date()),
    pa.duration("ms"): st.just(datetime.timedelta(1)),
    pa.list_(pa.float32()): st.lists(st.floats(width=32), max_size=5),
    pa.list_(pa.float64(), 4): st.lists(number, min_size=4, max_size=4),
    pa.large_list(pa.int64()): st.lists(edges, min_size=4, max_size=4),
    pa.list_(pa.string()): st.lists(text, max_size=3),
    pa.list_(pa.list_(pa.float64())): st.lists(st.lists(number, max_size=2), max_size=2),
    pa.struct([("x", pa.float64())]): st.fixed_dictionaries({"x": number}),
    pa.map_(pa.string(), pa.int64()): st.just([("a", 1)]),
    pa.dictionary(pa.int8(), pa.string()): text,
    pa.dictionary(pa.int32(), pa.int64()): edges,
}
NAMES = ["score", "class", "class_id", "team", "role", "jersey", "jersey_score", "embedding", "gt_id", "identity",
         "identity_score", "sequence", "pitch_x", "pitch_y", "mine"]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A sound table, but for one to four columns, which are of any types, and whose names may be there twice."""
    sound = {"frame": [1, 2, 3, 3], "track_id": [1, 1, 1, 2], "x": [5.0, 6, 7, 90], "y": [5.0] * 4, "w": [9.0] * 4}
    columns: dict[str, Any] = {name: pa.array(values) for name, values in (sound | {"h": [20.0] * 4}).items()}
    if draw(st.booleans()):
        for name in "xywh":
            del columns[name]
        columns[draw(st.sampled_from(["bbox", "bbox_ltwh", "xyxy"]))] = pa.array([[5.0, 6.0, 9.0, 20.0]] * ROWS)
    for name in draw(st.lists(st.sampled_from([*columns, *NAMES]), min_size=1, max_size=4, unique=True)):
        kind = draw(st.sampled_from(list(KINDS)))
        values = draw(st.lists(st.one_of(KINDS[kind], st.none()), min_size=ROWS, max_size=ROWS))
        columns[name] = pa.array(values, kind)
    table = pa.table(columns)
    parts = draw(st.sampled_from([1, 2]))
    table = pa.concat_tables([table.slice(k * ROWS // parts, ROWS // parts) for k in range(parts)])
    begin = draw(st.sampled_from([0, 0, 1, ROWS]))
    return table.slice(begin)


@settings(max_examples=400, deadline=None)
@given(table=tables(), lenient=st.booleans(), writer=st.sampled_from(sorted(WRITERS)))
def test_any_types_are_read_and_written_or_get_one_line(table: pa.Table, lenient: bool, writer: str) -> None:
    more: dict[str, Any] = {"drop_invalid": True, "on_duplicate": "split", "box_format": "xywh"} if lenient else {}
    with watched(bytes(1 << 16)):
        tracks = rs.read(table, size=(1920, 1080), **more)
        promised(tracks)
        dropped = sum(note.count for note in tracks.notes if note.code == "identical-duplicates")
        assert lenient or len(tracks) + dropped == table.num_rows
        result = rs.solve(tracks, fps=25)
        promised(result.tracks)
        with TemporaryDirectory() as folder:
            write(result.tracks, Path(folder, "out"), writer)


@settings(max_examples=100, deadline=None)
@given(table=tables())
def test_a_file_of_any_types_gives_what_the_table_gives(table: pa.Table) -> None:
    with TemporaryDirectory() as folder, watched(bytes(1 << 16)):
        path = Path(folder, "t.parquet")
        try:
            pq.write_table(table, path)
        except pa.ArrowException:
            return  # what parquet cannot hold
        tracks = rs.read(path, size=(1920, 1080))
        promised(tracks)
        rs.solve(tracks, fps=25)


def test_string_views_as_polars_hands_them_over_are_plain_strings() -> None:
    """Arrow cannot take rows of them, which dropping and merging rows need."""
    table = pa.table({
        "frame": [1, 1, 2], "track_id": pa.array(["a", "a", None], pa.string_view()), "x": [5.0, 5.0, 6.0],
        "y": [5.0] * 3, "w": [9.0] * 3, "h": [20.0] * 3, "mine": pa.array(["p", "p", "q"], pa.string_view()),
    })  # fmt: skip
    tracks = rs.read(table)
    assert tracks.source["track_id"].to_pylist() == ["a", None]
    assert tracks.source["mine"].to_pylist() == ["p", "q"]
