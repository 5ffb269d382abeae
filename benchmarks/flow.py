"""Seconds of the exact path cover, interpreted and compiled, beside OR-tools and SciPy on the same graphs.

python benchmarks/flow.py

The graphs are random: tracklets in order of time, each linked to some of those that start soon after it. Gains are
whole thousandths, so that OR-tools, which counts in whole numbers, solves the same problem. All must reach the same
objective. Times include what each solver needs to take in the links; the fastest of several rounds counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from importlib import import_module
from time import perf_counter

import click
import numpy as np
from rich.table import Table
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from reid_solve.report.tables import console
from reid_solve.solver.graph import LIMIT, Graph
from reid_solve.solver.methods.greedy import greedy
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.table import FloatArray, IntArray

SIZES = ((1_000, 6_000), (5_000, 40_000), (30_000, 200_000), (200_000, 1_500_000))
SCIPY_UP_TO = 300_000  # links; beyond, it takes minutes
flow = import_module("reid_solve.solver.methods.flow")  # to set COMPILE_FROM; a plain import finds the method
Problem = tuple[int, IntArray, IntArray, FloatArray]


def random_graph(count: int, links: int, seed: int = 0) -> Problem:
    """N, and E links i -> j with a gain each; j starts among the 20 times mean degree that follow i."""
    rng = np.random.default_rng(seed)
    i = rng.integers(0, count - 1, 2 * links)
    j = i + 1 + rng.integers(0, 20 * links // count, len(i))
    key = rng.permutation(np.unique(i[j < count] * count + j[j < count]))[:links]
    key.sort()
    return count, key // count, key % count, np.ceil(np.minimum(rng.exponential(2000, len(key)), 1000 * LIMIT)) / 1000


def ours(problem: Problem, compile_from: int) -> float:
    """Objective by this package, compiled for that many links and more."""
    flow.COMPILE_FROM = compile_from
    link, bound = flow.path_cover(*problem)
    objective = float(problem[3][link].sum())
    assert abs(objective - bound) < 1e-6 * objective, "the dual does not prove the optimum"
    return objective


def ortools(problem: Problem) -> float:
    """Objective by OR-tools: one unit flows through every tracklet's end, over a link or past it."""
    from ortools.graph.python import min_cost_flow

    count, i, j, gain = problem
    node, source, sink = np.arange(count), 2 * count, 2 * count + 1
    tail = np.concatenate([np.full(count, source), i, count + node, [source]]).astype(np.int32)
    head = np.concatenate([node, count + j, np.full(count, sink), [sink]]).astype(np.int32)
    capacity = np.concatenate([np.ones(2 * count + len(i)), [count]]).astype(np.int64)
    cost = np.zeros(len(tail), np.int64)
    cost[count : count + len(i)] = -np.round(1000 * gain)
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    solver.set_nodes_supplies(np.array([source, sink], np.int32), np.array([count, -count], np.int64))
    assert solver.solve() == solver.OPTIMAL
    return -solver.optimal_cost() / 1000


def scipy(problem: Problem) -> float:
    """Objective by SciPy's sparse assignment; every tracklet also has a column of its own that stands for nobody.

    SciPy takes 0 for a missing edge, so 1 is added to every gain: a full matching has N edges whatever it takes.
    """
    count, i, j, gain = problem
    node = np.arange(count)
    where = np.concatenate([i, node]), np.concatenate([j, count + node])
    matrix = coo_array((np.concatenate([gain + 1, np.ones(count)]), where), shape=(count, 2 * count)).tocsr()
    rows, columns = min_weight_full_bipartite_matching(matrix, maximize=True)
    return float(matrix[rows, columns].sum()) - count


def baseline(problem: Problem) -> float:
    """Objective by the greedy method, which is not exact."""
    count, i, j, gain = problem
    graph = Graph(count, Pairs(i, j, np.ones_like(i)), {"gain": gain}, np.zeros((0, 2), np.int64))
    return float(gain[greedy(graph).links].sum())


def timed(solve: Callable[[Problem], float], problem: Problem, rounds: int) -> tuple[float, float]:
    """Fewest seconds of several rounds, and the objective."""
    seconds, objective = float("inf"), 0.0
    for _ in range(rounds):
        begin = perf_counter()
        objective = solve(problem)
        seconds = min(seconds, perf_counter() - begin)
    return seconds, objective


@click.command()
@click.option("--rounds", default=3, show_default=True)
def main(rounds: int) -> None:
    """Time every solver on every size and check that the exact ones agree.

    \b
    Example:
        python benchmarks/flow.py --rounds 3
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder  # read when numba is imported: the first call really compiles
        tiny = random_graph(100, 400)
        first = timed(lambda p: ours(p, 0), tiny, 1)[0]
    solvers: dict[str, Callable[[Problem], float]] = {
        "interpreted": lambda p: ours(p, 10**12),
        "compiled": lambda p: ours(p, 0),
        "OR-tools": ortools,
        "SciPy": scipy,
    }
    table = Table(box=None, pad_edge=False)
    for name in ("tracklets", "links", *solvers, "greedy falls short by"):
        table.add_column(name, justify="right")
    for count, links in SIZES:
        problem = random_graph(count, links)
        cells, objectives = [], []
        for name, solve in solvers.items():
            if name == "SciPy" and links > SCIPY_UP_TO:
                cells.append("-")
                continue
            seconds, objective = timed(solve, problem, rounds)
            cells.append(f"{seconds:.3f} s")
            objectives.append(objective)
        assert np.allclose(objectives, objectives[0], rtol=1e-9), f"objectives differ: {objectives}"
        short = 1 - baseline(problem) / objectives[0]
        table.add_row(f"{count:,}", f"{len(problem[1]):,}", *cells, f"{short:.1%}")
    console().print(table)
    console().print(f"\nthe exact solvers agree on every objective; the first compiled call compiles: {first:.1f} s")


if __name__ == "__main__":
    main()
