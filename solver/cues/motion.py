"""Motion across the gap: is the start where the end was heading, more than starts are there anyway?"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from reid_solve.solver.calibrate import learn_motion
from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

TAIL = 3.0  # degrees of freedom of the Student t: people stop, turn and are run into
END_NOISE = np.array([0.3, 0.1])  # heights; boxes at a tracklet's end are half hidden
UNSEEN = 1.5  # the clip teaches from people it kept seeing; those it lost move less predictably
BANDWIDTH = np.array([1.5, 1.0])  # heights, of the density of starts
UNIFORM = 1 / 3  # share of starts anywhere in the picture
REFERENCES = 1024  # starts that describe the density


@cue("motion")
def motion(tracklets: Tracklets) -> Scorer:
    """Log of p(start | end, gap, same person) / p(start | somebody's start), both per square body height.

    The numerator is a Student t around the position predicted from both velocities, with the spread that the clip
    taught plus the camera's drift; the denominator a kernel density of all starts in the picture (Zhang, Li and
    Nevatia 2008, section 3, with densities in place of constants).
    """
    model = learn_motion(tracklets)
    elsewhere = _start_density(tracklets)
    reference = tracklets.reference

    def score(pairs: Pairs) -> FloatArray:
        end, start = tracklets.end[pairs.i], tracklets.start[pairs.j]
        unit = ((tracklets.unit[end] + tracklets.unit[start]) / 2)[:, None]
        predicted = model.before.at(pairs.gap) * tracklets.velocity_before[end]
        predicted = predicted + model.after.at(pairs.gap) * tracklets.velocity_after[start]
        missed = (reference.position[start] - reference.position[end] - predicted) / unit
        drift = reference.drift(end, start)[:, None] / unit
        variance = (UNSEEN * model.spread.at(pairs.gap)) ** 2 + END_NOISE**2 + drift**2
        distance = (missed**2 / variance).sum(axis=1)
        log_t = gammaln(TAIL / 2 + 1) - gammaln(TAIL / 2) - np.log(TAIL * np.pi) - np.log(variance).sum(axis=1) / 2
        log_t -= (TAIL + 2) / 2 * np.log1p(distance / TAIL)
        return np.asarray(log_t - np.log(elsewhere[pairs.j]))

    return score


def _start_density(tracklets: Tracklets) -> FloatArray:
    """Density of starts where each tracklet starts, per square height, itself left out, (N,)."""
    reference = tracklets.reference
    start = tracklets.start
    unit = reference.place_unit[start]
    place = reference.place[start] / unit[:, None]
    area = np.maximum(reference.extent.prod() / unit**2, 1.0)
    born = np.flatnonzero(tracklets.first > tracklets.first.min())
    born = born[:: max(len(born) // REFERENCES, 1)]
    density = np.zeros(len(tracklets))
    if len(born) > 1:
        for begin in range(0, len(tracklets), 4096):
            here = slice(begin, begin + 4096)
            other = reference.place[start[born]][None] / unit[here, None, None]
            z = (place[here, None] - other) / BANDWIDTH
            kernel = np.exp(-0.5 * (z**2).sum(axis=2)) / (2 * np.pi * BANDWIDTH.prod())
            kernel[born[None] == np.arange(len(tracklets))[here, None]] = 0
            density[here] = kernel.sum(axis=1) / (len(born) - 1)
    return np.asarray((1 - UNIFORM) * density + UNIFORM / area)
