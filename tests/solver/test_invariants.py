"""What holds for every table and every problem, whatever was drawn: no row lost, no contradiction, no chance.

``HYPOTHESIS_PROFILE=long`` draws twenty times as many.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.clips import walkers
from tests.strategies import examples, tables, thorough, tracks_of, worth

import reid_solve as rs
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import METHODS
from reid_solve.solver.solution import Solution
from reid_solve.tracklets import arrays

OPTIONS = st.fixed_dictionaries(
    {"method": st.sampled_from(["auto", *METHODS]), "force": st.booleans()},
    optional={
        "min_confidence": st.sampled_from([0.0, 0.5, 1.0]),
        "roster": st.sampled_from([1, 3, "2+2", "11+11+3"]),
        "without": st.sampled_from([("motion",), ("appearance", "team"), ("motion", "time", "edge")]),
    },
)


def solved(table: pa.Table, **options: Any) -> rs.Result:
    return rs.solve(tracks_of(table), **options)


def identity_of(result: rs.Result) -> list[int | None]:
    found: list[int | None] = result.tracks.canonical["identity"].to_pylist()
    return found


def scores_of(result: rs.Result) -> np.ndarray:
    return np.asarray(arrays.floats(result.tracks.canonical["identity_score"]))


def same(one: pa.Table, other: pa.Table) -> bool:
    """Whether two tables hold the same rows, NaN being NaN."""
    alike: bool = one.schema.equals(other.schema)
    return alike and repr(one.to_pydict()) == repr(other.to_pydict())


def all_differ(table: pa.Table) -> bool:
    """Whether no two rows of a frame have one box: nothing but order and id would tell such rows apart."""
    frame = table.select([name for name in ("sequence", "frame", *"xywh") if name in table.column_names])
    return len({tuple(row.values()) for row in frame.to_pylist()}) == int(table.num_rows)


def check_rows(table: pa.Table, result: rs.Result) -> None:
    """Every row is there, as it was and where it was, and a frame has nobody twice."""
    out = result.tracks
    assert same(out.source.drop_columns(["identity", "identity_score"]), table)
    identity, score = identity_of(result), scores_of(result)
    unassigned = [one is None for one in out.canonical["track_id"].to_pylist()]
    assert [one is None for one in identity] == unassigned
    assert np.isnan(score).tolist() == unassigned
    assert ((score >= 0) & (score <= 1) | np.isnan(score)).all()
    keys = zip(out.sequence.tolist(), out.frame.tolist(), identity, strict=True)
    assert not [key for key, n in Counter(key for key in keys if key[2] is not None).items() if n > 1]
    homes: dict[int, set[int]] = {}
    for clip, one in zip(out.sequence.tolist(), identity, strict=True):
        if one is not None:
            homes.setdefault(one, set()).add(clip)
    assert all(len(clips) == 1 for clips in homes.values())  # nobody plays in two recordings
    assert sorted(homes) == list(range(1, len(homes) + 1))


def check_answer(graph: Graph, answer: Solution) -> None:
    """The answer keeps to the problem, and is worth what it says and no more than its bound."""
    assert len(answer.identity) == graph.count
    assert (answer.identity[graph.must[:, 0]] == answer.identity[graph.must[:, 1]]).all()
    assert (answer.identity[graph.conflicts[:, 0]] != answer.identity[graph.conflicts[:, 1]]).all()
    i, j = graph.pairs.i[answer.links], graph.pairs.j[answer.links]
    assert len(set(i.tolist())) == len(i)
    assert len(set(j.tolist())) == len(j)
    assert (answer.identity[i] == answer.identity[j]).all()
    assert len(i) == graph.count - len(set(answer.identity.tolist()))  # chains, and nothing but chains
    size = 1e-6 * max(1.0, float(np.abs(graph.gain).sum()), float(np.abs(graph.together.log_odds).sum()))
    assert answer.objective == pytest.approx(worth(graph, answer.identity), abs=size)
    assert answer.objective <= answer.bound + 1e-9 * max(1.0, abs(answer.objective))


@thorough(60)
@given(table=tables(), options=OPTIONS)
def test_no_row_is_lost_and_no_frame_has_anybody_twice(table: pa.Table, options: dict[str, Any]) -> None:
    result = solved(table, **options)
    check_rows(table, result)
    for recording in result.recordings:
        check_answer(recording.graph, recording.solution)
    summary = result.summary()
    assert summary["rows"] == table.num_rows
    assert summary["identities"] == len(set(identity_of(result)) - {None})
    json.dumps(summary, allow_nan=False)


@thorough(25)
@given(table=tables(sequences=2), options=OPTIONS, kind=st.sampled_from(["linear", "smooth"]))
def test_filling_adds_rows_and_changes_none(table: pa.Table, options: dict[str, Any], kind: str) -> None:
    plain, filled = solved(table, **options), solved(table, **options, fill=kind, fill_gap=1.0)
    out = filled.tracks
    new = np.array(out.source["interpolated"].to_pylist(), bool) if "interpolated" in out.source.column_names else None
    old = np.arange(table.num_rows) if new is None else np.flatnonzero(~new)
    kept = out.source.take(pa.array(old))
    assert same(kept.select(table.column_names), table)
    assert kept["identity"].to_pylist() == identity_of(plain)
    keys = [k for k in zip(out.sequence.tolist(), out.frame.tolist(), identity_of(filled), strict=True) if k[2]]
    assert len(set(keys)) == len(keys)
    assert np.isfinite(out.boxes).all()


@thorough(60)
@given(table=tables(), options=OPTIONS, seed=st.integers(0, 2**32 - 1))
def test_neither_the_order_of_rows_nor_the_names_of_ids_matter(
    table: pa.Table, options: dict[str, Any], seed: int
) -> None:
    assume(all_differ(table))
    before = solved(table, **options)
    rng = np.random.default_rng(seed)
    order = rng.permutation(table.num_rows)
    moved = table.take(pa.array(order))
    given_ids = sorted({one for one in table["track_id"].to_pylist() if one is not None}, key=str)
    names = rng.permutation(2 * len(given_ids) + 1)[: len(given_ids)].tolist()
    renamed = dict(zip(given_ids, names, strict=True))
    column = [None if one is None else f"n{renamed[one]}" for one in moved["track_id"].to_pylist()]
    at = moved.schema.get_field_index("track_id")
    after = solved(moved.set_column(at, "track_id", pa.array(column, pa.string())), **options)
    old, new = [identity_of(before)[row] for row in order.tolist()], identity_of(after)
    both = set(zip(old, new, strict=True))
    assert len(both) == len(set(old)) == len(set(new))
    np.testing.assert_allclose(scores_of(before)[order], scores_of(after), rtol=0, atol=1e-6)


@thorough(40)
@given(table=tables(sequences=1), shift=st.sampled_from([1, 10**6, 2**41]))
def test_the_number_of_the_first_frame_does_not_matter(table: pa.Table, shift: int) -> None:
    frame = pa.array(arrays.values(table["frame"]) + shift)
    later = table.set_column(table.schema.get_field_index("frame"), "frame", frame)
    one, two = solved(table), solved(later)
    assert identity_of(one) == identity_of(two)
    np.testing.assert_array_equal(scores_of(one), scores_of(two))


@thorough(30)
@given(table=tables(), options=OPTIONS)
def test_the_same_table_gets_the_same_answer(table: pa.Table, options: dict[str, Any]) -> None:
    one, two = (solved(table, **options) for _ in range(2))
    assert same(one.tracks.source, two.tracks.source)
    facts = [{k: v for k, v in result.summary().items() if k != "seconds"} for result in (one, two)]
    assert facts[0] == facts[1]


PROGRAM = """
import hashlib, importlib, sys
from pathlib import Path
import reid_solve as rs
cluster = importlib.import_module("reid_solve.solver.methods.cluster")
pricer = importlib.import_module("reid_solve.solver.methods.pricer")
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
for number, path in enumerate(sorted(folder.glob("*.parquet"))):
    if number % 2:
        cluster.COMPILE_FROM = pricer.COMPILE_FROM = 0  # compiled kernels from here on
    for method in ("auto", "exact", "greedy", "flow", "hdbscan"):
        rs.solve(path, fps=25, size=(1920, 1080), method=method).write(out / f"{path.stem}-{method}.parquet")
