"""Who is ranked against whom: every query against the gallery of its group, in one order of all pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.table import IntArray

PAIRS = 1 << 22  # distances at once: 16 MB in float32, and a few times that for their order


@dataclass(frozen=True, eq=False)
class Layout:
    """Q queries and G gallery pictures in A groups, put in one order of places: group by group, its queries first.

    Groups are the blocks of a block-diagonal matrix of distances; whatever is computed over places needs to know
    nothing else about them. Queries are numbered 0..Q-1 in the order of their places, too.

    Attributes:
        order: (Q + G,) what stands at each place: rows 0..Q-1 are queries, Q + j is row j of the gallery.
        start, middle, end: (A,) places of each group; its gallery begins at ``middle``.
        group: (Q,) group of each query, ascending.
        place: (Q,) place of each query.
        offset: (Q + 1,) where its distances begin when those of all queries are put in a row.
    """

    order: IntArray
    start: IntArray
    middle: IntArray
    end: IntArray
    group: IntArray
    place: IntArray
    offset: IntArray

    @property
    def queries(self) -> int:
        """How many queries there are, Q."""
        return len(self.place)

    @property
    def row(self) -> IntArray:
        """Row that each query had when it was given, (Q,)."""
        return self.order[self.place]

    def chunks(self, pairs: int = PAIRS) -> Iterator[tuple[int, int]]:
        """Stretches of queries ``lo..hi`` that have about so many distances together; at least one query."""
        lo = 0
        while lo < self.queries:
            hi = max(int(np.searchsorted(self.offset, self.offset[lo] + pairs, side="right")) - 1, lo + 1)
            yield lo, hi
            lo = hi

    def pieces(self, lo: int, hi: int) -> Iterator[tuple[int, slice, slice]]:
        """Queries ``lo..hi`` by group: the number of the first one, places of the queries, places of the gallery."""
        while lo < hi:
            group = int(self.group[lo])
            stop = lo + min(hi - lo, int(self.middle[group]) - int(self.place[lo]))
            first = int(self.place[lo])
            yield lo, slice(first, first + stop - lo), slice(int(self.middle[group]), int(self.end[group]))
            lo = stop

    def gallery_of(self, lo: int, hi: int) -> tuple[IntArray, IntArray]:
        """Of all distances of queries ``lo..hi`` in a row: query (m,) and place of the gallery picture (m,)."""
        query = np.repeat(np.arange(lo, hi), np.diff(self.offset[lo : hi + 1]))
        within = np.arange(len(query)) - (self.offset[query] - self.offset[lo])
        return query, self.middle[self.group[query]] + within


def make_layout(
    queries: int, gallery: int, query_groups: npt.ArrayLike | None = None, gallery_groups: npt.ArrayLike | None = None
) -> Layout:
    """Put queries and gallery in order.

    Args:
        queries, gallery: how many.
        gallery: see ``queries``.
        query_groups: (Q,) numbers or names; a query is ranked against the gallery of its own group only.
        gallery_groups: (G,) likewise; None on both sides for one group of all.
    """
    if query_groups is None or gallery_groups is None:
        group, groups = np.zeros(queries + gallery, np.int64), 1
    else:
        names = np.concatenate([np.asarray(query_groups), np.asarray(gallery_groups)])
        found, group = np.unique(names, return_inverse=True)
        groups = len(found)
    in_gallery = np.arange(queries + gallery) >= queries
    order = np.lexsort((in_gallery, group))  # stable: gallery pictures keep the order in which they were given
    end = np.cumsum(np.bincount(group, minlength=groups))
    start = end - np.bincount(group, minlength=groups)
    middle = start + np.bincount(group[~in_gallery], minlength=groups)
    place = np.flatnonzero(order < queries)
    of_query = group[order[place]]
    offset = np.concatenate([[0], np.cumsum((end - middle)[of_query])])
    return Layout(order, start, middle, end, of_query, place, offset.astype(np.int64))
