"""What holds for every table, whatever was drawn: no row lost, no contradiction, no chance.

``HYPOTHESIS_PROFILE=long`` draws twenty times as many.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.clips import walkers
from tests.solver.checks import OPTIONS, check_answer, check_rows, identity_of, same, scores_of, solved
from tests.strategies import examples, tables, thorough

from reid_solve.tracklets import arrays


def all_differ(table: pa.Table) -> bool:
    """Whether no two rows of a frame have one box: nothing but order and id would tell such rows apart."""
    frame = table.select([name for name in ("sequence", "frame", *"xywh") if name in table.column_names])
    return len({tuple(row.values()) for row in frame.to_pylist()}) == int(table.num_rows)


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
import importlib, sys
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
