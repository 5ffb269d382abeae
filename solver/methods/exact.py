"""Proven optimum for clips: choose chains, not links.

Every chain of tracklets is a column, worth its links and its lifted evidence; every tracklet is in one chain at most
(set packing; the formulation of Leal-Taixe et al. 2012 and Wang et al. 2019 for lifted path covers). The linear
relaxation is solved by column generation: ``pricing`` finds chains worth more than their tracklets' prices.
The relaxation's value is a bound. Where its answer is not whole, every chain whose reduced value could still make up
the difference between bound and best answer is listed (Baldacci et al. 2008), and the integer programme over these
few is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import pricing
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.registry import method
from reid_solve.solver.solution import Solution, chain_order, from_identity, lifted_gain
from reid_solve.tracklets.table import FloatArray, IntArray

SECONDS = 10.0
LARGEST = 1500  # tracklets of one component: the evidence is held as a square
COMPILE_FROM = 60  # links of a component
LOOK = 200_000  # chains looked at from one start; some tenths of a second
ROOM = 20_000  # chains in one integer programme
PER_START = 8  # new columns from one start in one round
CLOSE = 1e-7  # nats


@method("exact")
def exact(graph: Graph, seconds: float = SECONDS) -> Solution:
    """Maximise links and lifted evidence, with proof where time allows: ``gap`` is 0 then.

    Args:
        graph: the problem.
        seconds: to spend. What is not proved by then keeps the answer of ``cluster``, and the best bound so far.
    """
    deadline = perf_counter() + seconds
    start = cluster(graph)
    identity, bound = np.arange(graph.count), 0.0
    for part in components(graph):
        names = start.identity[part.nodes]
        groups = [tuple(np.flatnonzero(names == name).tolist()) for name in np.unique(names)]
        chains, part_bound = solve_component(part, [chain for chain in groups if len(chain) > 1], deadline)
        bound += part_bound
        for chain in chains:
            identity[part.nodes[list(chain)]] = part.nodes[chain[0]]
    return from_identity(graph, identity, min(bound, start.bound), "exact")


@dataclass
class Component:
    """Tracklets that links connect, numbered by their place in the order of chains."""

    nodes: IntArray  # (n,) tracklets of the graph
    begin: IntArray
    head: IntArray
    gain: FloatArray
    lift: FloatArray  # (n, n), FORBIDDEN for conflicts; (0, 0) in components that are too large

    def worth(self, chain: tuple[int, ...]) -> float:
        """What a chain adds to the objective."""
        total = float(np.triu(self.lift[np.ix_(chain, chain)], 1).sum())
        for a, b in pairwise(chain):
            links = slice(self.begin[a], self.begin[a + 1])
            total += self.gain[links][np.searchsorted(self.head[links], b)] - self.lift[a, b]
        return float(total)


def components(graph: Graph) -> list[Component]:
    """Two tracklets that no links connect are never in one chain: parts that can be solved apart."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    place = chain_order(graph)
    low, high = np.minimum(graph.pairs.i, graph.pairs.j), np.maximum(graph.pairs.i, graph.pairs.j)
    never = graph.conflicts.min(axis=1) * graph.count + graph.conflicts.max(axis=1)
    free = np.flatnonzero(~np.isin(low * graph.count + high, never))
    i, j, gain = place[graph.pairs.i[free]], place[graph.pairs.j[free]], graph.gain[free]
    order = np.lexsort((j, i))
    i, j, gain = i[order], j[order], gain[order]
    shape = (graph.count, graph.count)
    _, label = connected_components(coo_array((np.ones(len(i), np.int8), (i, j)), shape), directed=False)
    at = np.argsort(place)  # tracklet at each place
    groups = [
        (graph.together.i, graph.together.j, lifted_gain(graph)),
        (*graph.conflicts.T, np.full(len(graph.conflicts), pricing.FORBIDDEN)),
    ]
    parts = []
    for name in np.flatnonzero(np.bincount(label, minlength=1) > 1):
        inside = np.flatnonzero(label == name)
        number = np.full(graph.count, -1)
        number[inside] = np.arange(len(inside))
        links = np.flatnonzero(label[i] == name)
        begin = np.concatenate([[0], np.cumsum(np.bincount(number[i[links]], minlength=len(inside)))])
        size = len(inside) if len(inside) <= LARGEST else 0
        lift = np.zeros((size, size))
        for a, b, value in groups if size else ():
            a, b = number[place[a]], number[place[b]]
            both = (a >= 0) & (b >= 0)
            a, b = a[both], b[both]
            lift[np.minimum(a, b), np.maximum(a, b)] = lift[np.maximum(a, b), np.minimum(a, b)] = value[both]
        parts.append(Component(at[inside], begin, number[j[links]], gain[links], lift))
    return parts


