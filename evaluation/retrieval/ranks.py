"""At which rank each picture of the right person stands. All that mAP, CMC and mINP need.

Sorting whole rows is not needed for that: the rank of a picture is the number of pictures that are nearer, counted by
comparing a row of distances with one number. Equal distances rank in the order of the gallery, always.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from reid_solve.evaluation.retrieval.layout import PAIRS, Layout
from reid_solve.evaluation.retrieval.space import Floats, Space
from reid_solve.tracklets.table import IntArray

SORTING = 50  # a stable argsort of a row costs as much as comparing it with a fiftieth of its length of numbers


class Source(Protocol):
    """Distances of queries to the gallery of their group."""

    def flat(self, lo: int, hi: int) -> Floats:
        """Those of queries ``lo..hi`` in a row, query by query; a new array (offset[hi] - offset[lo],)."""


class Direct:
    """The distances of a space, as they are."""

    def __init__(self, space: Space, layout: Layout) -> None:
        self.space, self.layout = space, layout

    def flat(self, lo: int, hi: int) -> Floats:
        """Distances of queries ``lo..hi``, in a row."""
        blocks = [self.space.block(rows, columns).reshape(-1) for _, rows, columns in self.layout.pieces(lo, hi)]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def positive_ranks(
    source: Source, layout: Layout, pid: IntArray, camera: IntArray | None = None, pairs: int = PAIRS
) -> tuple[IntArray, IntArray]:
    """Rank every gallery picture of the queried person.

    Args:
        source: distances.
        layout: who is ranked against whom.
        pid: (N,) person at each place.
        camera: (N,) camera at each place: pictures of the queried person by the query's own camera are taken out
            of the ranking; None: none are.
        pairs: distances at once.

    Returns:
        query (P,), ascending, and rank (P,) from 1, ascending within a query.
    """
    found = []
    for lo, hi in layout.chunks(pairs):
        distance = source.flat(lo, hi)
        if layout.group[lo] == layout.group[hi - 1]:
            found.append(_of_one_group(distance, layout, lo, hi, pid, camera))
        else:
            found.append(_of_groups(distance, layout, lo, hi, pid, camera))
    query, rank = (np.concatenate([part[k] for part in found] or [np.zeros(0, np.int64)]) for k in (0, 1))
    order = np.lexsort((rank, query))
    return query[order], rank[order]


def _of_one_group(
    flat: Floats, layout: Layout, lo: int, hi: int, pid: IntArray, camera: IntArray | None
) -> tuple[IntArray, IntArray]:
    """Ranks where all queries have one gallery: a rectangle of distances."""
    distance = flat.reshape(hi - lo, -1)
    asked = layout.place[lo:hi]
    gallery = slice(int(layout.middle[layout.group[lo]]), int(layout.end[layout.group[lo]]))
    same = pid[asked, None] == pid[gallery]
    if camera is not None:
        row, column = np.nonzero(same)
        dropped = camera[asked[row]] == camera[gallery][column]
        row, column = row[dropped], column[dropped]
        distance[row, column] = np.inf  # behind everything that counts
        same[row, column] = False
    row, column = np.nonzero(same)
    if len(row) * SORTING > distance.size:
        order = np.argsort(distance, axis=1, kind="stable")
        ranks = np.empty_like(order)
        np.put_along_axis(ranks, order, np.arange(1, distance.shape[1] + 1)[None], axis=1)
        return row + lo, ranks[row, column]
    rank = np.empty(len(row), np.int64)
    for k, (r, c) in enumerate(zip(row.tolist(), column.tolist(), strict=True)):
        line = distance[r]
        own = line[c]
        rank[k] = 1 + np.count_nonzero(line[:c] <= own) + np.count_nonzero(line[c:] < own)
    return row + lo, rank


def _of_groups(
    distance: Floats, layout: Layout, lo: int, hi: int, pid: IntArray, camera: IntArray | None
) -> tuple[IntArray, IntArray]:
    """Ranks of many small groups at once, all their distances in a row."""
    query, gallery = layout.gallery_of(lo, hi)
    asked = layout.place[query]
    same = pid[asked] == pid[gallery]
    if camera is not None:
        dropped = same & (camera[asked] == camera[gallery])
        distance[dropped] = np.inf
        same &= ~dropped
    at = np.flatnonzero(same)
    width = np.diff(layout.offset)[query[at]]
    if int(width.sum()) > 4 * len(query):
        order = np.lexsort((distance, query))
        rank = np.empty(len(query), np.int64)
        rank[order] = np.arange(len(query)) - (layout.offset[query] - layout.offset[lo]) + 1  # of the sorted, too
        return query[at], rank[at]
    first = np.cumsum(width) - width  # each positive beside all distances of its query
    beside = np.arange(int(width.sum())) + np.repeat(layout.offset[query[at]] - layout.offset[lo] - first, width)
    own = np.repeat(at, width)
    nearer = distance[beside] < distance[own]
    nearer |= (distance[beside] == distance[own]) & (beside < own)
    return query[at], 1 + np.add.reduceat(nearer, first, dtype=np.int64) if len(at) else at
