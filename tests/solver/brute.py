"""The best of all partitions of small graphs, many at once: from the definition of the objective, and nothing else."""

from collections.abc import Sequence

import numpy as np

from reid_solve.solver.graph import Graph, Together
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import LIFTED, chain_order

NEVER = -1e9


def brute_force(graph: Graph) -> float:
    """The largest objective of any partition that honours conflicts and must-links."""
    return float(best_of_all_partitions([graph])[0])


def best_of_all_partitions(graphs: Sequence[Graph]) -> np.ndarray:
    """The largest objective (K,) of K graphs of as many tracklets each, at most 8.

    The best partition of a set is the best part that its first tracklet can be in, with the best of the rest.
    """
    worth = worth_of_subsets(graphs)
    best = np.zeros_like(worth)
    for subset in range(1, worth.shape[1]):
        rest = others = subset & (subset - 1)  # without the first
        best[:, subset] = worth[:, subset]
        while others:  # all that may be left when the first's part is taken out
            np.maximum(best[:, subset], worth[:, subset ^ others] + best[:, others], out=best[:, subset])
            others = (others - 1) & rest
    return best[:, -1]


def worth_of_subsets(graphs: Sequence[Graph]) -> np.ndarray:
    """What every subset of the tracklets is worth as one chain, (K, 2^n); bit x is the tracklet at place x."""
    count = graphs[0].count
    gain = np.full((len(graphs), count, count), NEVER)
    evidence = np.zeros((len(graphs), count, count))
    worth = np.zeros((len(graphs), 1 << count))
    for k, graph in enumerate(graphs):
        place = chain_order(graph)
        gain[k, place[graph.pairs.i], place[graph.pairs.j]] = graph.gain
        for a, b, value in (
            (graph.together.i, graph.together.j, LIFTED * graph.together.log_odds),
            (*graph.conflicts.T, NEVER),
        ):
            evidence[k, np.minimum(place[a], place[b]), np.maximum(place[a], place[b])] = value
        for a, b in place[graph.must]:
            subsets = np.arange(1 << count)
            worth[k, (subsets >> a & 1) != (subsets >> b & 1)] = NEVER  # torn apart
    for subset in range(1 << count):
        chain = [x for x in range(count) if subset >> x & 1]
        for p, a in enumerate(chain):
            for q in range(p + 1, len(chain)):
                b = chain[q]
                if q > p + 1:
                    worth[:, subset] += evidence[:, a, b]
                else:
                    worth[:, subset] += np.where(evidence[:, a, b] > NEVER, gain[:, a, b], NEVER)
    return worth


def with_back_links(graph: Graph, rng: np.random.Generator) -> Graph:
    """Some links between neighbours turned round, as of short duplicates that begin late."""
    i, j = graph.pairs.i.copy(), graph.pairs.j.copy()
    turned = (j == i + 1) & (i % 2 == 0) & (rng.random(len(i)) < 0.3)
    i[turned], j[turned] = j[turned], i[turned]
    order = np.lexsort((j, i))
    terms = {name: term[order] for name, term in graph.terms.items()}
    pairs = Pairs(i[order], j[order], graph.pairs.gap[order])
    return Graph(graph.count, pairs, terms, graph.conflicts, graph.together, graph.must)


def side_by_side(graphs: Sequence[Graph]) -> Graph:
    """One problem of many that have nothing to do with each other."""
    at = np.cumsum([0, *(graph.count for graph in graphs)])
    many = list(zip(at[:-1], graphs, strict=True))
    pairs = Pairs(
        np.concatenate([a + g.pairs.i for a, g in many]),
        np.concatenate([a + g.pairs.j for a, g in many]),
        np.concatenate([g.pairs.gap for g in graphs]),
    )
    together = Together(
        np.concatenate([a + g.together.i for a, g in many]),
        np.concatenate([a + g.together.j for a, g in many]),
        {"person": np.concatenate([g.together.log_odds for g in graphs])},
    )
    terms = {"way": np.concatenate([g.log_odds for g in graphs])}
    return Graph(int(at[-1]), pairs, terms, np.concatenate([a + g.conflicts for a, g in many]), together)