class Pricer:
    """Finds chains of a component that are worth more than the prices of their tracklets."""

    def __init__(self, part: Component) -> None:
        count = len(part.nodes)
        degree = int(np.diff(part.begin).max(initial=1))
        plus = np.cumsum(np.triu(np.maximum(part.lift, 0), 1), axis=0)
        self.compiled = len(part.gain) >= COMPILE_FROM
        task = [part.begin, part.head, part.gain, plus, part.lift]
        room = [np.zeros((count, count)), np.zeros(count), np.zeros((count, degree), np.int64)]
        room += [np.zeros((count, degree)), np.zeros((count, degree))]
        room += [np.zeros(count, np.int64), np.zeros(count, np.int64)]
        self.count = count
        self.task, self.room = ([a if self.compiled else a.tolist() for a in group] for group in (task, room))

    def __call__(
        self, prices: FloatArray, start: int, floor: float, everything: bool, room: int
    ) -> tuple[dict[tuple[int, ...], float], float, bool]:
        """Chains from ``start`` with their worth, a bound on the reduced value, whether the search was complete."""
        out = [np.zeros((room, self.count), np.int64), np.zeros(room, np.int64), np.zeros(room)]
        if self.compiled:
            search, price_of = _compiled(), prices
        else:
            search, price_of = pricing.price, prices.tolist()
            out = [a.tolist() for a in out]
        count, top, complete = search(*self.task, price_of, start, floor, everything, LOOK, *self.room, *out)
        chains = {}
        for k in range(count):
            chain = tuple(int(node) for node in out[0][k][: out[1][k]])
            chains[chain] = float(out[2][k] + prices[list(chain)].sum())
        return chains, float(top), bool(complete)


@cache
def _compiled() -> Callable[..., Any]:
    return compile_kernels(pricing.KERNELS)["price"]


def solve_component(
    part: Component, chains: list[tuple[int, ...]], deadline: float
) -> tuple[list[tuple[int, ...]], float]:
    """The best chains of a component, starting from given ones, and an upper bound on their worth."""
    if not len(part.lift):
        return chains, np.inf
    best, value = chains, sum(part.worth(chain) for chain in chains)
    columns = dict(_first_columns(part, chains))
    pricer = Pricer(part)
    bound, prices = np.inf, np.zeros(len(part.nodes))
    searching = True
    while searching and perf_counter() < deadline:
        at = _prices(columns, len(part.nodes))
        found, above, complete = _sweep(pricer, at, CLOSE, False, PER_START, deadline)
        if complete is not None and at.sum() + above < bound:
            bound, prices = float(at.sum() + above), at
        fresh = {chain: worth for chain, worth in found.items() if chain not in columns}
        columns.update(fresh)
        searching = len(fresh) > 0
        if bound - value < CLOSE * max(1, value):
            return best, bound
    for everything in (False, True):
        if everything:
            columns, _, complete = _sweep(pricer, prices, value - bound - CLOSE, True, ROOM, deadline)
            if not complete:
                break
        left = deadline - perf_counter()
        if left <= 0 or len(columns) > ROOM:
            break
        answer, limit = _choose(columns, len(part.nodes), left)
        worth = sum(part.worth(chain) for chain in answer)
        if worth > value:
            best, value = answer, worth
        if everything:
            bound = min(bound, max(limit, value))
        if bound - value < CLOSE * max(1, value):
            break
    return best, bound


def _first_columns(part: Component, chains: list[tuple[int, ...]]) -> Iterable[tuple[tuple[int, ...], float]]:
    """All stretches of the given chains, and all links that are worth something alone."""
    for chain in chains:
        for a in range(len(chain)):
            for b in range(a + 2, len(chain) + 1):
                yield chain[a:b], part.worth(chain[a:b])
    tail = np.repeat(np.arange(len(part.nodes)), np.diff(part.begin))
    for k in np.flatnonzero(part.gain > 0):
        yield (int(tail[k]), int(part.head[k])), float(part.gain[k])


def _sweep(
    pricer: Pricer, prices: FloatArray, floor: float, everything: bool, room: int, deadline: float
) -> tuple[dict[tuple[int, ...], float], float, bool | None]:
    """Price from every start: the chains, the sum of what any solution can gain above the prices, completeness.

    None for completeness, if time ran out before every start was bounded.
    """
    found: dict[tuple[int, ...], float] = {}
    above, complete = 0.0, True
    for start in range(pricer.count):
        if perf_counter() > deadline or len(found) > ROOM:
            return found, np.inf, None
        chains, top, whole = pricer(prices, start, floor, everything, room)
        found.update(chains)
        above += max(top, 0)
        complete &= whole
    return found, above, complete


def _matrix(columns: dict[tuple[int, ...], float], count: int) -> Any:
    from scipy.sparse import csc_array

    lengths = np.array([len(chain) for chain in columns], np.int64)
    rows = np.array([node for chain in columns for node in chain], np.int64)
    shape = (count, len(columns))
    return csc_array((np.ones(len(rows)), rows, np.concatenate([[0], np.cumsum(lengths)])), shape=shape)


def _prices(columns: dict[tuple[int, ...], float], count: int) -> FloatArray:
    """Dual prices (n,) of the tracklets in the linear relaxation."""
    from scipy.optimize import linprog

    if not columns:
        return np.zeros(count)
    worth = np.array(list(columns.values()))
    answer = linprog(-worth, A_ub=_matrix(columns, count), b_ub=np.ones(count), method="highs")
    return np.maximum(-np.asarray(answer.ineqlin.marginals), 0)


def _choose(columns: dict[tuple[int, ...], float], count: int, seconds: float) -> tuple[list[tuple[int, ...]], float]:
    """The best disjoint chains among the columns, and an upper bound on that."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not columns:
        return [], 0.0
    worth = np.array(list(columns.values()))
    answer = milp(
        -worth,
        integrality=np.ones(len(worth), np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_matrix(columns, count), ub=np.ones(count)),
        options={"time_limit": seconds, "mip_rel_gap": 0},
    )
    bound = np.inf if answer.mip_dual_bound is None else -float(answer.mip_dual_bound)
    if answer.x is None:
        return [], bound
    return [chain for chain, taken in zip(columns, answer.x, strict=True) if taken > 0.5], bound
