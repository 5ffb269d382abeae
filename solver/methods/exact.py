"""Proven optimum for clips: ``columns`` on every component, as long as time allows."""

from __future__ import annotations

from time import perf_counter

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.budget import Budget
from reid_solve.solver.methods.cluster import LARGEST, Local
from reid_solve.solver.methods.components import components
from reid_solve.solver.methods.registry import method
from reid_solve.solver.solution import Solution

SECONDS = 10.0
PROVED = 1e-3  # per cent of the bound; what is less is rounding


@method("exact")
def exact(graph: Graph, seconds: float = SECONDS) -> Solution:
    """Maximise links and lifted evidence, with proof where time allows: ``gap`` is 0 then.

    Args:
        graph: the problem.
        seconds: to spend. What is not proved by then keeps its best answer, that of ``cluster`` or better, and the
            best bound so far; so do components of more than ``LARGEST`` tracklets.
    """
    budget = Budget(deadline=perf_counter() + seconds)
    local = Local(graph)
    local.polish()
    for search in sorted(local.searches, key=lambda search: len(search.part.nodes)):
        search.run(budget)
    return local.solution("exact")


def unproved(graph: Graph, solution: Solution) -> str | None:
    """What to tell about an answer of ``exact`` that is not proved to be optimal; None if it is, or is another's."""
    if solution.method != "exact" or solution.gap < PROVED:
        return None
    size = max((len(part.nodes) for part in components(graph, 0)), default=0)
    why = f"{size:,} tracklets hang together, more than {LARGEST:,}" if size > LARGEST else "out of time"
    return f"exact: no proof ({why}); the answer is at most {solution.gap:.2g} % from optimal"
