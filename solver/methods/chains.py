"""Chains of tracklets under a local search, in flat arrays: one source, read by the interpreter or compiled.

Tracklets are numbered by their place in ``chain_order``, so that every link leads to a larger number. The objective is
split into evidence between every two tracklets of a chain (lifted gain, or a conflict), and what a link is worth on top
of the evidence between its ends. Evidence reaches a limited time: ``reach`` and ``origin`` bound how far along a chain
any sum has to look, so that no move costs more than the stretch of the match around it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import chain_order, lifted_gain
from reid_solve.tracklets.table import IntArray

FORBIDDEN = -1e18  # evidence of a conflict
EPSILON = 1e-9  # nats; smaller gains are rounding


class Chains(NamedTuple):
    """What the kernels read (first block) and write (second block); arrays when compiled, lists when interpreted."""

    out_begin: Any  # (N + 1,) links that leave x are out_begin[x] : out_begin[x + 1]
    head: Any  # (E,) tracklet that the link leads to, ascending for each x
    worth: Any  # (E,) gain less the evidence between the two ends
    in_begin: Any  # (N + 1,) the same by the tracklet that the link leads to
    tail: Any
    in_worth: Any
    begin: Any  # (N + 1,) evidence of x
    other: Any  # (2 L,) the other tracklet
    evidence: Any  # (2 L,) lifted gain, or FORBIDDEN
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
    from scipy.sparse import coo_array

    count, place, together = graph.count, chain_order(graph), graph.together
    i, j = place[graph.pairs.i], place[graph.pairs.j]
    low, high = _ordered(place[together.i], place[together.j])
    c_low, c_high = _ordered(place[graph.conflicts[:, 0]], place[graph.conflicts[:, 1]])
    lifted = lifted_gain(graph)
    key, c_key, link_key = low * count + high, np.unique(c_low * count + c_high), i * count + j
    free = np.flatnonzero(_among(key, c_key) < 0)
    low, high, lifted, key = low[free], high[free], lifted[free], key[free]
    useful = np.flatnonzero(_among(link_key, c_key) < 0)
    useful = useful[np.argsort(link_key[useful], kind="stable")]
    i, j, link_key = i[useful], j[useful], link_key[useful]
    at = _among(key, link_key)
    shared = at >= 0
    worth = graph.gain[useful]
    np.subtract.at(worth, at[shared], lifted[shared])
    del free, key, at, shared  # there are many

    ends = ((low, c_key // count), (high, c_key % count))
    rows, columns = (np.concatenate(side).astype(np.int32) for side in ends)
    value = np.concatenate([lifted, np.full(len(c_key), FORBIDDEN)])
    half = coo_array((value, (rows, columns)), (count, count)).tocsr()
    full = (half + half.T).tocsr()
    full.sort_indices()
    reach, origin = np.arange(count), np.arange(count)
    np.maximum.at(reach, rows, columns)
    np.minimum.at(origin, columns, rows)
    reach = np.maximum.accumulate(reach)
    origin = np.minimum.accumulate(origin[::-1])[::-1]
    back = np.lexsort((i, j))
    nobody, nothing = np.full(count, -1), np.zeros(count)
    return Chains(
        _begin(i, count), j, worth, _begin(j, count), i[back], worth[back],
        full.indptr, full.indices, full.data, reach, origin,
        nobody.copy(), nobody.copy(), np.arange(count), nothing.copy(), nothing.copy(), nothing.copy(),
        np.zeros(count, np.int64), nothing.copy(), np.zeros(count, np.int64), np.zeros(count, np.int64),
    ), place  # fmt: skip


def _among(key: IntArray, ascending: IntArray) -> IntArray:
    """Where each key (n,) stands among others (m,), far fewer; -1 where it does not."""
    if not len(ascending):
        return np.full(len(key), -1)
    at = np.minimum(np.searchsorted(ascending, key), len(ascending) - 1)
    return np.where(ascending[at] == key, at, -1)


def _ordered(a: IntArray, b: IntArray) -> tuple[IntArray, IntArray]:
    return np.minimum(a, b), np.maximum(a, b)


def _begin(node: IntArray, count: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=count))]).astype(np.int64)
