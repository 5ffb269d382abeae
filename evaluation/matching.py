"""One-to-one matchings of the largest total score, on a sparse graph of positive scores."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray


def best_matching(row: IntArray, col: IntArray, score: FloatArray) -> BoolArray:
    """Choose pairs so that no row and no column is used twice and the sum of scores is as large as possible.

    A pair that scores more than the best rival in its row and the best rival in its column together is in every best
    matching: whatever else those two would be matched with is worth less. Taking such pairs away until none is left
    decides nearly everything at once; what remains falls into small connected components, which go to the Hungarian
    method.

    Args:
        row, col: (m,) non-negative integers; the two are numbered apart.
        score: (m,) positive.

    Returns:
        Which pairs are chosen, (m,).
    """
    chosen = np.zeros(len(score), bool)
    left = np.arange(len(score))
    rows, cols = _size(row), _size(col)
    while len(left):
        r, c, s = row[left], col[left], score[left]
        sure = s > _rival(r, s, rows) + _rival(c, s, cols)
        if not sure.any():
            break
        chosen[left[sure]] = True
        row_done, col_done = np.zeros(rows, bool), np.zeros(cols, bool)
        row_done[r[sure]] = True
        col_done[c[sure]] = True
        left = left[~(row_done[r] | col_done[c])]
    for component in components(row[left], col[left]):
        at = left[component]
        chosen[at[hungarian(row[at], col[at], score[at])]] = True
    return chosen


def components(row: IntArray, col: IntArray) -> list[IntArray]:
    """Positions of the pairs of each connected component, components in order of their first pair."""
    if not len(row):
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    r, c = (np.unique(x, return_inverse=True)[1] for x in (row, col))
    n = int(r.max()) + 1
    size = n + int(c.max()) + 1
    graph = coo_array((np.ones(len(r), np.int8), (r, c + n)), shape=(size, size))
    label = connected_components(graph, directed=False)[1][r]
    first = np.full(int(label.max()) + 1, len(r))
    np.minimum.at(first, label, np.arange(len(r)))
    order = np.argsort(first[label], kind="stable")
    return np.split(order, np.flatnonzero(np.diff(first[label][order])) + 1)


def hungarian(row: IntArray, col: IntArray, score: FloatArray) -> IntArray:
    """Positions of the pairs in a best matching of one component; the first where two are as good."""
    rows: dict[int, int] = {}  # numbering by dictionary: components are tiny, and many
    cols: dict[int, int] = {}
    r = [rows.setdefault(i, len(rows)) for i in row.tolist()]
    c = [cols.setdefault(i, len(cols)) for i in col.tolist()]
    if len(rows) == 1 or len(cols) == 1:
        return np.array([score.argmax()])
    from scipy.optimize import linear_sum_assignment

    matrix = np.zeros((len(rows), len(cols)))
    at = np.full(matrix.shape, -1)
    matrix[r, c] = score
    at[r, c] = np.arange(len(score))
    pairs = at[linear_sum_assignment(matrix, maximize=True)]
    return pairs[pairs >= 0]


def _size(index: IntArray) -> int:
    return int(index.max(initial=-1)) + 1


def _rival(node: IntArray, score: FloatArray, size: int) -> FloatArray:
    """The best score of another pair at the same node, for each pair, (m,); its own where it is tied for the best,
    or not the best.
    """
    best, second, ties = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
    np.maximum.at(best, node, score)
    top = score == best[node]
    np.maximum.at(second, node[~top], score[~top])
    np.add.at(ties, node[top], 1)
    return np.where(top & (ties[node] == 1), second[node], best[node])
