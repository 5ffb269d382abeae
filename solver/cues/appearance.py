"""Appearance: how alike two tracklets look, calibrated by the clip itself."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.looks import learn_looks
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray


@cue("appearance")
def appearance(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio that two mean embeddings are of one person; see ``solver/looks.py``."""
    seen, looks = tracklets.appearance, learn_looks(tracklets)
    if seen is None or looks is None:
        return None
    place = looks.place(seen.mean)

    def score(pairs: Pairs) -> FloatArray:
        i, j = pairs.i, pairs.j
        known = (seen.seen[i] > 0) & (seen.seen[j] > 0)
        return np.where(known, looks.alike_pairs(place, seen.seen, i, j), 0.0)

    return score
