"""The matching is as good as a dense Hungarian one, and does not hang on order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from reid_solve.evaluation.matching import best_matching, components, hungarian
from reid_solve.tracklets.table import FloatArray

SIZE = st.integers(1, 7)


def matched(matrix: FloatArray) -> FloatArray:
    row, col = np.nonzero(matrix)
    chosen = best_matching(row, col, matrix[row, col])
    assert len(set(row[chosen])) == len(set(col[chosen])) == chosen.sum()
    return matrix[row, col][chosen]


@given(st.data(), SIZE, SIZE)
def test_as_good_as_hungarian(data: st.DataObject, rows: int, cols: int) -> None:
    # few distinct values, so that ties and chains occur
    value = st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.75, 1.0])
    matrix = np.array(data.draw(st.lists(value, min_size=rows * cols, max_size=rows * cols))).reshape(rows, cols)
    assert matched(matrix).sum() == matrix[linear_sum_assignment(matrix, maximize=True)].sum()


def test_greedy_would_be_wrong() -> None:
    """0.9 alone is best, but 0.8 + 0.8 beat it."""
    np.testing.assert_array_equal(matched(np.array([[0.9, 0.8], [0.8, 0.0]])), [0.8, 0.8])


def test_star_takes_the_first_of_equals() -> None:
    assert list(best_matching(np.array([0, 0, 0]), np.array([4, 5, 6]), np.array([0.5, 0.7, 0.7]))) == [0, 1, 0]


def test_nothing() -> None:
    none = np.zeros(0, np.int64)
    assert len(best_matching(none, none, np.zeros(0))) == 0
    assert components(none, none) == []


def test_components_in_order_of_first_pair() -> None:
    parts = components(np.array([3, 1, 3, 2]), np.array([0, 1, 2, 1]))
    assert [list(part) for part in parts] == [[0, 2], [1, 3]]
    assert list(hungarian(np.array([1, 2]), np.array([1, 1]), np.array([0.2, 0.6]))) == [1]
