"""All methods on small random and hand-drawn problems: feasible, ordered, bounded, the same every time."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.solver.brute import brute_force

from reid_solve.solver.graph import PRIZE, Graph, Together
from reid_solve.solver.methods import METHODS, chains, choose
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.methods.greedy import greedy
from reid_solve.solver.methods.relaxation import lifted_prices
from reid_solve.solver.methods.search import improve
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import (
    LIFTED,
    BrokenChainError,
    BrokenConflictError,
    chain_order,
    from_identity,
    objective,
)

search = import_module("reid_solve.solver.methods.cluster")
Weights = dict[tuple[int, int], float]


def drawn(count: int, links: Weights, lifted: Weights, conflicts: list[tuple[int, int]]) -> Graph:
    """A graph from gains of links and lifted gains."""
    i, j = np.array(list(links), np.int64).reshape(-1, 2).T
    a, b = np.array(list(lifted), np.int64).reshape(-1, 2).T
    together = Together(a, b, {"person": np.array(list(lifted.values()), float) / LIFTED})
    gain = np.array(list(links.values()), float) - PRIZE
    forbidden = np.array(conflicts, np.int64).reshape(-1, 2)
    return Graph(count, Pairs(i, j, np.ones_like(i)), {"way": gain}, forbidden, together)


def random_graph(seed: int, count: int, dense: float = 0.6) -> Graph:
    """Mixed signs, some conflicts, some ties; ``dense`` of the pairs have a link, and as many lifted evidence."""
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(count, 1)
    conflict = rng.random(len(i)) < rng.choice([0.0, 0.1, 0.3])
    link = ~conflict & (rng.random(len(i)) < dense)
    lifted = ~conflict & (rng.random(len(i)) < rng.choice([0.0, 0.3, 0.8]))
    digits = int(rng.integers(0, 4))
    draw = [np.round(rng.normal(rng.normal(0, 1), 2, int(k.sum())), digits) for k in (link, lifted)]
    pairs = Pairs(i[link], j[link], np.ones(int(link.sum()), np.int64))
    together = Together(i[lifted], j[lifted], {"person": draw[1] / LIFTED})
    return Graph(count, pairs, {"way": draw[0] - PRIZE}, np.column_stack([i, j])[conflict], together)


@settings(max_examples=1000, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 7))
def test_between_the_baselines_and_the_optimum(seed: int, count: int) -> None:
    graph = random_graph(seed, count)
    best = brute_force(graph)
    answer = cluster(graph)
    assert answer.objective >= max(flow(graph).objective, 0) - 1e-9
    assert answer.objective <= best + 1e-9
    assert best <= answer.bound + 1e-9
    assert answer.objective == pytest.approx(objective(graph, answer.identity))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 40))
def test_every_method_is_feasible_bounded_and_repeatable(seed: int, count: int) -> None:
    graph = random_graph(seed, count, 0.3)
    for name, method in METHODS.items():
        answer = method(graph)
        again = from_identity(graph, answer.identity, answer.bound, name)  # checks conflicts and chains
        assert again.objective == pytest.approx(answer.objective)
        assert answer.objective <= answer.bound + 1e-9
        np.testing.assert_array_equal(answer.identity, method(graph).identity)


def test_cluster_is_close_to_the_best_on_average() -> None:
    graphs = [random_graph(seed, 6) for seed in range(200)]
    best = sum(brute_force(graph) for graph in graphs)
    assert sum(cluster(graph).objective for graph in graphs) > 0.97 * best


@pytest.mark.parametrize("seed", [3, 5, 6, 13])
def test_compiled_and_interpreted_agree(seed: int) -> None:
    """Start by start, since polishing would bring any two to one end; problems that were drawn with much evidence."""
    graph = random_graph(seed, 60, 0.2)
    prepared, place = chains.prepare(graph)
    cover = flow(graph)
    for links in (cover.links, None):
        plain, compiled = (solve(prepared, place, graph, links) for solve in (search._interpreted, search._compiled()))
        np.testing.assert_array_equal(plain, compiled)
        assert objective(graph, plain) > cover.objective
    np.testing.assert_array_equal(lifted_prices(prepared, False), lifted_prices(prepared, True))


@pytest.mark.parametrize("seed", [3, 5, 6, 13])
def test_moves_gain_what_they_are_priced_at(seed: int) -> None:
    graph = random_graph(seed, 60, 0.2)
    prepared, place = chains.prepare(graph)
    cover = flow(graph)
    state = chains.Chains(*(field.tolist() for field in search._start(prepared, place, graph, cover.links)))
    gain = improve(state, search.SWEEPS, [0.0] * graph.count, [0] * graph.count)
    assert gain > 1
    assert objective(graph, np.array(state.label)[place]) == pytest.approx(cover.objective + gain)


def test_lifted_evidence_joins_what_links_alone_would_not() -> None:
    """1 -> 2 is worth a little less than nothing; that 0 and 2 are alike pays for it.

    0 --3-- 1 --(-1)-- 2
    0 - - - -2 - - - - 2
    """
    graph = drawn(3, {(0, 1): 3, (1, 2): -1}, {(0, 2): 2}, [])
    assert flow(graph).identity.tolist() == [0, 0, 1]
    assert cluster(graph).identity.tolist() == [0, 0, 0]
    assert cluster(graph).objective == pytest.approx(4)


def test_lifted_evidence_splits_a_chain() -> None:
    """Every link is good, but the ends are strangers: the weaker link goes.

    0 --3-- 1 --2-- 2
    0 - - -(-4)- - - 2
    """
    graph = drawn(3, {(0, 1): 3, (1, 2): 2}, {(0, 2): -4}, [])
    assert flow(graph).identity.tolist() == [0, 0, 0]
    assert cluster(graph).identity.tolist() == [0, 0, 1]
    assert cluster(graph).objective == pytest.approx(3)


def test_consecutive_tracklets_are_priced_by_their_link_alone() -> None:
    graph = drawn(2, {(0, 1): 1}, {(0, 1): -5}, [])
    assert cluster(graph).objective == pytest.approx(1)


def test_ends_are_exchanged() -> None:
    """Two chains crossed at 2 | 3: links prefer the wrong exchange, the people at both ends the right one."""
    links = {(0, 2): 5, (1, 3): 5, (2, 4): 1, (3, 5): 1, (2, 5): 1.5, (3, 4): 1.5}
    graph = drawn(6, links, {(0, 4): 1, (1, 5): 1, (0, 5): -1, (1, 4): -1}, [])
    assert flow(graph).identity.tolist() == [0, 1, 0, 1, 1, 0]
    assert cluster(graph).identity.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_short_duplicate_may_begin_after_the_tracklet_that_continues_it() -> None:
    """1 is a second box on the first frames of 0; the way is 2 -> 1 -> 0 in links, and no cycle may pass."""
    graph = drawn(3, {(1, 0): 3, (0, 2): 2}, {(1, 2): 1}, [])
    assert chain_order(graph).tolist() == [1, 0, 2]
    for method in (flow, greedy, cluster):
        answer = method(graph)
        assert answer.identity.tolist() == [0, 0, 0]
        assert answer.objective == pytest.approx(6)
    with pytest.raises(ValueError, match="cycle"):
        chain_order(drawn(2, {(0, 1): 1, (1, 0): 1}, {}, []))


def test_mistakes_of_a_method_are_caught() -> None:
    graph = drawn(3, {(0, 1): 1}, {}, [(0, 2)])
    with pytest.raises(BrokenConflictError):
        from_identity(graph, np.array([0, 1, 0]), 0, "test")
    with pytest.raises(BrokenChainError):
        from_identity(graph, np.array([0, 1, 1]), 0, "test")


def test_auto_is_exact_where_flow_is_exact() -> None:
    assert choose("auto", drawn(2, {(0, 1): 1}, {}, [])) == "flow"
    assert choose("auto", drawn(2, {(0, 1): 1}, {(0, 1): 1}, [])) == "cluster"
    assert choose("greedy", drawn(2, {}, {}, [])) == "greedy"
