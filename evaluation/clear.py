"""CLEAR MOT: misses, false boxes and switches of id, counted frame by frame.

Bernardin and Stiefelhagen, Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics, 2008; details as
    in TrackEval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.counts import Counts, ratio
from reid_solve.evaluation.matching import components, hungarian
from reid_solve.evaluation.pairs import EPS, Pairs
from reid_solve.tracklets.table import BoolArray, IntArray

THRESHOLD = 0.5
STAY = 1000.0  # what keeping the match of the frame before is worth: more than any similarity


@dataclass(frozen=True, eq=False)
class ClearCounts(Counts):
    """Counts of the CLEAR metrics; MT, PT and ML are true ids that are tracked for > 80 %, between, and < 20 % of
    their boxes.
    """

    tp: int
    fp: int
    fn: int
    IDSW: int
    Frag: int
    MT: int
    PT: int
    ML: int
    loc: float  # similarity summed over the matches

    @property
    def MOTA(self) -> float:
        """1 - (FN + FP + IDSW) / boxes of the ground truth; 0 without ground truth."""
        return self._of_gt(self.tp - self.fp - self.IDSW)

    @property
    def MODA(self) -> float:
        """MOTA that does not mind switches."""
        return self._of_gt(self.tp - self.fp)

    @property
    def sMOTA(self) -> float:
        """MOTA in which a match counts as much as it overlaps."""
        return self._of_gt(self.loc - self.fp - self.IDSW)

    @property
    def MOTP(self) -> float:
        """Mean similarity of the matches."""
        return ratio(self.loc, self.tp)

    @property
    def CLR_Re(self) -> float:
        """Share of true boxes that are matched."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def CLR_Pr(self) -> float:
        """Share of tracked boxes that are matched."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def CLR_F1(self) -> float:
        """Harmonic mean of the two."""
        return ratio(self.tp, self.tp + 0.5 * self.fn + 0.5 * self.fp)

    def _of_gt(self, good: float) -> float:
        # TrackEval gives a clip without ground truth 0, though pooling nothing but such clips there gives -FP
        return good / (self.tp + self.fn) if self.tp + self.fn else 0.0


def clear_counts(pairs: Pairs) -> ClearCounts:
    """Match frame by frame, staying with the match of the frame before wherever it still overlaps."""
    gt = pairs.gt
    match, similarity = np.full(len(gt), -1), np.zeros(len(gt))  # row of the tracker that each true row got
    before = _row_before(pairs)
    near = np.flatnonzero(pairs.similarity >= THRESHOLD - EPS)
    g, t = pairs.gt_row[near], pairs.tracker_row[near]
    alone = (np.bincount(g, minlength=len(gt))[g] == 1) & (np.bincount(t, minlength=len(pairs.tracker))[t] == 1)
    match[g[alone]] = t[alone]
    similarity[g[alone]] = pairs.similarity[near[alone]]
    # Rows are ordered by frame and components by their first row, so what came before is settled when it is asked for.
    g, t, s = g[~alone], t[~alone], pairs.similarity[near[~alone]]
    for at in components(g, t):
        rows, cols = g[at], t[at]
        last = np.where(before[rows] >= 0, match[before[rows]], -1)
        stays = (last >= 0) & (pairs.tracker.id[last] == pairs.tracker.id[cols])
        best = hungarian(rows, cols, STAY * stays + s[at])
        match[rows[best]] = cols[best]
        similarity[rows[best]] = s[at[best]]
    return _count(pairs, match, before, float(similarity.sum()))


def _row_before(pairs: Pairs) -> IntArray:
    """Row of the same true id in the frame before, (n,), -1 if none. Frames in which a side has no row at all are
    skipped, as in TrackEval.
    """
    seen = np.zeros((2, pairs.frames), bool)
    seen[0, pairs.gt.frame] = True
    seen[1, pairs.tracker.frame] = True
    scored = seen[0] & seen[1]
    step = np.cumsum(scored)[pairs.gt.frame]
    rows = np.argsort(pairs.gt.id, kind="stable")
    rows = rows[scored[pairs.gt.frame[rows]]]
    follows = (pairs.gt.id[rows[1:]] == pairs.gt.id[rows[:-1]]) & (step[rows[1:]] == step[rows[:-1]] + 1)
    before = np.full(len(pairs.gt), -1)
    before[rows[1:][follows]] = rows[:-1][follows]
    return before


def _count(pairs: Pairs, match: IntArray, before: IntArray, loc: float) -> ClearCounts:
    gt, matched = pairs.gt, match >= 0
    rows = np.argsort(gt.id, kind="stable")
    rows = rows[matched[rows]]
    name = pairs.tracker.id[match[rows]]
    switched = (gt.id[rows[1:]] == gt.id[rows[:-1]]) & (name[1:] != name[:-1])
    starts: BoolArray = matched & ~((before >= 0) & matched[before])
    runs = np.bincount(gt.id[starts], minlength=len(pairs.gt_counts))
    covered = np.bincount(gt.id[matched], minlength=len(pairs.gt_counts)) / pairs.gt_counts
    mt, at_least_some, tp = int((covered > 0.8).sum()), int((covered >= 0.2).sum()), int(matched.sum())
    return ClearCounts(
        tp=tp,
        fp=len(pairs.tracker) - tp,
        fn=len(gt) - tp,
        IDSW=int(switched.sum()),
        Frag=int((runs[runs > 0] - 1).sum()),
        MT=mt,
        PT=at_least_some - mt,
        ML=len(covered) - at_least_some,
        loc=loc,
    )
