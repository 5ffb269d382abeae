"""Local search over all partitions into chains, lifted evidence included: the method for every size.

Two starts, the exact path cover of ``flow`` (best for links alone) and greedy joins that count the lifted evidence from
the first, are improved by the moves of Kernighan and Lin (1970) on chains: give a tracklet another successor (which
cuts, joins, or exchanges the ends of two chains), move one tracklet, weave one chain into another. Every move is priced
by what it changes. The better end is returned. Lifted disjoint paths: Hornakova et al. (2020); local search for the
multicut with conflicts: Keuper et al. (2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import chains, search
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.methods.registry import method
from reid_solve.solver.methods.relaxation import lifted_bound
from reid_solve.solver.solution import Solution, from_identity, objective
from reid_solve.tracklets.table import IntArray

COMPILE_FROM = 100_000  # links and pairs with evidence; below, the interpreter is done before the compiler would be
SWEEPS = 100  # a few are enough; a limit so that nothing runs for ever


@method("cluster")
def cluster(graph: Graph) -> Solution:
    """Maximise links and lifted evidence by local search from two starts."""
    cover = flow(graph)
    if not graph.count:
        return replace(cover, method="cluster")
    prepared, place = chains.prepare(graph)
    compiled = len(prepared.head) + len(prepared.other) >= COMPILE_FROM
    solve = _compiled() if compiled else _interpreted
    answers = [cover.identity, *(solve(prepared, place, graph, links) for links in (cover.links, None))]
    best = max(answers, key=lambda identity: objective(graph, identity))  # of equals, the first
    return from_identity(graph, best, min(cover.bound, lifted_bound(prepared, compiled)), "cluster")


def _start(prepared: chains.Chains, place: IntArray, graph: Graph, links: IntArray | None) -> chains.Chains:
    """The chains with the given links set; a copy of all that the kernels write."""
    written = {name: getattr(prepared, name).copy() for name in chains.WRITTEN}
    if links is not None:
        a, b = place[graph.pairs.i[links]], place[graph.pairs.j[links]]
        written["follow"][a] = b
        written["before"][b] = a
        key = np.repeat(np.arange(graph.count), np.diff(prepared.out_begin)) * graph.count + prepared.head
        written["linked"][a] = prepared.worth[np.searchsorted(key, a * graph.count + b)]
    return prepared._replace(**written)


def _interpreted(prepared: chains.Chains, place: IntArray, graph: Graph, links: IntArray | None) -> IntArray:
    """The kernels run by the interpreter, on lists, which it reads faster than arrays."""
    state = chains.Chains(*(field.tolist() for field in _start(prepared, place, graph, links)))
    if links is None:
        search.merge(state, [0] * graph.count)
    search.improve(state, SWEEPS, [0.0] * graph.count, [0] * graph.count)
    return np.asarray(np.array(state.label, np.int64)[place])


@cache
def _compiled() -> Callable[[chains.Chains, IntArray, Graph, IntArray | None], IntArray]:
    """The same kernels compiled; the machine code is cached on disk where the package's folder can be written."""
    kernels = compile_kernels(search.KERNELS)

    def run(prepared: chains.Chains, place: IntArray, graph: Graph, links: IntArray | None) -> IntArray:
        state = _start(prepared, place, graph, links)
        if links is None:
            kernels["merge"](state, np.zeros(graph.count, np.int64))
        kernels["improve"](state, SWEEPS, np.zeros(graph.count), np.zeros(graph.count, np.int64))
        return np.asarray(state.label[place])

    return run
