"""The list of methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import Solution

Method = Callable[[Graph], Solution]
METHODS: dict[str, Method] = {}
AnyMethod = TypeVar("AnyMethod", bound=Callable[..., Solution])  # a Method that may take options of its own


def method(name: str) -> Callable[[AnyMethod], AnyMethod]:
    """Register a method under the name that ``--method`` takes."""

    def register(solve: AnyMethod) -> AnyMethod:
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
