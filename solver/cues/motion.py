"""Motion across the gap: is the start where the end was heading, more than people are anywhere?"""

from __future__ import annotations

from math import lgamma, log, pi

import numpy as np

from reid_solve.solver.calibrate import learn_motion
from reid_solve.solver.cues.density import people_density
from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

TAIL = 3.0  # degrees of freedom of the Student t: people stop, turn and are run into
END_NOISE = np.array([0.3, 0.1])  # heights; boxes at a tracklet's end are half hidden
SHARE = 0.7  # of the ratio that counts: the cues are not independent (see docs/adr/0010)
UNSEEN = 1.5  # the clip teaches from people it kept seeing; those it lost move less predictably


@cue("motion")
def motion(tracklets: Tracklets) -> Scorer:
    """Log of p(place of the start | end, gap, same person) / density of people, both per square body height.

    The numerator is a Student t around the position predicted from both velocities, with the spread that the clip
    taught plus the camera's drift (Zhang, Li and Nevatia 2008, section 3, with a density in place of a constant).
    Counted at ``SHARE``.
    """
    model = learn_motion(tracklets)
    people = people_density(tracklets)
    reference, ends, starts = tracklets.reference, tracklets.end, tracklets.start  # -1, the last row, is never paired
    leaving, arriving = tracklets.velocity_before(ends), tracklets.velocity_after(starts)
    unit_end, unit_start = tracklets.unit_at(ends), tracklets.unit_at(starts)
    constant = lgamma(TAIL / 2 + 1) - lgamma(TAIL / 2) - log(TAIL * pi) - log(people)

    def score(pairs: Pairs) -> FloatArray:
        end, start = ends[pairs.i], starts[pairs.j]
        unit = ((unit_end[pairs.i] + unit_start[pairs.j]) / 2)[:, None]
        predicted = model.before.at(pairs.gap) * leaving[pairs.i]
        predicted = predicted + model.after.at(pairs.gap) * arriving[pairs.j]
        missed = (reference.position[start] - reference.position[end] - predicted) / unit
        drift = reference.drift(end, start)[:, None] / unit
        variance = (UNSEEN * model.spread.at(pairs.gap)) ** 2 + END_NOISE**2 + drift**2
        distance = (missed**2 / variance).sum(axis=1)
        tail = (TAIL + 2) / 2 * np.log1p(distance / TAIL)
        return np.asarray(SHARE * (constant - np.log(variance).sum(axis=1) / 2 - tail))

    return score
