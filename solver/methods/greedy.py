"""The baseline to beat: the best link first, then the next best that still fits."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.bound import matching_bound
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.registry import method
from reid_solve.solver.solution import Solution, from_links


@method("greedy")
def greedy(graph: Graph) -> Solution:
    """Take links in falling order of gain while both ends are free."""
    gain = graph.gain
    order = np.flatnonzero(gain > 0)
    order = order[np.argsort(-gain[order], kind="stable")]
    left, right = np.zeros(graph.count, bool), np.zeros(graph.count, bool)
    links = []
    for e, i, j in zip(order.tolist(), graph.pairs.i[order].tolist(), graph.pairs.j[order].tolist(), strict=True):
        if not left[i] and not right[j]:
            left[i] = right[j] = True
            links.append(e)
    return from_links(graph, np.array(links, np.int64), matching_bound(graph), "greedy")
