"""Scores of rankings: mAP, Rank-k (CMC) and mINP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Note

RANKS = (1, 5, 10)


@dataclass(frozen=True, eq=False)
class Retrieval:
    """How well the queries of a set were answered. Everything is by query, so two sets are pooled by joining.

    Attributes:
        positives: (Q,) pictures of the person in the ranking; 0 where a query cannot be answered: it is in no score.
        first: (Q,) rank of the first of them, from 1; 0 where there is none.
        AP: (Q,) average precision without interpolation, as in torchreid and in SoccerNet's evaluation: the mean over
            the positives of (how many up to it) / (its rank). NaN where there is none.
        AP_trapezoid: (Q,) the area under precision over recall by trapezoids, as in the code of Market-1501 (Zheng
            et al. 2015); never higher.
        INP: (Q,) inverse negative penalty (Ye et al. 2021): positives / rank of the last of them.
        notes: what was left out.
    """

    positives: IntArray
    first: IntArray
    AP: FloatArray
    AP_trapezoid: FloatArray
    INP: FloatArray
    notes: tuple[Note, ...] = ()

    @property
    def answered(self) -> BoolArray:
        """Queries that have a positive, and are scored, (Q,)."""
        return self.positives > 0

    @property
    def mAP(self) -> float:
        """Mean average precision, 0..1; NaN where no query has a positive."""
        return self._mean(self.AP)

    @property
    def mAP_trapezoid(self) -> float:
        """Mean of the trapezoidal average precision, 0..1."""
        return self._mean(self.AP_trapezoid)

    @property
    def mINP(self) -> float:
        """Mean inverse negative penalty, 0..1."""
        return self._mean(self.INP)

    def rank(self, k: int) -> float:
        """Share of the queries that have a positive among the first k, 0..1."""
        return self._mean((self.first <= k).astype(float))

    def _mean(self, values: FloatArray) -> float:
        return float(values[self.answered].mean()) if self.answered.any() else float("nan")

    def to_dict(self, ranks: Sequence[int] = RANKS) -> dict[str, Any]:
        """Scores in per cent, and counts."""
        scores = {"mAP": self.mAP, "mAP_trapezoid": self.mAP_trapezoid, "mINP": self.mINP}
        scores |= {f"Rank-{k}": self.rank(k) for k in ranks}
        return {
            **{name: None if np.isnan(value) else 100 * value for name, value in scores.items()},
            "queries": len(self.positives),
            "unanswerable": int((~self.answered).sum()),
            "positives": int(self.positives.sum()),
        }


def scores(query: IntArray, rank: IntArray, queries: int) -> Retrieval:
    """Scores from ranks.

    Args:
        query: (P,) query of each positive, 0..queries-1, ascending.
        rank: (P,) its rank from 1, ascending within a query.
        queries: Q.
    """
    positives = np.bincount(query, minlength=queries)
    begin = np.cumsum(positives) - positives
    number = np.arange(len(query)) - begin[query] + 1  # of the positives of its query, from the front
    precision = number / rank
    before = np.divide(number - 1, rank - 1, out=np.ones(len(rank)), where=rank > 1)
    with_any = positives > 0
    count = np.maximum(positives, 1)
    first = np.zeros(queries, np.int64)
    first[with_any] = rank[begin[with_any]]
    INP = np.full(queries, np.nan)
    INP[with_any] = positives[with_any] / rank[(begin + positives - 1)[with_any]]

    def mean(values: FloatArray) -> FloatArray:
        return np.where(with_any, np.bincount(query, values, minlength=queries) / count, np.nan)

    return Retrieval(positives, first, mean(precision), mean((precision + before) / 2), INP)
