"""Chains of tracklets under a local search, in flat arrays: one source, read by the interpreter or compiled.

Tracklets are numbered by their place in ``chain_order``, so that every link leads to a larger number. The objective is
split into evidence between every two tracklets of a chain (lifted gain, or a conflict), and what a link is worth on top
of the evidence between its ends. Evidence reaches a limited time: ``reach`` and ``origin`` bound how far along a chain
any sum has to look, so that no move costs more than the stretch of the match around it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reid_solve.solver.graph import Graph
from reid_solve.solver.pairs import among, pair_key, unordered_key
from reid_solve.solver.solution import LIFTED, chain_order
from reid_solve.tracklets.table import IntArray

FORBIDDEN = -(2.0**60)  # evidence of a conflict; a power of two is the same in 32 bits
EPSILON = 1e-9  # nats; smaller gains are rounding


class Chains(NamedTuple):
    """What the kernels read (first block) and write (second block); arrays when compiled, lists when interpreted."""

    out_begin: Any  # (N + 1,) links that leave x are out_begin[x] : out_begin[x + 1]
    head: Any  # (E,) tracklet that the link leads to, ascending for each x; 32 bits
    worth: Any  # (E,) gain less the evidence between the two ends
    in_begin: Any  # (N + 1,) the same by the tracklet that the link leads to
    tail: Any  # 32 bits
    in_worth: Any
    begin: Any  # (N + 1,) evidence of x
    other: Any  # (2 L,) the other tracklet, ascending for each x; 32 bits
    evidence: Any  # (2 L,) 32 bits: lifted gain, or FORBIDDEN
    reach: Any  # (N,) no tracklet up to x has evidence with one beyond reach[x]
    origin: Any  # (N,) no tracklet from x on has evidence with one before origin[x]

    follow: Any  # (N,) successor, or -1
    before: Any  # (N,) predecessor, or -1
    label: Any  # (N,) chain
    linked: Any  # (N,) worth of the link to the successor
    across: Any  # (N,) evidence between the chain up to x and the chain after x
    past: Any  # (N,) evidence with the part of the chain at hand up to the tracklet at hand
    past_conflicts: Any
    future: Any  # (N,) likewise with the part after it
    future_conflicts: Any
    window: Any  # (N,) the stretch of the chain at hand that past and future are made of


WRITTEN = Chains._fields[Chains._fields.index("follow") :]


def prepare(graph: Graph) -> tuple[Chains, IntArray]:
    """Every tracklet alone, and the place (N,) at which each of the graph's N > 0 tracklets is found."""
    count, place = graph.count, chain_order(graph)
    narrow: npt.NDArray[Any] = place.astype(np.int32)
    never = np.unique(unordered_key(narrow[graph.conflicts[:, 0]], narrow[graph.conflicts[:, 1]], count))
    full = _evidence(graph, narrow, never)
    i, j = narrow[graph.pairs.i], narrow[graph.pairs.j]
    useful = np.flatnonzero(among(pair_key(i, j, count), never) < 0)
    useful = useful[np.argsort(pair_key(i[useful], j[useful], count), kind="stable")]
    i, j = i[useful], j[useful]
    told = full[i, j] if len(i) else 0.0  # older versions of scipy look up nothing as a sparse array
    worth = np.asarray(graph.gain[useful] - told)
    del useful
    ends = full.indptr[:-1], full.indptr[1:] - 1
    some = np.flatnonzero(np.diff(full.indptr))
    reach, origin = np.arange(count), np.arange(count)
    origin[some] = np.minimum(some, full.indices[ends[0][some]])
    reach[some] = np.maximum(some, full.indices[ends[1][some]])
    reach = np.maximum.accumulate(reach)
    origin = np.minimum.accumulate(origin[::-1])[::-1]
    back = np.argsort(pair_key(j, i, count), kind="stable")
    nobody, nothing = np.full(count, -1), np.zeros(count)
    return Chains(
        _begin(i, count), j, worth, _begin(j, count), i[back], worth[back],
        full.indptr, full.indices, full.data, reach, origin,
        nobody.copy(), nobody.copy(), np.arange(count), nothing.copy(), nothing.copy(), nothing.copy(),
        np.zeros(count, np.int64), nothing.copy(), np.zeros(count, np.int64), np.zeros(count, np.int64),
    ), place  # fmt: skip


def _evidence(graph: Graph, place: npt.NDArray[Any], never: IntArray) -> Any:
    """Lifted gains and conflicts (keys of places) in both directions: a sparse array (N, N) of 32 bits, rows sorted."""
    from scipy.sparse import coo_array

    told, apart = (graph.together.i, graph.together.j), np.divmod(never, graph.count)
    rows, columns = (np.concatenate([place[a], b], dtype=np.int32) for a, b in zip(told, apart, strict=True))
    value = np.concatenate([LIFTED * graph.together.log_odds, np.full(len(never), FORBIDDEN)], dtype=np.float32)
    half = coo_array((value, (rows, columns)), (graph.count, graph.count)).tocsr()
    del value, rows, columns  # there are tens of millions in a season
    full = half + half.T
    full.sort_indices()
    return full


def _begin(node: npt.NDArray[Any], count: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=count))]).astype(np.int64)
