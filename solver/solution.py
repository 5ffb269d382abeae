"""What a method returns, and the check that every solution passes before anybody sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.tracklets.table import FloatArray, IntArray


@dataclass(frozen=True)
class Solution:
    """Who is who.

    Attributes:
        identity: (N,) identity of each tracklet, from 0 in order of first appearance.
        links: (L,) indices of the graph's pairs that were accepted.
        objective: sum of the accepted gains.
        bound: no solution of the same problem has a larger objective.
        method: name of the method.
        cut: links that the method wanted and a conflict forbade.
    """

    identity: IntArray
    links: IntArray
    objective: float
    bound: float
    method: str
    cut: int = 0

    @property
    def gap(self) -> float:
        """How far the objective may be from optimal, in per cent of the bound."""
        return 100 * (self.bound - self.objective) / self.bound if self.bound > 0 else 0.0


class BrokenConflictError(AssertionError):
    """A method joined two tracklets that cannot be one person: a mistake in the method, never in the input."""


def from_links(graph: Graph, links: IntArray, bound: float, method: str) -> Solution:
    """Turn accepted links into identities; where a chain would join a conflict, its weakest link is cut.

    Raises:
        BrokenConflictError: if a conflict is left, which would be a mistake of this function.
    """
    wanted = len(links)
    links = _respect_conflicts(graph, links)
    identity = _components(graph, links)
    broken = identity[graph.conflicts[:, 0]] == identity[graph.conflicts[:, 1]]
    if broken.any():
        raise BrokenConflictError(f"{method}: {int(broken.sum())} conflicts broken; please report this as a bug")
    return Solution(
        identity, np.sort(links), float(graph.gain[links].sum()), bound, method, wanted - len(links)
    )  # fmt: skip


def confidence(graph: Graph, solution: Solution) -> FloatArray:
    """Probability that each tracklet's two decisions (what came before, what follows) are right, (N,).

    A taken link is right with its own probability; 'nobody' is right with what the candidates leave over.
    """
    p = 1 / (1 + np.exp(-graph.log_odds))
    chosen = np.zeros(len(p), bool)
    chosen[solution.links] = True
    out = np.ones(graph.count)
    for node in (graph.pairs.i, graph.pairs.j):
        right = np.clip(1 - np.bincount(node, p, minlength=graph.count), 0, 1)
        right[node[chosen]] = p[chosen]
        out *= right
    return out


def _components(graph: Graph, links: IntArray) -> IntArray:
    """Connected components, numbered by their first tracklet (tracklets are in order of appearance)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(links), np.int8)
    shape = (graph.count, graph.count)
    _, label = connected_components(coo_matrix((ones, (graph.pairs.i[links], graph.pairs.j[links])), shape), False)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _respect_conflicts(graph: Graph, links: IntArray) -> IntArray:
    """Cut the weakest link between two conflicting tracklets of one chain until none is left.

    Links of a path cover join tracklets that do not conflict, but three in a row can: a tracklet of a frame or two
    between two others that are seen together.
    """
    while True:
        label = _components(graph, links)
        broken = np.flatnonzero(label[graph.conflicts[:, 0]] == label[graph.conflicts[:, 1]])
        if not len(broken):
            return links
        follow = {int(graph.pairs.i[e]): int(e) for e in links}
        drop = set()
        for a, b in graph.conflicts[broken]:
            drop.add(_weakest(graph, follow, int(a), int(b)))
        links = np.array([e for e in links if int(e) not in drop], np.int64)


def _weakest(graph: Graph, follow: dict[int, int], a: int, b: int) -> int:
    """Weakest link on the chain between two of its tracklets."""
    for begin, end in ((a, b), (b, a)):
        path, node = [], begin
        while node != end and node in follow:
            path.append(follow[node])
            node = int(graph.pairs.j[follow[node]])
        if node == end:
            return min(path, key=lambda e: (graph.gain[e], e))
    raise BrokenConflictError(f"tracklets {a} and {b} share an identity without a chain between them")
