"""The list of methods."""

from __future__ import annotations

from collections.abc import Callable

from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import Solution

Method = Callable[[Graph], Solution]
METHODS: dict[str, Method] = {}


def method(name: str) -> Callable[[Method], Method]:
    """Register a method under the name that ``--method`` takes."""

    def register(solve: Method) -> Method:
        METHODS[name] = solve
        return solve

    return register


def choose(name: str, graph: Graph) -> str:
    """The method that ``auto`` stands for: ``flow``, which is exact, unless there is lifted evidence, then ``cluster``.

    Any other name stands for itself.
    """
    if name != "auto":
        return name
    return "cluster" if len(graph.together.i) else "flow"
