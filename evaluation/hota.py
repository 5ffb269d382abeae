"""HOTA: how well boxes are found and how well they are held together, over nineteen thresholds of overlap.

Luiten et al., HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking, IJCV 2021; details as in TrackEval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.counts import Counts
from reid_solve.evaluation.matching import best_matching
from reid_solve.evaluation.pairs import EPS, Pairs
from reid_solve.tracklets.table import FloatArray, IntArray

ALPHAS: FloatArray = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, eq=False)
class HotaCounts(Counts):
    """Counts behind HOTA; every array is (19,), one entry a threshold.

    Attributes:
        tp: matched pairs.
        gt, tracker: boxes on either side.
        ass_a, ass_re, ass_pr: association scores summed over the matched pairs; dividing by ``tp`` makes pooled clips
            weigh by their matches.
        loc: similarity summed over the matched pairs.
    """

    tp: FloatArray
    gt: int
    tracker: int
    ass_a: FloatArray
    ass_re: FloatArray
    ass_pr: FloatArray
    loc: FloatArray

    @property
    def fn(self) -> FloatArray:
        """True boxes without a match, (19,)."""
        return self.gt - self.tp

    @property
    def fp(self) -> FloatArray:
        """Tracked boxes without a match, (19,)."""
        return self.tracker - self.tp

    @property
    def DetA(self) -> FloatArray:
        """Detection accuracy TP / (TP + FN + FP), (19,)."""
        return self.tp / np.maximum(1, self.gt + self.tracker - self.tp)

    @property
    def DetRe(self) -> FloatArray:
        """Detection recall, (19,)."""
        return self.tp / max(1, self.gt)

    @property
    def DetPr(self) -> FloatArray:
        """Detection precision, (19,)."""
        return self.tp / max(1, self.tracker)

    @property
    def AssA(self) -> FloatArray:
        """Association accuracy: mean over matches of TPA / (TPA + FNA + FPA), (19,)."""
        return self.ass_a / np.maximum(1, self.tp)

    @property
    def AssRe(self) -> FloatArray:
        """Association recall: mean share of a true track that its tracked id covers, (19,)."""
        return self.ass_re / np.maximum(1, self.tp)

    @property
    def AssPr(self) -> FloatArray:
        """Association precision: mean share of a tracked id that is its true track, (19,)."""
        return self.ass_pr / np.maximum(1, self.tp)

    @property
    def LocA(self) -> FloatArray:
        """Mean similarity of the matches, (19,); 1 where there are none, as in TrackEval."""
        return np.maximum(1e-10, self.loc) / np.maximum(1e-10, self.tp)

    @property
    def HOTA(self) -> FloatArray:
        """sqrt(DetA · AssA), (19,); the score is its mean."""
        return np.sqrt(self.DetA * self.AssA)

    @property
    def OWTA(self) -> FloatArray:
        """sqrt(DetRe · AssA), (19,): HOTA for ground truth that leaves people out."""
        return np.sqrt(self.DetRe * self.AssA)

    @property
    def at_lowest(self) -> dict[str, float]:
        """HOTA(0), LocA(0) and their product, at the first threshold; of a side without boxes only LocA(0), as in
        TrackEval.
        """
        hota, loc = float(self.HOTA[0]), float(self.LocA[0])
        return {"HOTA(0)": hota, "LocA(0)": loc, "HOTALocA(0)": hota * loc}


def hota_counts(pairs: Pairs) -> HotaCounts:
    """Match every frame once, with the similarity weighted by how well the two ids agree over the clip, and count
    at each threshold.
    """
    g, t, similarity = pairs.gt_row, pairs.tracker_row, pairs.similarity
    chosen = best_matching(g, t, _alignment(pairs) * similarity)
    similarity, id_pair = similarity[chosen], pairs.id_pair[chosen]
    passed = np.searchsorted(ALPHAS - EPS, similarity, side="right")  # thresholds that this match passes
    levels, (gt_id, tracker_id) = len(ALPHAS) + 1, pairs.id_pairs
    together = np.bincount(id_pair * levels + passed, minlength=len(gt_id) * levels).reshape(-1, levels)
    tpa = _from_top(together)  # (k, 19) matches of each pair of ids
    gt_count, tracker_count = pairs.gt_counts[gt_id][:, None], pairs.tracker_counts[tracker_id][:, None]
    return HotaCounts(
        tp=_from_top(np.bincount(passed, minlength=levels)),
        gt=len(pairs.gt),
        tracker=len(pairs.tracker),
        ass_a=(tpa * (tpa / np.maximum(1, gt_count + tracker_count - tpa))).sum(0),
        ass_re=(tpa * (tpa / gt_count)).sum(0),
        ass_pr=(tpa * (tpa / tracker_count)).sum(0),
        loc=_from_top(np.bincount(passed, similarity, minlength=levels)),
    )


def _alignment(pairs: Pairs) -> FloatArray:
    """Global alignment score of the two ids of each pair, (m,): a Jaccard index over the clip of similarities
    shared out among rivals.
    """
    g, t, similarity = pairs.gt_row, pairs.tracker_row, pairs.similarity
    of_gt = np.bincount(g, similarity, minlength=len(pairs.gt))
    of_tracker = np.bincount(t, similarity, minlength=len(pairs.tracker))
    rivals = of_gt[g] + of_tracker[t] - similarity
    gt_id, tracker_id = pairs.id_pairs
    share = np.divide(similarity, rivals, out=np.zeros_like(similarity), where=rivals > EPS)
    potential = np.bincount(pairs.id_pair, share, minlength=len(gt_id))
    return (potential / (pairs.gt_counts[gt_id] + pairs.tracker_counts[tracker_id] - potential))[pairs.id_pair]


def _from_top(counts: FloatArray | IntArray) -> FloatArray:
    """How many reach at least each threshold, from how many reach exactly so many; the last axis is one shorter."""
    return np.cumsum(counts[..., ::-1], -1)[..., ::-1][..., 1:].astype(float)
