"""What every answer is checked for, whatever was asked, and the options that are drawn for the asking."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import strategies as st
from tests.strategies import tracks_of, worth

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
