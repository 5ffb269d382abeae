"""k-reciprocal re-ranking: pictures whose neighbours agree are nearer than their features say.

Zhong, Zheng, Cao and Li, Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017, step by step as in
the authors' code; what that does by loops over N x N matrices is done here on sparse ones. All groups are one
block-diagonal problem, so ten thousand actions of thirty pictures cost no more than one set of as many pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reid_solve.evaluation.retrieval.layout import PAIRS, Layout, make_layout
from reid_solve.evaluation.retrieval.neighbours import nearest
from reid_solve.evaluation.retrieval.ranks import Direct
from reid_solve.evaluation.retrieval.space import Floats, Matrix, Space
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

EXPANDED = 1 << 23  # entries of sparse products at once


@dataclass(frozen=True)
class Rerank:
    """Settings of re-ranking.

    Attributes:
        k1: neighbours that have to be mutual. The group's gallery has to hold several pictures of a person: with
            fewer than ``k1`` of anybody, strangers support each other.
        k2: neighbours whose encodings are averaged.
        weight: of the features' own distance in the result, λ; 1 keeps the order as it was.
    """

    k1: int = 20
    k2: int = 6
    weight: float = 0.3

    def __post_init__(self) -> None:
        if self.k1 < 1 or self.k2 < 1 or not 0 <= self.weight <= 1:
            text = f"re-ranking with k1={self.k1}, k2={self.k2}, lambda={self.weight:g}"
            raise OptionError(f"{text}: k1 and k2 are at least 1, lambda is from 0 to 1")


class Reranked:
    """Distances after re-ranking, a ``ranks.Source``.

    Args:
        space: plain distances between all places, queries and gallery alike.
        layout: groups; in one of G gallery pictures ``k1`` and ``k2`` are at most G.
        settings: k1, k2, λ.
        pairs: distances at once.
    """

    def __init__(self, space: Space, layout: Layout, settings: Rerank, pairs: int = PAIRS) -> None:
        from scipy import sparse

        self.layout, self.weight, self.direct = layout, settings.weight, Direct(space, layout)
        size = layout.end - layout.start
        gallery = np.maximum(layout.end - layout.middle, 1)
        k1, k2 = (np.repeat(np.minimum(k, gallery), size) for k in (settings.k1, settings.k2))
        near = nearest(space, layout, int(np.maximum(k1 + 1, k2).max(initial=1)), pairs)
        self.scale, count = near.scale, len(near.scale)
        mutual = _mutual(near.index, k1 + 1)
        core = _mutual(near.index, np.round(k1 / 2).astype(np.int64) + 1)
        place, member = _expanded(mutual, core, int(k1.max(initial=1)))
        weight = np.exp(-np.square(space.pairs(place, member).astype(np.float64)) / self.scale[place])
        weight /= np.bincount(place, weight, minlength=count)[place]
        encoding = sparse.csr_array((weight, (place, member)), shape=(count, count))
        if k2.max(initial=1) > 1:
            encoding = _averaged(near.index, k2) @ encoding
        is_gallery = np.ones(count)
        is_gallery[layout.place] = 0
        self.queries: Any = encoding[layout.place].tocsr()
        self.gallery: Any = (sparse.diags_array(is_gallery) @ encoding).tocsc()
        self.gallery.eliminate_zeros()
        self.gallery.sort_indices()

    def flat(self, lo: int, hi: int) -> Floats:
        """Distances of queries ``lo..hi``, in a row: (1 - λ) Jaccard + λ d² / max d²."""
        own = self.direct.flat(lo, hi)
        np.square(own, out=own)
        own /= np.repeat(self.scale[self.layout.place[lo:hi]], np.diff(self.layout.offset[lo : hi + 1]))
        shared = self._shared(lo, hi)
        return (1 - shared / (2 - shared)) * (1 - self.weight) + own * self.weight

    def _shared(self, lo: int, hi: int) -> FloatArray:
        """Sum over the neighbours of both of the smaller weight, of queries ``lo..hi`` and their gallery, in a row."""
        layout, inverted = self.layout, self.gallery
        first, last = self.queries.indptr[lo], self.queries.indptr[hi]
        column, value = self.queries.indices[first:last], self.queries.data[first:last]
        query = np.repeat(np.arange(lo, hi), np.diff(self.queries.indptr[lo : hi + 1]))
        count = np.diff(inverted.indptr)[column].astype(np.int64)
        base = layout.offset[query] - layout.offset[lo] - layout.middle[layout.group[query]]
        out = np.zeros(layout.offset[hi] - layout.offset[lo])
        for a, b in _stretches(count, EXPANDED):
            entry = np.repeat(np.arange(a, b), count[a:b])
            behind = np.arange(len(entry)) - np.repeat(np.cumsum(count[a:b]) - count[a:b], count[a:b])
            at = inverted.indptr[column[entry]] + behind
            smaller = np.minimum(value[entry], inverted.data[at])
            out += np.bincount(base[entry] + inverted.indices[at], smaller, minlength=len(out))
        return out


def rerank(query_gallery: Floats, query_query: Floats, gallery_gallery: Floats, k1: int = 20, k2: int = 6,
           weight: float = 0.3) -> Floats:  # fmt: skip
    """Re-rank distances that are there as matrices.

    Args:
        query_gallery: (Q, G) plain distances; squaring them is part of the method.
        query_query: (Q, Q).
        gallery_gallery: (G, G).
        k1, k2, weight: see ``Rerank``; both numbers are at most G.
        k2: see ``k1``.
        weight: see ``k1``.

    Returns:
        (Q, G) distances after re-ranking.

    Raises:
        InputError: matrices that do not fit together, or are not finite and ≥ 0.
        OptionError: settings that make no sense.
    """
    queries, gallery = query_gallery.shape
    if query_query.shape != (queries, queries) or gallery_gallery.shape != (gallery, gallery):
        shapes = f"{query_gallery.shape}, {query_query.shape} and {gallery_gallery.shape}"
        raise InputError(f"distances of shape {shapes} do not fit; give (Q, G), (Q, Q) and (G, G)")
    whole = np.block([[query_query, query_gallery], [query_gallery.T, gallery_gallery]])
    if not np.isfinite(whole).all() or (whole < 0).any():
        raise InputError("distances to re-rank must be finite and not negative; give plain distances")
    layout = make_layout(queries, gallery)
    done = Reranked(Matrix(whole, layout.order), layout, Rerank(k1, k2, weight))
    return done.flat(0, queries).reshape(queries, gallery) if queries else np.zeros((0, gallery))


def _mutual(index: IntArray, counts: IntArray) -> Any:
    """Pairs of which each is among the first ``counts`` (N,) neighbours of the other, as a sparse 0/1 matrix."""
    from scipy import sparse

    wanted: BoolArray = (np.arange(index.shape[1]) < counts[:, None]) & (index >= 0)
    place, size = np.nonzero(wanted)[0], (len(index), len(index))
    forward = sparse.csr_array((np.ones(len(place), np.int32), (place, index[wanted])), shape=size)
    return forward.multiply(forward.T.tocsr()).tocsr()


def _expanded(mutual: Any, core: Any, k1: int) -> tuple[IntArray, IntArray]:
    """Mutual neighbours, and with them those of each neighbour that has more than two thirds of its own closest mutual
    neighbours among them: places (E,), ascending, and members (E,).
    """
    found = []
    length = np.diff(core.indptr)
    step = max(2 * EXPANDED // ((k1 + 1) * (k1 + 1)), 1)
    for lo in range(0, mutual.shape[0], step):
        own = mutual[lo : lo + step]
        common = (own @ core.T).multiply(own).tocoo()
        taken = common.data > 2.0 / 3 * length[common.col]
        common.data, common.row, common.col = common.data[taken], common.row[taken], common.col[taken]
        place, member = (own + common.tocsr() @ core).nonzero()
        found.append((place + lo, member))
    place, member = (np.concatenate([part[k] for part in found]).astype(np.int64) for k in (0, 1))
    return place, member


def _averaged(index: IntArray, counts: IntArray) -> Any:
    """The matrix that takes the mean over the first ``counts`` (N,) neighbours; a count of 1 means the place itself."""
    from scipy import sparse

    wanted = (np.arange(index.shape[1]) < counts[:, None]) & (index >= 0)
    place = np.nonzero(wanted)[0]
    member = np.where(counts[place] == 1, place, index[wanted])
    share = 1 / wanted.sum(axis=1)[place]
    return sparse.csr_array((share, (place, member)), shape=(len(index), len(index)))


def _stretches(count: IntArray, most: int) -> list[tuple[int, int]]:
    """Cut entries into stretches whose counts add up to about ``most``."""
    total = np.cumsum(count)
    if not len(total) or total[-1] <= most:
        return [(0, len(count))]
    cuts = np.unique(np.searchsorted(total, np.arange(most, total[-1], most)) + 1)
    edges = np.unique(np.concatenate([[0], cuts, [len(count)]])).tolist()
    return list(pairwise(edges))
