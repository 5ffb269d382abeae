"""Team and role as the table names them: soft evidence, since a label can be wrong."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

WRONG = 0.02  # chance that a tracklet's majority label is wrong


@cue("team")
def team(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of the two tracklets' team labels."""
    return label_ratio(tracklets, "team")


@cue("role")
def role(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of the two tracklets' role labels (player, goalkeeper, referee, ...)."""
    return label_ratio(tracklets, "role")


def label_ratio(tracklets: Tracklets, column: str) -> Scorer | None:
    """Log of p(labels | same) / p(labels | different), labels being each tracklet's mean label distribution.

    A person keeps a label but for mistakes; two people's labels are drawn independently from the clip's own shares.
    A tracklet without labels says nothing (0).
    """
    if column not in tracklets.tracks:
        return None
    code, values = tracklets.tracks.codes(column)
    code = code[tracklets.rows]
    known = code >= 0
    if not known.any() or len(values) < 2:
        return None
    votes = np.zeros((len(tracklets), len(values)))
    np.add.at(votes, (tracklets.node[known], code[known]), 1)
    total = votes.sum(axis=1, keepdims=True)
    share = votes.sum(axis=0) / votes.sum()
    belief = np.where(total > 0, (1 - WRONG) * votes / np.maximum(total, 1) + WRONG * share, share)

    def score(pairs: Pairs) -> FloatArray:
        return np.asarray(np.log((belief[pairs.i] * belief[pairs.j] / np.maximum(share, 1e-12)).sum(axis=1)))

    return score
