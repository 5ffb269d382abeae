"""Parts of a graph that can be solved apart: no links between them, so no chain is in two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.pricing import FORBIDDEN
from reid_solve.solver.pairs import among, unordered_key
from reid_solve.solver.solution import LIFTED, chain_order
from reid_solve.tracklets.table import FloatArray, IntArray

Chain = tuple[int, ...]
Columns = dict[Chain, float]  # chains and what they are worth


@dataclass
class Component:
    """Tracklets that links connect, numbered by their place in the order of chains."""

    nodes: IntArray  # (n,) tracklets of the graph
    begin: IntArray  # (n + 1,) links that leave x are begin[x] : begin[x + 1]
    head: IntArray  # (E,)
    gain: FloatArray  # (E,)
    lift: FloatArray  # (n, n), FORBIDDEN for conflicts; (0, 0) in components that are too large

    def worth(self, chain: Chain) -> float:
        """What a chain adds to the objective."""
        total = float(np.triu(self.lift[np.ix_(chain, chain)], 1).sum())
        for a, b in pairwise(chain):
            links = slice(self.begin[a], self.begin[a + 1])
            total += self.gain[links][np.searchsorted(self.head[links], b)] - self.lift[a, b]
        return float(total)


def components(graph: Graph, largest: int) -> Iterator[Component]:
    """Components of two and more, in order of their first tracklet.

    Args:
        graph: the problem.
        largest: components of more tracklets come without ``lift``, which is a square.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count, place = graph.count, chain_order(graph)
    forbidden = np.unique(unordered_key(graph.conflicts[:, 0], graph.conflicts[:, 1], count))
    free = np.flatnonzero(among(unordered_key(graph.pairs.i, graph.pairs.j, count), forbidden) < 0)
    i, j, gain = place[graph.pairs.i[free]], place[graph.pairs.j[free]], graph.gain[free]
    links = coo_array((np.ones(len(i), np.int8), (i, j)), (count, count))
    label = connected_components(links, directed=False)[1].astype(np.int64)
    size = np.bincount(label, minlength=1)
    number = np.empty(count, np.int64)  # of each place inside its component
    by_label = np.argsort(label, kind="stable")
    number[by_label] = np.arange(count) - np.repeat(np.cumsum(size) - size, size)
    of_link = _Groups(label[i], np.lexsort((j, i, label[i])), len(size))
    part, small = label[place].astype(np.int32), (size <= largest)[label[place]]  # of each tracklet
    x, y = graph.together.i, graph.together.j
    told = np.flatnonzero((part[x] == part[y]) & small[x])
    x, y = graph.conflicts.T
    never = np.flatnonzero((part[x] == part[y]) & small[x])
    a = place[np.concatenate([graph.together.i[told], x[never]])]
    b = place[np.concatenate([graph.together.j[told], y[never]])]
    value = np.concatenate([LIFTED * graph.together.log_odds[told].astype(float), np.full(len(never), FORBIDDEN)])
    of_pair = _Groups(label[a], np.argsort(label[a], kind="stable"), len(size))
    of_place = _Groups(label, by_label, len(size))
    at = np.argsort(place)  # tracklet at each place
    for name in np.flatnonzero(size > 1).tolist():
        mine, k, n = of_link[name], of_pair[name], int(size[name])
        begin = np.concatenate([[0], np.cumsum(np.bincount(number[i[mine]], minlength=n))])
        n = n if n <= largest else 0
        lift = np.zeros((n, n))
        x, y = number[a[k]], number[b[k]]
        lift[x, y] = lift[y, x] = value[k]
        yield Component(at[of_place[name]], begin, number[j[mine]], gain[mine], lift)


class _Groups:
    """Indices by label; inside a label in the given order."""

    def __init__(self, label: IntArray, order: IntArray, count: int) -> None:
        self.order = order
        self.ends = np.concatenate([[0], np.cumsum(np.bincount(label, minlength=count))])

    def __getitem__(self, name: int) -> IntArray:
        return self.order[self.ends[name] : self.ends[name + 1]]
