"""What holds for every method on every problem, back-links, ties, must-links and gains of any size included."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.solver.brute import brute_force
from tests.solver.checks import check_answer
from tests.strategies import graphs, thorough

from reid_solve.solver.constraints.contract import honour
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods import METHODS


@thorough(60)
@given(graph=graphs(most=14))
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_on_any_problem(method: str, graph: Graph) -> None:
    answer = METHODS[method](graph)
    check_answer(graph, answer)
    np.testing.assert_array_equal(answer.identity, METHODS[method](graph).identity)


@thorough(60)
@given(graph=graphs(most=10, must=True), seed=st.integers(0, 10**6))
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_with_must_links(method: str, graph: Graph, seed: int) -> None:
    end = np.random.default_rng(seed).permutation(graph.count)
    larger, answer = honour(graph, METHODS[method], end)
    np.testing.assert_array_equal(larger.must, graph.must)
    check_answer(larger, answer)
    np.testing.assert_array_equal(answer.identity, honour(graph, METHODS[method], end)[1].identity)


@thorough(60)
@given(graph=graphs(most=7))
def test_no_method_is_above_the_best_of_all_partitions_and_no_bound_below(graph: Graph) -> None:
    best = brute_force(graph)
    size = 1e-6 * max(1.0, abs(best), float(np.abs(graph.gain).sum()))
    found = {name: method(graph) for name, method in METHODS.items()}
    for answer in found.values():
        assert answer.objective <= best + size
        assert best <= answer.bound + size
    assert found["exact"].objective == pytest.approx(best, abs=size)
    order = ("flow", "cluster", "exact")
    assert all(found[a].objective <= found[b].objective + size for a, b in pairwise(order))
    assert found["cluster"].objective >= -size  # everybody alone is worth nothing
