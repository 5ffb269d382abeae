"""The gap itself: do people come back after so long, against how often somebody new starts?"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.cues.returns import log_return_odds
from reid_solve.tracklets.describe import Tracklets


@cue("time")
def time(tracklets: Tracklets) -> Scorer:
    """Log-odds of a return after this gap, for an end and a start anywhere in the picture."""
    count = len(tracklets)
    exited, entered = tracklets.at_edge(tracklets.end).mean(), tracklets.at_edge(tracklets.start).mean()
    return log_return_odds(tracklets, np.full(count, exited), np.full(count, entered))
