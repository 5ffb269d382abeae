"""IDF1: how much of the clip each person is followed under one name.

Ristani et al., Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking, ECCV workshops 2016;
details as in TrackEval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.counts import Counts, ratio
from reid_solve.evaluation.matching import best_matching
from reid_solve.evaluation.pairs import Pairs

THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class IdentityCounts(Counts):
    """Boxes under the best one-to-one naming of tracked ids after true ids."""

    tp: int
    fp: int
    fn: int

    @property
    def IDF1(self) -> float:
        """Harmonic mean of IDP and IDR."""
        return ratio(self.tp, self.tp + 0.5 * self.fp + 0.5 * self.fn)

    @property
    def IDP(self) -> float:
        """Share of tracked boxes under the right name."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def IDR(self) -> float:
        """Share of true boxes under the right name."""
        return ratio(self.tp, self.tp + self.fn)


def identity_counts(pairs: Pairs) -> IdentityCounts:
    """Match whole ids one to one so that most boxes agree; a box agrees at a similarity of at least 0.5 (here, unlike
    in CLEAR, to the bit).

    TrackEval solves a square problem of (G + T)²; leaving ids unmatched costs nothing in either, so the sparse one
    has the same optimum.
    """
    gt_id, tracker_id = pairs.id_pairs
    together = np.bincount(pairs.id_pair[pairs.similarity >= THRESHOLD], minlength=len(gt_id))
    some = together > 0
    best = best_matching(gt_id[some], tracker_id[some], together[some].astype(float))
    tp = int(together[some][best].sum())
    return IdentityCounts(tp=tp, fp=len(pairs.tracker) - tp, fn=len(pairs.gt) - tp)
