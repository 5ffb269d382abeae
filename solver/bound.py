"""How far from optimal an answer can be: upper bounds on the objective."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import lifted_gain


def matching_bound(graph: Graph) -> float:
    """Upper bound on any path cover: every tracklet takes its best link, as if nobody else wanted the other end.

    Valid from either side (best successors, or best predecessors); the smaller of the two is returned.
    """
    gain = np.maximum(graph.gain, 0)
    sides = []
    for node in (graph.pairs.i, graph.pairs.j):
        best = np.zeros(graph.count)
        np.maximum.at(best, node, gain)
        sides.append(float(best.sum()))
    return min(sides)


def upper_bound(graph: Graph, cover: float) -> float:
    """Upper bound on any partition, lifted evidence included, from an upper bound on any path cover."""
    return cover + float(np.maximum(lifted_gain(graph), 0).sum())
