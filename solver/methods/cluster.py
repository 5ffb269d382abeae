"""Local search over all partitions into chains, lifted evidence included: the method for every size.

Two starts, the exact path cover of ``flow`` (best for links alone) and greedy joins that count the lifted evidence from
the first, are improved by the moves of Kernighan and Lin (1970) on chains: give a tracklet another successor (which
cuts, joins, or exchanges the ends of two chains), move one tracklet, weave one chain into another. Every move is priced
by what it changes. Of the better end, components that are not too large are polished by column generation, which
proves most of them: by a number of steps, not of seconds, so that the answer is the same on every machine. Lifted
disjoint paths: Hornakova et al. (2020); local search for the multicut with conflicts: Keuper et al. (2015).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import chains, search
from reid_solve.solver.methods.budget import Budget
from reid_solve.solver.methods.columns import Search
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.components import components
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.methods.registry import method
from reid_solve.solver.methods.relaxation import lifted_prices
from reid_solve.solver.solution import Solution, from_identity, objective
from reid_solve.tracklets.table import IntArray

COMPILE_FROM = 100_000  # links and pairs with evidence; below, the interpreter is done before the compiler would be
LARGEST = 1500  # tracklets of one component that can be polished: its evidence is held as a square
STEPS = 300_000_000  # of polishing; compiled, less than a second
CHOICES = 150  # chains that polishing chooses among at once; more are left to ``exact``
SWEEPS = 100  # a few are enough; a limit so that nothing runs for ever


@method("cluster")
def cluster(graph: Graph) -> Solution:
    """Maximise links and lifted evidence by local search from two starts, polished by column generation."""
    local = Local(graph)
    local.polish()
    return local.solution("cluster")


class Local:
    """The better end of the local search, and what column generation makes of it.

    Attributes:
        searches: one for each component that is small enough.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.searches = graph, list[Search]()
        cover = flow(graph)
        self.identity, self.most, self.rest = cover.identity, cover.bound, 0.0
        if not graph.count:
            return
        prepared, place = chains.prepare(graph)
        compiled = len(prepared.head) + len(prepared.other) >= COMPILE_FROM or _compiled.cache_info().currsize > 0
        solve = _compiled() if compiled else _interpreted
        answers = [cover.identity, *(solve(prepared, place, graph, links) for links in (cover.links, None))]
        self.identity = max(answers, key=lambda identity: objective(graph, identity))  # of equals, the first
        prices = lifted_prices(prepared, compiled)[place]
        del prepared  # with millions of tracklets there is no room for it and the components
        for part in components(graph, LARGEST):
            if len(part.lift):
                names = self.identity[part.nodes]
                groups = [tuple(np.flatnonzero(names == name).tolist()) for name in np.unique(names)]
                self.searches.append(Search(part, [g for g in groups if len(g) > 1], prices[part.nodes]))
            else:
                self.rest += float(prices[part.nodes].sum())

    def polish(self) -> None:
        """Improve small components first, by a number of steps that does not depend on the machine."""
        budget = Budget(STEPS, CHOICES)
        for one in sorted(self.searches, key=lambda one: len(one.part.nodes)):
            one.run(budget)

    def solution(self, name: str) -> Solution:
        """What there is so far."""
        identity, bound = self.graph.count + self.identity, self.rest
        for one in self.searches:
            nodes = one.part.nodes
            identity[nodes] = nodes  # alone, but for the chains below
            for chain in one.best:
                identity[nodes[list(chain)]] = nodes[chain[0]]
            bound += one.bound
        return from_identity(self.graph, identity, min(self.most, bound), name)


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
