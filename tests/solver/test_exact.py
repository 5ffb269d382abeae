"""The proved optimum against all partitions, against flow, and against the clock."""

from importlib import import_module
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.solver.test_methods import brute_force, drawn, random_graph

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.exact import exact
from reid_solve.solver.methods.flow import flow

programme = import_module("reid_solve.solver.methods.exact")


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 7))
def test_exact_is_the_best_of_all_partitions_and_proves_it(seed: int, count: int) -> None:
    graph = random_graph(seed, count)
    answer = exact(graph)
    best = brute_force(graph)
    assert answer.objective == pytest.approx(best, abs=1e-6)
    assert best - 1e-6 <= answer.bound <= best + 1e-5


@pytest.mark.parametrize("seed", range(10))
def test_never_below_cluster_and_below_every_bound(seed: int) -> None:
    graph = random_graph(seed, 25, 0.2)
    local, best, links = cluster(graph), exact(graph), flow(graph)
    assert links.objective <= local.objective + 1e-9
    assert local.objective <= best.objective + 1e-6
    assert best.objective <= best.bound + 1e-9
    assert best.objective <= min(local.bound, links.bound) + 1e-6
    assert best.gap < 1e-4


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 14))
def test_without_lifted_evidence_exact_is_flow(seed: int, count: int) -> None:
    rich = random_graph(seed, count, 0.3)
    graph = Graph(count, rich.pairs, rich.terms, np.zeros((0, 2), np.int64))
    assert exact(graph).objective == pytest.approx(flow(graph).objective)
    assert cluster(graph).objective == pytest.approx(flow(graph).objective)


def test_compiled_and_interpreted_prove_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = [random_graph(seed, 12, 0.5) for seed in range(10)]
    monkeypatch.setattr(programme, "COMPILE_FROM", 10**9)
    plain = [exact(graph) for graph in graphs]
    monkeypatch.setattr(programme, "COMPILE_FROM", 0)
    for before, graph in zip(plain, graphs, strict=True):
        answer = exact(graph)
        np.testing.assert_array_equal(before.identity, answer.identity)
        assert before.bound == pytest.approx(answer.bound)


def test_out_of_time_or_too_large_is_the_answer_of_cluster_with_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = random_graph(1, 60, 0.5)
    start = perf_counter()
    answer = exact(graph, seconds=0.2)
    assert perf_counter() - start < 20  # the kernel may have to be compiled
    assert answer.objective <= answer.bound
    monkeypatch.setattr(programme, "LARGEST", 10)
    answer = exact(graph)
    np.testing.assert_array_equal(answer.identity, cluster(graph).identity)
    assert answer.bound == pytest.approx(cluster(graph).bound)


def test_two_good_halves_that_exclude_each_other() -> None:
    """1 fits 0 and 2, but 0 and 2 are seen together: the better link is kept.

    0 --2-- 1 --3-- 2
    0 x x x x x x x 2
    """
    graph = drawn(3, {(0, 1): 2, (1, 2): 3}, {}, [(0, 2)])
    assert exact(graph).identity.tolist() == [0, 1, 1]
    assert exact(graph).bound == pytest.approx(3)
    assert flow(graph).bound == pytest.approx(5)
