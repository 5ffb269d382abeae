"""Marginals of links by belief propagation, against the sum over all path covers."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_solve.solver.rivals import link_probability, rivals


def by_enumeration(i: np.ndarray, j: np.ndarray, odds: np.ndarray) -> np.ndarray:
    total, marginal = 0.0, np.zeros(len(i))
    for size in range(len(i) + 1):
        for chosen in map(list, combinations(range(len(i)), size)):
            if len(set(i[chosen])) == len(set(j[chosen])) == size:
                weight = odds[chosen].prod()
                total += weight
                marginal[chosen] += weight
    return marginal / total


@pytest.mark.parametrize(
    ("i", "j", "log_odds"),
    [
        ([0], [1], [1.3]),
        ([0, 0], [1, 2], [2.0, 2.0]),  # two starts that fit one end
        ([0, 1], [2, 2], [3.0, -1.0]),  # two ends that fit one start
        ([0, 0, 1], [2, 3, 3], [1.0, 0.5, 2.0]),  # a chain of rivals
    ],
)
def test_marginals_are_exact_without_loops(i: list[int], j: list[int], log_odds: list[float]) -> None:
    a, b, w = np.array(i), np.array(j), np.array(log_odds)
    np.testing.assert_allclose(link_probability(4, a, b, w), by_enumeration(a, b, np.exp(w)), atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_marginals_are_close_with_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(3), np.arange(3, 6), indexing="ij"))
    w = rng.normal(0, 1.5, 9)
    found = link_probability(6, i, j, w)
    assert np.abs(found - by_enumeration(i, j, np.exp(w))).max() < 0.15
    assert np.bincount(i, found).max() <= 1 + 1e-6
    assert np.bincount(j, found).max() <= 1 + 1e-3


def test_a_rival_takes_away_and_a_claimed_rival_gives_back() -> None:
    i, j = np.array([0, 0, 1]), np.array([2, 3, 3])
    contested = rivals(4, i[:2], j[:2], np.array([2.0, 2.0]))
    assert (contested < -1).all()
    relieved = rivals(4, i, j, np.array([2.0, 2.0, 8.0]))
    assert relieved[0] > contested[0]


def test_no_links() -> None:
    nothing = np.zeros(0, np.int64)
    assert len(rivals(3, nothing, nothing, np.zeros(0))) == 0
