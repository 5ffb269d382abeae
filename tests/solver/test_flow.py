"""The exact path cover against other exact solvers, on random graphs."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from reid_solve.solver.graph import PRIZE, Graph
from reid_solve.solver.methods.flow import flow, path_cover
from reid_solve.solver.methods.greedy import greedy
from reid_solve.solver.pairs import Pairs

NO_CONFLICTS = np.zeros((0, 2), np.int64)
kernel = import_module("reid_solve.solver.methods.flow")


def random_links(seed: int, count: int, degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    i = rng.integers(0, count - 1, count * degree)
    j = np.minimum(i + 1 + rng.integers(0, 2 * degree, len(i)), count - 1)
    key = np.unique(i * count + j)
    return key // count, key % count, rng.exponential(2, len(key)).round(int(rng.integers(0, 4))) + 0.01


def graph(count: int, i: np.ndarray, j: np.ndarray, gain: np.ndarray, conflicts: np.ndarray = NO_CONFLICTS) -> Graph:
    return Graph(count, Pairs(i, j, np.ones_like(i)), {"gain": gain - PRIZE}, conflicts)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 25), degree=st.integers(1, 5))
def test_flow_is_optimal_and_its_dual_proves_it(seed: int, count: int, degree: int) -> None:
    i, j, gain = random_links(seed, count, degree)
    dense = np.zeros((count, count))
    dense[i, j] = gain
    rows, columns = linear_sum_assignment(dense, maximize=True)
    link, bound = path_cover(count, i, j, gain)
    assert gain[link].sum() == pytest.approx(dense[rows, columns].sum())
    assert bound == pytest.approx(gain[link].sum())
    assert len(set(i[link])) == len(set(j[link])) == len(link)


def test_flow_equals_min_cost_flow_of_ortools() -> None:
    from ortools.graph.python import min_cost_flow

    count = 2000
    i, j, gain = random_links(3, count, 6)
    price = np.round(gain * 1000).astype(np.int64)
    solver = min_cost_flow.SimpleMinCostFlow()
    node = np.arange(count)
    source, sink = 2 * count, 2 * count + 1
    tail = np.concatenate([np.full(count, source), i, count + node, [source]]).astype(np.int32)
    head = np.concatenate([node, count + j, np.full(count, sink), [sink]]).astype(np.int32)
    capacity = np.concatenate([np.ones(2 * count + len(i)), [count]]).astype(np.int64)
    cost = np.concatenate([np.zeros(count), -price, np.zeros(count + 1)]).astype(np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    solver.set_nodes_supplies(np.array([source, sink], np.int32), np.array([count, -count], np.int64))
    assert solver.solve() == solver.OPTIMAL
    link, _ = path_cover(count, i, j, price.astype(float))
    assert price[link].sum() == -solver.optimal_cost()


@pytest.mark.parametrize("width", [np.int32, np.int64])
def test_compiled_and_interpreted_take_the_same_links(width: type, monkeypatch: pytest.MonkeyPatch) -> None:
    i, j, gain = random_links(1, 500, 5)
    i, j = i.astype(width), j.astype(width)
    plain = path_cover(500, i, j, gain)
    monkeypatch.setattr(kernel, "COMPILE_FROM", 0)
    compiled = path_cover(500, i, j, gain)
    np.testing.assert_array_equal(plain[0], compiled[0])
    assert plain[1] == pytest.approx(compiled[1])


def test_greedy_takes_the_best_link_and_pays_for_it() -> None:
    """0 -> 2 is best alone; 0 -> 3 and 1 -> 2 together are better.

    0 ==5== 2
    0 --4-- 3
    1 --4-- 2
    """
    g = graph(4, np.array([0, 0, 1]), np.array([2, 3, 2]), np.array([5.0, 4.0, 4.0]))
    assert flow(g).objective == pytest.approx(8)
    assert greedy(g).objective == pytest.approx(5)
    assert greedy(g).bound == pytest.approx(9)
    assert greedy(g).gap == pytest.approx(100 * 4 / 9)
    np.testing.assert_array_equal(flow(g).identity, [0, 1, 1, 0])


def test_negative_links_are_never_taken() -> None:
    solution = flow(graph(2, np.array([0]), np.array([1]), np.array([-0.1])))
    assert not len(solution.links)
    assert solution.objective == solution.bound == 0


def test_a_chain_over_a_conflict_is_cut_at_its_weakest_link() -> None:
    """0 -> 1 -> 2 -> 3, and 0 and 3 are seen together: the 1 in the middle goes."""
    g = graph(4, np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([3.0, 1.0, 2.0]), np.array([[0, 3]]))
    solution = flow(g)
    np.testing.assert_array_equal(solution.identity, [0, 0, 1, 1])
    assert solution.objective == pytest.approx(5)
    assert solution.bound == pytest.approx(6)
    assert solution.cut == 1


def test_several_conflicts_in_one_chain() -> None:
    g = graph(5, np.arange(4), np.arange(1, 5), np.array([1.0, 4.0, 2.0, 3.0]), np.array([[0, 4], [0, 2], [2, 4]]))
    for method in (flow, greedy):
        identity = method(g).identity
        assert identity[0] != identity[2]
        assert identity[2] != identity[4]
        assert identity[0] != identity[4]


@pytest.mark.parametrize("method", [flow, greedy])
def test_no_tracklets_and_no_links(method) -> None:  # type: ignore[no-untyped-def]
    nothing = np.zeros(0, np.int64)
    assert len(method(graph(0, nothing, nothing, np.zeros(0))).identity) == 0
    np.testing.assert_array_equal(method(graph(3, nothing, nothing, np.zeros(0))).identity, [0, 1, 2])
