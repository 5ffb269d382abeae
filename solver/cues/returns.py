"""When people come back: the law of gaps shared by the cues ``time`` and ``edge``.

An end inside the picture is an occlusion or a missed detection: nearly everybody is found again, soon. An end at the
picture's edge is an exit: many come back, after seconds. Both laws are log-normal in the gap; their numbers are round
on purpose (what is measured hardly depends on them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray, IntArray


@dataclass(frozen=True)
class ReturnLaw:
    """Share of people who come back, and the log-normal law of when."""

    share: float
    median: float  # seconds
    spread: float  # of the natural logarithm

    def density(self, seconds: FloatArray) -> FloatArray:
        """Probability of coming back per second."""
        z = np.log(seconds / self.median) / self.spread
        return np.asarray(self.share * np.exp(-0.5 * z**2) / (seconds * self.spread * np.sqrt(2 * np.pi)))

    def never(self, remaining: FloatArray) -> FloatArray:
        """Probability of not coming back within the remaining seconds."""
        z = np.log(np.maximum(remaining, 1e-3) / self.median) / self.spread
        return np.asarray(1 - self.share * ndtr(z))


INSIDE = ReturnLaw(share=0.9, median=0.5, spread=1.2)
EXIT = ReturnLaw(share=0.8, median=4.0, spread=1.0)


def log_return_odds(tracklets: Tracklets, exited: FloatArray) -> Callable[[IntArray, FloatArray], FloatArray]:
    """Log of p(back after this gap) per second over p(never back), as a function of tracklet (E,) and gap (E,) s.

    Args:
        tracklets: the recording.
        exited: (N,) probability that the tracklet ended by leaving the picture.
    """
    remaining = (tracklets.last.max(initial=0) - tracklets.last) / tracklets.fps
    never = (1 - exited) * INSIDE.never(remaining) + exited * EXIT.never(remaining)

    def at(i: IntArray, seconds: FloatArray) -> FloatArray:
        back = (1 - exited[i]) * INSIDE.density(seconds) + exited[i] * EXIT.density(seconds)
        return np.asarray(np.log(back + 1e-12) - np.log(never[i]))

    return at
