"""Proven optimum for clips: choose chains, not links.

Every chain of tracklets is a column, worth its links and its lifted evidence; every tracklet is in one chain at most
(set packing; the formulation of Leal-Taixe et al. 2012 and Wang et al. 2019 for lifted path covers). The linear
relaxation is solved by column generation: ``pricing`` finds the chains that are worth more than their tracklets' prices.
The relaxation's value is a bound. Where its answer is not whole, every chain whose reduced value could still make up
the difference between bound and best answer is listed (Baldacci et al. 2008), and the integer programme over these
few is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.solver.bound import upper_bound
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import pricing
from reid_solve.solver.methods.cluster import cluster, compile_kernels
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
    identity = start.identity.copy()
    bound = 0.0
    for part in components(graph, identity):
        best, proved = solve_component(part, deadline)
        bound += proved
        for chain in part.chains[1:]:
            identity[part.nodes[list(chain)]] = part.nodes[chain[0]] + graph.count
        identity[part.nodes] = part.nodes + graph.count
        for chain in best:
            identity[part.nodes[list(chain)]] = part.nodes[chain[0]] + graph.count
    return from_identity(graph, identity, min(bound, start.bound), "exact")


@dataclass
class Component:
    """Tracklets that links connect, numbered by their place in the order of chains."""

    nodes: IntArray  # (n,) tracklets of the graph
    begin: IntArray
    head: IntArray
    gain: FloatArray
    lift: FloatArray  # (n, n), FORBIDDEN for conflicts
    chains: list[tuple[int, ...]] = field(default_factory=list)  # of the answer to start from, two tracklets or more
    simple: float = np.inf  # a bound from links and lifted evidence apart
