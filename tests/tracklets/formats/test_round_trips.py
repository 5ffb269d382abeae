"""What is written and read again is what it was; what a format cannot hold is named."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tracklets.formats.refused import said, unwritable

from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.formats.registry import WRITERS, load_all
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.write import write

load_all()

# XML's and JSON's specials, quotes, backslashes, blanks, right-to-left, an emoji, and what only looks like a number.
WORDS = [
    "left",
    "<&>\"'",
    '{"a": [1]}',
    "\\u0041",
    "07",
    "ÅÄÖ ß",
    "مدافع",
    "背番号",
    "🥅",
    "a, b;c",
    "a  b",
    "#9",
    "1e5",
    "]]>",
]
coordinate = st.floats(-5000, 5000).map(lambda x: round(x, 3) + 0.0)  # no -0
side = st.floats(2, 500).map(lambda x: round(x, 4))
metres = st.floats(-60, 60).map(lambda x: round(x, 2))
share = st.floats(0, 1).map(lambda x: round(x, 3))
word = st.one_of(st.none(), st.sampled_from(WORDS))
whole_id = st.one_of(st.none(), st.integers(0, 9), st.integers(2**53 - 2, 2**63 - 1))
word_id = st.one_of(st.none(), st.sampled_from([one for one in WORDS if one.strip() == one]))
OPTIONAL: dict[str, tuple[st.SearchStrategy[Any], Any]] = {
    "score": (st.one_of(st.none(), st.just(math.nan), share), pa.float32()),
    "class_name": (word, pa.string()),
    "class_id": (st.one_of(st.none(), st.integers(0, 90)), pa.int64()),
    "role": (st.sampled_from([None, "player", "goalkeeper", "referee", "ball", "coach"]), pa.string()),
    "team": (word, pa.string()),
    "jersey": (st.sampled_from([None, "7", "07", "10"]), pa.string()),
    "pitch_x": (st.one_of(st.none(), metres), pa.float32()),
    "pitch_y": (st.one_of(st.none(), metres), pa.float32()),
    "gt_id": (st.one_of(st.none(), st.integers(0, 2**62)), pa.int64()),
    "sequence": (st.sampled_from(["A", "B"]), pa.string()),
    "embedding": (st.one_of(st.none(), st.just([1.0, 0.5])), pa.list_(pa.float32())),
    "note of my own": (st.one_of(st.none(), st.integers(0, 3)), pa.int64()),
}
LABELS = frozenset({"class_name", "class_id", "role", "team", "jersey", "gt_id"})
CORE = frozenset({"frame", "track_id", "x", "y", "w", "h"})
PLACE = frozenset({"pitch_x", "pitch_y"})
HELD: dict[str, frozenset[str]] = {
    "parquet": CORE | frozenset(OPTIONAL),
    "csv": CORE | frozenset(OPTIONAL) - {"embedding"},
    "mot": CORE | {"score"},
    "kitti": CORE | {"score"},
    "cvat-xml": CORE | LABELS | PLACE | {"score"},
    "soccernet-gsr": CORE | LABELS | PLACE | {"score", "sequence"},
}
SHIFTED = {"cvat-xml": 0, "soccernet-gsr": 1}  # formats with a first frame of their own
SORTED = {"cvat-xml"}  # formats with an order of their own


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Rows in any order, of one recording or two; no id twice in a frame; empty, too."""
    ids = draw(st.sampled_from([whole_id, word_id]))
    key = st.tuples(st.integers(0, 10**6), ids)
    keys = draw(st.lists(key, max_size=15, unique_by=lambda one: one if one[1] is not None else object()))
    n = len(keys)

    def column(kind: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(kind, min_size=n, max_size=n))

    words = ids is word_id
    columns = {
        "frame": pa.array([frame for frame, _ in keys], pa.int64()),
        "track_id": pa.array([one for _, one in keys], pa.string() if words else pa.int64()),
    }
    columns |= {name: pa.array(column(coordinate), pa.float64()) for name in "xy"}
    columns |= {name: pa.array(column(side), pa.float64()) for name in "wh"}
    for name in draw(st.lists(st.sampled_from(sorted(OPTIONAL)), unique=True)):
        columns[name] = pa.array(column(OPTIONAL[name][0]), OPTIONAL[name][1])
    if draw(st.booleans()) and not words:
        who = draw(st.permutations(range(n)))
        columns["identity"] = pa.array([one if one % 3 else None for one in who], pa.int64())
    facts: dict[str, Any] = draw(st.sampled_from([{}, {"fps": 25.0, "width": 1920, "height": 1080, "length": 10**7}]))
    base = draw(st.sampled_from([None, 0, 1]))
    facts = facts | ({} if base is None or any(frame < base for frame, _ in keys) else {"frame_base": base})
    return pa.table(columns, metadata={"reid_solve": json.dumps(facts)})


