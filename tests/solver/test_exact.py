"""The proved optimum against all partitions, against flow, and against the clock."""

from dataclasses import replace
from importlib import import_module
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.solver.brute import best_of_all_partitions, brute_force, side_by_side, with_back_links, worth_of_subsets
from tests.solver.test_methods import drawn, random_graph

from reid_solve.solver.constraints.contract import honour
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import chains
from reid_solve.solver.methods.budget import Budget
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.exact import exact
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.methods.relaxation import lifted_prices
from reid_solve.solver.solution import objective

pricer = import_module("reid_solve.solver.methods.pricer")
method = import_module("reid_solve.solver.methods.exact")
local_search = import_module("reid_solve.solver.methods.cluster")


def small_graphs(seeds: range, count: int) -> list[Graph]:
    """Random problems, every third with back-links; ``random_graph`` draws ties, conflicts and evidence."""
    return [
        with_back_links(random_graph(seed, count), np.random.default_rng(seed)) if seed % 3 == 0
        else random_graph(seed, count)
        for seed in seeds
    ]  # fmt: skip


@pytest.mark.parametrize("block", range(6))
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7])
def test_exact_is_the_best_of_all_partitions_of_thousands_of_graphs_and_proves_it(block: int, count: int) -> None:
    """A hundred at a time, side by side: no one can be above its best, so their sum is right only if all are."""
    graphs = small_graphs(range(100 * block, 100 * block + 100), count)
    answer = exact(side_by_side(graphs))
    best = best_of_all_partitions(graphs)
    parts = [answer.identity[count * k : count * (k + 1)] for k in range(len(graphs))]
    np.testing.assert_allclose([objective(g, part) for g, part in zip(graphs, parts, strict=True)], best, atol=1e-6)
    assert answer.bound == pytest.approx(best.sum(), abs=1e-4)
    assert answer.bound >= best.sum() - 1e-6


@pytest.mark.parametrize("count", [2, 4, 6])
def test_no_chain_is_worth_more_than_the_prices_of_its_tracklets(count: int) -> None:
    graphs = [graph for graph in small_graphs(range(300), count) if len(graph.pairs)]
    for graph, worth in zip(graphs, worth_of_subsets(graphs), strict=True):
        prices = lifted_prices(chains.prepare(graph)[0], False)
        sums = (np.arange(1 << count)[:, None] >> np.arange(count) & 1) @ prices
        assert (worth <= sums + 1e-9).all()


@pytest.mark.parametrize("seed", range(60))
def test_must_links_without_holes_lose_nothing(seed: int) -> None:
    graph = random_graph(seed, 6)
    taken = {(int(a), int(b)) for a, b in graph.conflicts}
    rng = np.random.default_rng(seed)
    must, label = list[tuple[int, int]](), np.arange(6)
    for a in np.flatnonzero(rng.random(5) < 0.3).tolist():
        joined = np.where(label == label[a + 1], label[a], label)
        if not any(joined[c] == joined[d] for c, d in taken):
            must.append((a, a + 1))
            label = joined
    graph = replace(graph, must=np.array(must, np.int64).reshape(-1, 2))
    larger, answer = honour(graph, exact, np.arange(6))
    assert answer.objective == pytest.approx(brute_force(larger), abs=1e-6)
    assert answer.objective <= answer.bound + 1e-9


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
    pricer._compiled.cache_clear()  # what is compiled is used from the first step
    monkeypatch.setattr(pricer, "COMPILE_FROM", 10**9)
    plain = [exact(graph) for graph in graphs]
    assert not pricer._compiled.cache_info().currsize
    monkeypatch.setattr(pricer, "COMPILE_FROM", 0)
    for before, graph in zip(plain, graphs, strict=True):
        answer = exact(graph)
        np.testing.assert_array_equal(before.identity, answer.identity)
        assert before.bound == pytest.approx(answer.bound)
    assert pricer._compiled.cache_info().currsize


@pytest.fixture(scope="module")
def tangle() -> Graph:
    """70 tracklets of noise that all hang together: the relaxation says little, and chains are many."""
    exact(random_graph(1, 60, 0.5), seconds=0.1)  # the kernel may have to be compiled
    return random_graph(2, 70, 0.4)


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_out_of_time_is_the_best_answer_so_far_with_its_bound(tangle: Graph, seconds: float) -> None:
    start = perf_counter()
    local = cluster(tangle)
    middle = perf_counter()
    answer = exact(tangle, seconds=seconds)
    assert perf_counter() - middle < middle - start + seconds + 5  # generous: other processes may be running
    assert local.objective <= answer.objective + 1e-9 <= answer.bound + 2e-9
    assert answer.bound <= local.bound + 1e-6
    assert answer.gap > 0.5


def test_too_large_is_the_answer_of_cluster_and_says_so(tangle: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_search, "LARGEST", 10)
    monkeypatch.setattr(method, "LARGEST", 10)
    answer, local = exact(tangle), cluster(tangle)
    np.testing.assert_array_equal(answer.identity, local.identity)
    assert answer.bound == pytest.approx(local.bound)
    assert "70 tracklets hang together, more than 10" in str(method.unproved(tangle, answer))
    assert method.unproved(tangle, local) is None
    small = random_graph(1, 9)
    assert method.unproved(small, exact(small)) is None


@pytest.mark.parametrize("seed", range(6))
def test_polishing_is_the_same_at_any_speed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are counted, not seconds: an interpreter that never compiles gives the same answer and bound."""
    graph = random_graph(seed, 24, 0.5)
    pricer._compiled.cache_clear()
    monkeypatch.setattr(pricer, "COMPILE_FROM", 10**12)
    answer = cluster(graph)
    assert not pricer._compiled.cache_info().currsize
    monkeypatch.setattr(pricer, "COMPILE_FROM", 20_000)
    again = cluster(graph)
    np.testing.assert_array_equal(answer.identity, again.identity)
    assert answer.bound == pytest.approx(again.bound)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_hold_whenever_the_search_is_stopped(seed: int) -> None:
    graph = random_graph(seed, 14, 0.5)
    best = exact(graph).objective
    for steps in (0, 3_000, 30_000, 300_000, 3_000_000):
        local = local_search.Local(graph)
        for search in local.searches:
            search.run(Budget(steps))
        answer = local.solution("test")
        assert answer.objective <= best + 1e-6 <= answer.bound + 2e-6


def test_two_good_halves_that_exclude_each_other() -> None:
    """1 fits 0 and 2, but 0 and 2 are seen together: the better link is kept.

    0 --2-- 1 --3-- 2
    0 x x x x x x x 2
    """
    graph = drawn(3, {(0, 1): 2, (1, 2): 3}, {}, [(0, 2)])
    assert exact(graph).identity.tolist() == [0, 1, 1]
    assert exact(graph).bound == pytest.approx(3)
    assert flow(graph).bound == pytest.approx(5)
