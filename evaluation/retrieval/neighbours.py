"""The nearest neighbours of every picture among the queries and gallery of its group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.retrieval.layout import PAIRS, Layout
from reid_solve.evaluation.retrieval.space import Floats, Space
from reid_solve.tracklets.table import FloatArray, IntArray

BIN = 16  # columns; larger ones are faster to bound and leave more to sort


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Nearest pictures of each of N places, itself included.

    Attributes:
        index: (N, K) places, nearest first; -1 beyond the end of a small group. Equal distances go by place.
        scale: (N,) square of the largest distance of each place to one of its group; 1 where all are 0.
    """

    index: IntArray
    scale: FloatArray


def nearest(space: Space, layout: Layout, count: int, pairs: int = PAIRS) -> Neighbours:
    """Find the neighbours of every place.

    Args:
        space: distances; plain.
        layout: groups.
        count: how many of each, K.
        pairs: distances at once.
    """
    index = np.full((len(layout.order), count), -1, np.int64)
    scale = np.ones(len(layout.order))
    for start, end in zip(layout.start.tolist(), layout.end.tolist(), strict=True):
        step = max(pairs // (end - start), 1)
        kept = min(count, end - start)
        for lo in range(start, end, step):
            rows = slice(lo, min(lo + step, end))
            distance = space.block(rows, slice(start, end))
            np.square(distance, out=distance)
            largest = distance.max(axis=1)
            largest[largest == 0] = 1
            distance /= largest[:, None]  # before neighbours are chosen: rounding can make two distances equal
            scale[rows] = largest
            index[rows, :kept] = start + smallest(distance, kept)
    return Neighbours(index, scale)


def smallest(distance: Floats, count: int) -> IntArray:
    """Columns of the smallest numbers of each row, (n, count), ascending; of equal ones the first column first.

    Instead of partitioning whole rows: put the columns into bins, and find the ``count``-th smallest of the bins' least
    numbers. At least ``count`` numbers are as small as that, and few more, so that only these are sorted.
    """
    rows, width = distance.shape
    bins = width // BIN
    if bins < 2 * count:
        return np.argsort(distance, axis=1, kind="stable")[:, :count]
    least = distance[:, : bins * BIN].reshape(rows, BIN, bins).min(axis=1)
    bound = np.partition(least, count - 1, axis=1)[:, count - 1]
    at = np.flatnonzero(distance <= bound[:, None])
    row = at // width
    order = np.lexsort((distance.reshape(-1)[at], row))
    begin = np.searchsorted(row, np.arange(rows))
    return np.asarray((at - row * width)[order[begin[:, None] + np.arange(count)]])
