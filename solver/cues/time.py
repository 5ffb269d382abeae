"""The gap itself: do people come back after so long, against how often somebody starts anyway?"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.cues.returns import log_return_odds
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray


@cue("time")
def time(tracklets: Tracklets) -> Scorer:
    """Log of p(back after this gap) / (p(never back) * starts per second), for an end anywhere in the picture.

    The denominator is what a path pays for stopping at one tracklet and beginning anew at the other
    (Zhang, Li and Nevatia 2008, equation 9).
    """
    duration = (np.ptp(tracklets.frame) + 1) / tracklets.fps
    starts = int((tracklets.first > tracklets.first.min()).sum())
    rate = max(starts, 1) / duration
    odds = log_return_odds(tracklets, np.full(len(tracklets), tracklets.at_edge(tracklets.end).mean()))

    def score(pairs: Pairs) -> FloatArray:
        return np.asarray(odds(pairs.i, pairs.gap / tracklets.fps) - np.log(rate))

    return score
