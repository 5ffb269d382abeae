"""From the solution of a contracted problem back to all tracklets, with the links that must-links call for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reid_solve.solver.graph import PINNED, Graph
from reid_solve.solver.pairs import Pairs, pair_key
from reid_solve.solver.solution import Solution, from_identity
from reid_solve.tracklets.table import IntArray

CERTAIN = 12.0  # nats; what a person says is wrong once in 160,000
NO_TERM = 1e-12  # nats; marks a pinned link that needs no term


def expand(
    graph: Graph, node: IntArray, taken: IntArray, answer: Solution, group: IntArray, place: IntArray, bound: float
) -> tuple[Graph, Solution]:
    """All tracklets again.

    Args:
        graph: the larger problem.
        node: (N,) the node that each tracklet went into.
        taken: indices (L,) in the larger problem of the links taken between nodes.
        answer: solution of the smaller problem.
        group: (N,) must-link group of each tracklet, -1 without.
        place: (N,) order of chains.
        bound: of the larger problem.

    Returns:
        the larger problem, with links added where members follow each other that no candidate link joins, and its
        solution.
    """
    identity = answer.identity[node]
    order = np.lexsort((place, identity))
    follows = identity[order[:-1]] == identity[order[1:]]
    a, b = order[:-1][follows], order[1:][follows]
    stretches = _Links(graph)
    source = {(int(node[graph.pairs.i[e]]), int(node[graph.pairs.j[e]])): int(e) for e in taken}
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        inside = node[i] == node[j]
        if inside and group[i] >= 0 and group[i] == group[j]:
            stretches.pin(i, j, CERTAIN)
        elif inside and (i, j) not in stretches:
            stretches.pin(i, j, stretches.nearest(i, j, a, b))
        elif not inside:
            stretches.take(i, j, source[int(node[i]), int(node[j])])
    larger = stretches.graph()
    bound = max(bound, answer.bound) if bound < answer.objective else bound
    solution = from_identity(larger, identity, bound, answer.method)
    return larger, replace(solution, cut=answer.cut, bound=max(solution.bound, solution.objective))


class _Links:
    """Links of a graph, some replaced, some new."""

    def __init__(self, graph: Graph) -> None:
        self.old = graph
        key = pair_key(graph.pairs.i, graph.pairs.j, graph.count)
        self.order = np.argsort(key, kind="stable")
        self.keys = key[self.order]
        self.new: dict[tuple[int, int], tuple[int, float]] = {}  # source of the terms or -1, and the pinned term

    def find(self, i: int, j: int) -> int:
        """Index of a link, or -1."""
        key = i * self.old.count + j
        at = int(np.searchsorted(self.keys, key))
        return int(self.order[at]) if at < len(self.keys) and self.keys[at] == key else -1

    def __contains__(self, link: tuple[int, int]) -> bool:
        return self.find(*link) >= 0

    def pin(self, i: int, j: int, log_odds: float) -> None:
        """Let a link have these log-odds in all, by adding to its terms what they lack."""
        e = self.find(i, j)
        missing = log_odds - (float(self.old.log_odds[e]) if e >= 0 else 0.0)
        self.new[i, j] = (e, missing if abs(missing) > NO_TERM else NO_TERM)

    def take(self, i: int, j: int, e: int) -> None:
        """Let a link have the terms of link e, which joins two other tracklets of the same groups."""
        if e != self.find(i, j):
            self.new[i, j] = (e, 0.0)

    def nearest(self, i: int, j: int, a: IntArray, b: IntArray) -> float:
        """Log-odds that a tracklet in a hole belongs there: those of the weakest of its chain's other links."""
        known = [self.find(int(x), int(y)) for x, y in zip(a, b, strict=True) if {int(x), int(y)} & {i, j}]
        odds = [float(self.old.log_odds[e]) for e in known if e >= 0]
        return min(odds) if odds else CERTAIN

    def graph(self) -> Graph:
        """The graph with these links, ordered by i, then j."""
        if not self.new:
            return self.old
        old = self.old
        replaced = [self.find(i, j) for i, j in self.new]
        keep = np.setdiff1d(np.arange(len(old.pairs)), [e for e in replaced if e >= 0])
        ends = np.array(list(self.new), np.int64)
        source = np.array([e for e, _ in self.new.values()], np.int64)
        pinned = np.array([term for _, term in self.new.values()])
        gap = np.where(source >= 0, old.pairs.gap[source] if len(old.pairs) else 1, 1)
        i, j = np.concatenate([old.pairs.i[keep], ends[:, 0]]), np.concatenate([old.pairs.j[keep], ends[:, 1]])
        by = np.lexsort((j, i))
        pairs = Pairs(i[by], j[by], np.concatenate([old.pairs.gap[keep], gap])[by])
        terms = {}
        for name, term in old.terms.items():
            new = np.where(source >= 0, term[source] if len(term) else 0.0, 0.0)
            terms[name] = np.concatenate([term[keep], new])[by]
        terms[PINNED] = np.concatenate([np.zeros(len(keep)), pinned])[by]
        return replace(old, pairs=pairs, terms=terms)
