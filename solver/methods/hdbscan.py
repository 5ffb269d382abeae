"""A baseline: density clusters of tracklets, cut where they break what is known. Not for use; see docs/method.md.

HDBSCAN (Campello, Moulavi and Sander 2013) knows neither conflicts nor that people are in one place at a time: most of
its clusters have to be cut. It is here to be compared with.
"""

from __future__ import annotations

import warnings

import numpy as np

from reid_solve.solver.bound import matching_bound, upper_bound
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.registry import method
from reid_solve.solver.solution import Solution, chain_order, from_identity, lifted_gain
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import IntArray

LARGEST = 5000  # tracklets: the distances are a square


@method("hdbscan")
def hdbscan(graph: Graph) -> Solution:
    """Cluster by the probability of being two people; cut each cluster, in order of time, into chains that may be.

    Raises:
        OptionError: more than 5,000 tracklets.
    """
    if graph.count > LARGEST:
        raise OptionError(f"method hdbscan: {graph.count} tracklets, {LARGEST} at most; try cluster")
    return from_identity(graph, _cut(graph, _clusters(graph)), upper_bound(graph, matching_bound(graph)), "hdbscan")


def _clusters(graph: Graph) -> IntArray:
    """Cluster (N,) of each tracklet; what HDBSCAN calls noise is alone."""
    label = np.full(graph.count, -1)
    if graph.count > 2:
        from hdbscan import HDBSCAN  # type: ignore[import-untyped]

        distance = np.ones((graph.count, graph.count))
        together = graph.together
        for i, j, gain in ((together.i, together.j, lifted_gain(graph)), (graph.pairs.i, graph.pairs.j, graph.gain)):
            distance[i, j] = distance[j, i] = 1 / (1 + np.exp(np.clip(gain, -30, 30)))
        distance[graph.conflicts[:, 0], graph.conflicts[:, 1]] = 1
        distance[graph.conflicts[:, 1], graph.conflicts[:, 0]] = 1
        np.fill_diagonal(distance, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own dependencies' deprecations
            label = HDBSCAN(min_cluster_size=2, metric="precomputed", allow_single_cluster=True).fit_predict(distance)
    alone = np.flatnonzero(label < 0)
    label[alone] = label.max(initial=-1) + 1 + np.arange(len(alone))
    return label.astype(np.int64)


def _cut(graph: Graph, label: IntArray) -> IntArray:
    """Each tracklet joins the first chain of its cluster that it may follow: a link, and no conflict."""
    links = set(zip(graph.pairs.i.tolist(), graph.pairs.j.tolist(), strict=True))
    never: dict[int, set[int]] = {}
    for a, b in graph.conflicts.tolist():
        never.setdefault(a, set()).add(b)
        never.setdefault(b, set()).add(a)
    chains: dict[int, list[list[int]]] = {}
    for node in np.argsort(chain_order(graph)).tolist():
        open_chains = chains.setdefault(int(label[node]), [])
        for chain in open_chains:
            if (chain[-1], node) in links and never.get(node, set()).isdisjoint(chain):
                chain.append(node)
                break
        else:
            open_chains.append([node])
    identity = np.zeros(graph.count, np.int64)
    for name, chain in enumerate(chain for group in chains.values() for chain in group):
        identity[chain] = name
    return identity
