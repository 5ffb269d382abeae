"""Abstaining: links that are not probable enough are not offered to any method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reid_solve.solver.graph import Graph


def withhold(graph: Graph, least: float | None) -> tuple[Graph, int]:
    """Take links below a probability out of the graph.

    Args:
        graph: the problem.
        least: probability in [0, 1]; None for no limit.

    Returns:
        the smaller problem, and how many links were taken out that would have been worth something.
    """
    if not least:
        return graph, 0
    probable = 1 / (1 + np.exp(-graph.log_odds)) >= least
    if least >= 1:
        probable[:] = False  # nothing is certain but what a person says
    keep = np.flatnonzero(probable)
    terms = {name: term[keep] for name, term in graph.terms.items()}
    return replace(graph, pairs=graph.pairs[keep], terms=terms), int((graph.gain[~probable] > 0).sum())
