"""How people come back: what an end and a start, a gap apart, say by their places at the picture's edge alone.

Three stories compete for a start.

* Somebody lost inside the picture (an occlusion, a missed detection) is found again, usually within a second. The law
  of the gap is a density in time.
* Somebody who left the picture enters it again at its edge. When depends on the camera more than on the person: a pan
  back brings five people at once. The rate at which anybody enters is the density of people outside times the speed at
  which the edge sweeps over them, and the speed is the same for the returning and for the new; it cancels. What is left
  is the density of this person at that place against the density of people, without a penalty for a long gap.
* A new person. A known share of all starts is new.

The numbers are round on purpose; ``benchmarks/sensitivity.py`` varies them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from reid_solve.solver.cues.density import people_density, start_density
from reid_solve.solver.pairs import Pairs, by_gap
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray, IntArray


@dataclass(frozen=True)
class ReturnLaw:
    """Share of people who come back, and the log-normal law of when."""

    share: float
    median: float  # seconds
    spread: float  # of the natural logarithm

    def density(self, seconds: FloatArray) -> FloatArray:
        """Probability of coming back per second after positive times."""
        z = np.log(seconds / self.median) / self.spread
        return np.asarray(self.share * np.exp(-0.5 * z**2) / (seconds * self.spread * np.sqrt(2 * np.pi)))

    def never(self, remaining: FloatArray) -> FloatArray:
        """Probability of not coming back within the remaining seconds."""
        z = np.log(np.maximum(remaining, 1e-3) / self.median) / self.spread
        return np.asarray(1 - self.share * ndtr(z))


INSIDE = ReturnLaw(share=0.9, median=0.5, spread=1.2)
EXIT = ReturnLaw(share=0.8, median=4.0, spread=1.0)
NEW = 0.4  # share of starts, after the first frame, that are new people: 25 people in some 50 tracklets
LATE = 0.3  # share of entries that a tracker notices only when the person is well inside


def log_return_odds(tracklets: Tracklets, exited: FloatArray, entered: FloatArray) -> Callable[[Pairs], FloatArray]:
    """Log of (how likely this person starts here) / (how likely a new one does, and this one never comes back).

    To be added to the log of the density of the person's place over ``people_density``.

    Args:
        tracklets: the recording.
        exited: (N,) probability that the tracklet ended by leaving the picture.
        entered: (N,) probability that it began by entering the picture.
    """
    remaining = (tracklets.last.max() - tracklets.last) / tracklets.fps
    never = (1 - exited) * INSIDE.never(remaining) + exited * EXIT.never(remaining)
    seconds = (np.ptp(tracklets.frame) + 1) / tracklets.fps
    starts = start_density(tracklets) * max(int((tracklets.first > tracklets.first.min()).sum()), 1) / seconds
    people = people_density(tracklets)

    log_new, crowding = np.log(never * NEW), people / starts
    inside, swept, late = 1 - exited, EXIT.share * exited, exited * (1 - LATE)
    came = entered + (1 - entered) * LATE

    def soon_after(gap: IntArray) -> FloatArray:
        return INSIDE.density(np.maximum(gap, 0.5) / tracklets.fps)

    def later_after(gap: IntArray) -> FloatArray:
        return EXIT.density(np.maximum(gap, 0.5) / tracklets.fps)

    def at(pairs: Pairs) -> FloatArray:
        i, j = pairs.i, pairs.j
        soon, later = by_gap(pairs.gap, soon_after), by_gap(pairs.gap, later_after)
        timed = inside[i] * soon + late[i] * (1 - entered[j]) * later
        return np.asarray(np.log(swept[i] * came[j] + timed * crowding[j] + 1e-12) - log_new[i])

    return at