"""


def test_neither_threads_nor_hash_seeds_change_a_byte(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for seed in range(2 * (LONG_RUN := examples(1)) + 2):
        tracks, person = walkers(seed, people=10, frames=250, cut=0.03)
        look = rng.normal(size=(10, 32))[person] + rng.normal(0, 1, (len(person), 32))
        column = pa.array(list(look), pa.list_(pa.float32()))
        table = tracks.canonical if seed % 3 == 2 else tracks.canonical.append_column("embedding", column)
        pq.write_table(table, folder / f"{seed:03}.parquet")
    digests = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        out.mkdir()
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "ARROW_IO_THREADS")
        counts = {name: str(threads) for name in names}
        environment = {**os.environ, **counts, "PYTHONHASHSEED": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", PROGRAM, folder, out], env=environment, check=True)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()})
    assert len(digests[0]) == 5 * (2 * LONG_RUN + 2)
    assert digests[0] == digests[1]


@thorough(80)
@given(
    table=tables(sequences=2, tracklets=8),
    picks=st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=4),
    options=OPTIONS,
)
def test_links_of_a_person_are_obeyed_or_the_contradiction_is_named(
    table: pa.Table, picks: list[tuple[bool, int, int]], options: dict[str, Any]
) -> None:
    tracks = tracks_of(table)
    known = sorted({one for one in tracks.canonical["track_id"].to_pylist() if one is not None}, key=str)
    assume(known)
    pairs: dict[bool, list[tuple[Any, Any]]] = {True: [], False: []}
    for must, a, b in picks:
        pairs[must].append((known[a % len(known)], known[b % len(known)]))
    result, refused = None, ""
    try:
        result = rs.solve(tracks, must_link=pairs[True], cannot_link=pairs[False], **options)
    except rs.OptionError as error:
        refused = str(error)
    if result is None:
        check_contradiction(tracks, pairs[True], pairs[False], refused)
        return
    check_rows(table, result)
    held = held_by(result)
    for clip in set(tracks.sequence.tolist()):
        for a, b in pairs[True]:
            # a tolerated duplicate's rows in the frames of the other have to be somebody else's, and only those
            one, two = held.get((clip, a)), held.get((clip, b))
            assert one is None or two is None or one & two
        for a, b in pairs[False]:
            assert not held.get((clip, a), set()) & held.get((clip, b), set())
    for recording in result.recordings:
        check_answer(recording.graph, recording.solution)


def held_by(result: rs.Result) -> dict[tuple[int, Any], set[int]]:
    """Identities of each track of each recording."""
    held: dict[tuple[int, Any], set[int]] = {}
    track = result.tracks.canonical["track_id"].to_pylist()
    for clip, one, identity in zip(result.tracks.sequence.tolist(), track, identity_of(result), strict=True):
        if identity is not None:
            held.setdefault((clip, one), set()).add(identity)
    return held


def check_contradiction(tracks: rs.Tracks, must: list[Any], cannot: list[Any], message: str) -> None:
    """What was refused does contradict itself or what was seen, and the message says which of the tracks."""
    track = tracks.canonical["track_id"].to_pylist()
    seen: dict[int, dict[Any, set[int]]] = {}
    for clip, one, frame in zip(tracks.sequence.tolist(), track, tracks.frame.tolist(), strict=True):
        if one is not None:
            seen.setdefault(clip, {}).setdefault(one, set()).add(frame)
    assert any(str(one) in message for pair in (*must, *cannot) for one in pair), message
    if "no recording of" in message:
        assert any(not any({a, b} <= set(there) for there in seen.values()) for a, b in (*must, *cannot))
        return
    if "they are the same" in message:
        assert any(a == b for a, b in cannot)
        return
    reasons = []
    for there in seen.values():
        group = {one: {one} for one in there}
        for a, b in must:
            if a in group and b in group and group[a] is not group[b]:
                group[a] |= group[b]
                for one in group[b]:
                    group[one] = group[a]
        reasons += [(a, b) for a, b in cannot if a in group and b in group[a]]
        reasons += [(a, b) for a in there for b in group[a] if a != b and there[a] & there[b]]
    assert any(f"{a}" in message and f"{b}" in message for a, b in reasons), message
