"""What a method returns, what it is worth, and the checks that every solution passes before anybody sees it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.pairs import pair_key, unordered_key
from reid_solve.tracklets.table import FloatArray, IntArray

LIFTED = 0.5  # of the evidence between tracklets that are not consecutive: pairs of one chain tell much the same


@dataclass(frozen=True)
class Solution:
    """Who is who.

    Attributes:
        identity: (N,) identity of each tracklet, from 0 in order of first appearance.
        links: (L,) indices of the graph's pairs that were accepted.
        objective: gains of the links, plus the lifted evidence inside identities: see ``objective``.
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


class BrokenChainError(AssertionError):
    """Two tracklets follow each other that no candidate link joins: a mistake in the method, never in the input."""


def lifted_gain(graph: Graph) -> FloatArray:
    """What two tracklets in one identity that do not follow each other are worth, (L,) as ``graph.together``."""
    return LIFTED * graph.together.log_odds.astype(np.float64)


def chain_order(graph: Graph) -> IntArray:
    """Place (N,) of each tracklet in an order in which every link leads forward.

    That is the tracklets' own order, by first frame, but where a short duplicate begins after the tracklet that
    continues it: such stretches are sorted by their links (Kahn 1962).

    Raises:
        ValueError: the links form a cycle.
    """
    i, j = graph.pairs.i, graph.pairs.j
    place = np.arange(graph.count)
    back = np.flatnonzero(i >= j)
    if not len(back):
        return place
    depth = np.zeros(graph.count + 1, np.int64)
    np.add.at(depth, j[back], 1)
    np.add.at(depth, i[back], -1)
    block = np.concatenate(
        [[0], np.cumsum(np.cumsum(depth[: graph.count - 1]) == 0)]
    )  # joins a place to the one before
    inside = np.flatnonzero((block[i] == block[j]) & np.isin(block[i], block[i[back]]))
    after: dict[int, list[int]] = {}
    missing = np.bincount(j[inside], minlength=graph.count)
    for a, b in zip(i[inside].tolist(), j[inside].tolist(), strict=True):
        after.setdefault(a, []).append(b)
    for name in np.unique(block[i[back]]):
        members = np.flatnonzero(block == name)
        ready = [int(m) for m in members if missing[m] == 0]
        taken = 0
        while ready:
            node = heapq.heappop(ready)
            place[node] = members[0] + taken
            taken += 1
            for follower in after.get(node, ()):
                missing[follower] -= 1
                if missing[follower] == 0:
                    heapq.heappush(ready, follower)
        if taken < len(members):
            raise ValueError("candidate links form a cycle")
    return place


def objective(graph: Graph, identity: IntArray) -> float:
    """What a partition (N,) is worth: the gains between consecutive tracklets, the lifted gains between all others.

    Raises:
        BrokenChainError: consecutive tracklets of one identity are not a candidate link.
    """
    return _worth(graph, identity, _links(graph, identity))


def _worth(graph: Graph, identity: IntArray, links: IntArray) -> float:
    together, i, j = graph.together, graph.pairs.i[links], graph.pairs.j[links]
    names = identity.astype(np.int32)
    same = np.flatnonzero(names[together.i] == names[together.j])
    linked = unordered_key(i, j, graph.count)
    apart = ~np.isin(pair_key(together.i[same], together.j[same], graph.count), linked)
    lifted = LIFTED * together.log_odds[same[apart]].sum(dtype=np.float64)
    return float(graph.gain[links].sum() + lifted)


def _links(graph: Graph, identity: IntArray) -> IntArray:
    """Indices of the links between consecutive tracklets of each identity."""
    order = np.lexsort((chain_order(graph), identity))
    a, b = order[:-1], order[1:]
    follows = identity[a] == identity[b]
    wanted = pair_key(a[follows], b[follows], graph.count)
    key = pair_key(graph.pairs.i, graph.pairs.j, graph.count)
    sort = np.argsort(key, kind="stable")
    at = np.minimum(np.searchsorted(key, wanted, sorter=sort), max(len(key) - 1, 0))
    if len(wanted) and (not len(key) or (key[sort[at]] != wanted).any()):
        raise BrokenChainError("tracklets follow each other without a candidate link; please report this as a bug")
    return np.sort(sort[at]) if len(wanted) else np.zeros(0, np.int64)


def from_identity(graph: Graph, identity: IntArray, bound: float, method: str) -> Solution:
    """Check a partition (N,), number it by first appearance, and price it.

    Raises:
        BrokenConflictError, BrokenChainError: a mistake of the method.
    """
    _, first, inverse = np.unique(identity, return_index=True, return_inverse=True)
    identity = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    _check_conflicts(graph, identity, method)
    links = _links(graph, identity)
    worth = _worth(graph, identity, links)
    return Solution(identity, links, worth, _rounded(bound, worth), method)


def from_links(graph: Graph, links: IntArray, bound: float, method: str) -> Solution:
    """Turn accepted links into identities; where a chain would join a conflict, its weakest link is cut.

    Args:
        graph: the problem.
        links: (L,) indices of a path cover's links.
        bound: upper bound on the gains of any path cover; all the lifted evidence there is to gain is added to it.
        method: name of the method.

    Raises:
        BrokenConflictError: if a conflict is left, which would be a mistake of this function.
    """
    wanted = len(links)
    links = np.sort(_respect_conflicts(graph, links))
    identity = _components(graph, links)
    _check_conflicts(graph, identity, method)
    worth = _worth(graph, identity, links)
    bound += float(np.maximum(lifted_gain(graph), 0).sum())
    return Solution(identity, links, worth, _rounded(bound, worth), method, wanted - len(links))


def _rounded(bound: float, worth: float) -> float:
    """The bound, but where only rounding puts it below the objective."""
    return worth if bound < worth <= bound + 1e-9 * max(abs(worth), 1) else bound


def _check_conflicts(graph: Graph, identity: IntArray, method: str) -> None:
    broken = identity[graph.conflicts[:, 0]] == identity[graph.conflicts[:, 1]]
    if broken.any():
        raise BrokenConflictError(f"{method}: {int(broken.sum())} conflicts broken; please report this as a bug")
    apart = identity[graph.must[:, 0]] != identity[graph.must[:, 1]]
    if apart.any():
        raise BrokenConflictError(f"{method}: {int(apart.sum())} must-links broken; please report this as a bug")


def _components(graph: Graph, links: IntArray) -> IntArray:
    """Chains of a path cover's links, numbered by their first tracklet (tracklets are in order of appearance)."""
    head = np.arange(graph.count)
    head[graph.pairs.j[links]] = graph.pairs.i[links]
    while (head[head] != head).any():  # twice as far back each time (pointer jumping)
        head = head[head]
    _, first, inverse = np.unique(head, return_index=True, return_inverse=True)
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
