"""Exit and entry at the picture's edge: what knowing the places changes about the gap."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.cues.returns import log_return_odds
from reid_solve.solver.cues.time import time
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray


@cue("edge")
def edge(tracklets: Tracklets) -> Scorer:
    """Log-odds that the places add to ``time``: gone until the camera comes back, or lost inside for moments."""
    known = log_return_odds(tracklets, tracklets.at_edge(tracklets.end), tracklets.at_edge(tracklets.start))
    unknown = time(tracklets)
    assert unknown is not None

    def score(pairs: Pairs) -> FloatArray:
        return np.asarray(known(pairs) - unknown(pairs))

    return score
