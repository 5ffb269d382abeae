"""Exit at the picture's edge: what knowing the place of the end changes about the gap."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.cues.returns import log_return_odds
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray


@cue("edge")
def edge(tracklets: Tracklets) -> Scorer:
    """Log-odds that the end's place adds to ``time``: gone at the edge for seconds, lost inside for moments."""
    exited = tracklets.at_edge(tracklets.end)
    known = log_return_odds(tracklets, exited)
    unknown = log_return_odds(tracklets, np.full(len(tracklets), exited.mean()))

    def score(pairs: Pairs) -> FloatArray:
        seconds = pairs.gap / tracklets.fps
        return known(pairs.i, seconds) - unknown(pairs.i, seconds)

    return score
