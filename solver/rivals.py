"""What the other candidates change: from the log-odds of a pair on its own to its probability among all rivals.

An end has at most one successor, a start at most one predecessor. Two starts that fit one end equally well have an even
chance at most, however well they fit; a start that everybody else has a better use for gains. The marginals of that
model, p(links) proportional to the product of the odds of the links over all path covers, are computed by belief
propagation (Williams and Lau 2014, section III: the approximate marginals of a matching; convergence is proved there).
"""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import FloatArray, IntArray

ITERATIONS = 100
TOLERANCE = 1e-5
CERTAIN = 1e-6  # probabilities are kept this far from 0 and 1


def link_probability(count: int, i: IntArray, j: IntArray, log_odds: FloatArray) -> FloatArray:
    """Marginal probability (E,) that each link is taken.

    Args:
        count: number of tracklets N.
        i, j: (E,) links from the end of i to the start of j.
        log_odds: (E,) of each link against 'neither has this partner', rivals left out.
    """
    odds = np.exp(np.clip(log_odds, -30, 30))
    free = np.ones(len(odds))  # message start -> end: how free the start is
    for _ in range(ITERATIONS):
        offered = odds * free
        rest = np.maximum(np.bincount(i, offered, minlength=count)[i] - offered, 0)
        wanted = odds / (1 + rest)
        rest = np.maximum(np.bincount(j, wanted, minlength=count)[j] - wanted, 0)
        change = 1 / (1 + rest) - free
        free = free + change / 2  # damped, or two equal rivals swing for ever
        if len(change) == 0 or np.abs(change).max() < TOLERANCE:
            break
    offered = odds * free
    return np.asarray(offered / (1 + np.bincount(i, offered, minlength=count)[i]))


def rivals(count: int, i: IntArray, j: IntArray, log_odds: FloatArray) -> FloatArray:
    """Log-odds (E,) to add so that the sum is the log-odds of the marginal probability."""
    p = np.clip(link_probability(count, i, j, log_odds), CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(p) - np.log1p(-p) - log_odds)