def rows(tracks: Tracks, names: list[str], base: int, key: str) -> Iterator[tuple[Any, ...]]:
    """Rows as values that can be compared: ids as words, since no text tells "7" from 7."""
    found = {name: tracks.canonical[key if name == "track_id" else name].to_pylist() for name in names}
    for row in range(len(tracks)):
        one = {name: values[row] for name, values in found.items()}
        one["frame"] -= base
        if "track_id" in one:
            one["track_id"] = None if one["track_id"] is None else str(one["track_id"])
        yield tuple(round(v, 4) + 0.0 if isinstance(v, float) else v for v in one.values())


def first(tracks: Tracks) -> int:
    base = tracks.clip.frame_base or 0
    return min(base, int(tracks.frame.min(initial=base)))


@pytest.mark.parametrize("format", sorted(WRITERS))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables())
def test_what_is_written_is_read_again(format: str, table: pa.Table) -> None:
    tracks = read(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"t{WRITERS[format].extensions[0]}")
        if unwritable(format, tracks):
            with pytest.raises(OutputError, match=r"^[^\n]*; write [^\n]*$"):
                write(tracks, path, format)
            assert not path.exists()
            return
        notes = write(tracks, path, format)
        # nothing looks like nothing, and KITTI is known by its types, which are words
        sure = len(tracks) and not (format == "kitti" and {"class_id", "class_name"} & set(table.column_names))
        again = read(path, format="auto" if sure else format)
    assert again.clip.format == format
    held = [name for name in table.column_names if name in HELD[format] and name in tracks]
    if "words in track_id" in said(notes):
        held.remove("track_id")
    if "without a score written as 1" in said(notes):
        held.remove("score")  # KITTI has no word for what is not known
    if format == "cvat-xml" and "class_name" in held and tracks.canonical["class_name"].null_count:
        held.remove("class_name")  # there, the label stands in, which a track must have
    key = "identity" if "identity" in tracks and format not in {"parquet", "csv"} else "track_id"
    shift = (first(tracks) - SHIFTED[format]) if format in SHIFTED else 0
    before = list(rows(tracks, held, shift, key))
    absent = [name for name in held if name not in again]
    assert all(tracks.canonical[name].null_count == len(tracks) for name in absent), absent
    kept = [name for name in held if name not in absent]
    before = list(rows(tracks, kept, shift, key))
    after = list(rows(again, kept, 0, "track_id"))
    if format == "cvat-xml" and key == "identity":  # there, the tracker's own id stands in where there is no identity
        at = kept.index("track_id")
        nameless = [(*row[:at], None, *row[at + 1 :]) if row[at] is None else row for row in before]
        assert Counter(nameless) == Counter(after)
    elif format in SORTED:
        assert Counter(before) == Counter(after)
    else:
        assert before == after
    lost = [name for name in table.column_names if name not in HELD[format] | {"identity", "note of my own"}]
    if "note of my own" in table.column_names and format not in {"parquet", "csv"}:
        lost.append("note of my own")
    if format == "kitti":  # of a type that is one word, and written as Pedestrian where there is none
        lost = [
            name for name in lost if name not in {"class_name", "class_id"} or {"class_name", "class_id"} <= set(lost)
        ]
        lost = [name for name in lost if name != "class_name"]
    if "sequence" in lost and not len(tracks):
        lost.remove("sequence")
    assert not [name for name in lost if name not in said(notes)], said(notes)


@pytest.mark.parametrize("format", sorted(WRITERS))
def test_no_rows_make_a_file_that_is_read_again(format: str, tmp_path: Path) -> None:
    empty = {name: pa.array([], pa.float64()) for name in "xywh"}
    tracks = read(pa.table({"frame": pa.array([], pa.int64()), "track_id": pa.array([], pa.int64()), **empty}))
    path = tmp_path / f"t{WRITERS[format].extensions[0]}"
    write(tracks, path, format)
    assert len(read(path)) == 0


@pytest.mark.parametrize("format", sorted(WRITERS))
def test_the_same_rows_make_the_same_bytes(format: str, tmp_path: Path) -> None:
    box = {name: [10.5, 20, 30] for name in "xywh"}
    tracks = read(pa.table({"frame": [1, 2, 4], "track_id": [7, 7, 7], **box}))
    for name in ("a", "b"):
        write(tracks, tmp_path / f"{name}{WRITERS[format].extensions[0]}", format)
    first_file, second_file = sorted(tmp_path.iterdir())
    assert first_file.read_bytes() == second_file.read_bytes()
