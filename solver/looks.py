"""How alike two stretches of tracklets look, as a calibrated log-likelihood ratio that the clip teaches itself.

The ratio of the two-covariance model is that of independent noise; real embeddings are not so kind. So its two parts,
the kit's and the person's, are weighed by a logistic regression on pairs that the clip labels itself, both labels of
equal total weight so that no prior is left in: the two ends of one tracklet are one person, tracklets seen in one frame
are two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.solver.calibrate import logistic
from reid_solve.solver.constraints.overlap import overlap
from reid_solve.solver.plda import TwoCovariance, learn
from reid_solve.tracklets.appearance import Appearance, pool
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.remembered import remembered
from reid_solve.tracklets.table import FloatArray, IntArray

SHARES = (1 / 2, 1 / 3, 1 / 5, 1 / 10)  # of a tracklet, taken from either end: the same person, seen for less and less
MIN_PAIRS = 10  # of either kind; fewer cannot calibrate
MAX_PAIRS = 20_000
PRIOR = np.array([0.3, 0.3, 0.0])  # weights of kit and person, and offset, before the clip has spoken
LIMIT = 6.0  # nats for, and half as many more against


@dataclass(frozen=True)
class Looks:
    """A model of one recording's embeddings and the weights that calibrate it."""

    model: TwoCovariance
    kit: float
    person: float
    offset: float

    def place(self, mean: FloatArray) -> FloatArray:
        """Mean embeddings (n, D) in the coordinates that ``alike`` compares."""
        return self.model.place(mean)

    def alike(self, x: FloatArray, looks_x: IntArray, y: FloatArray, looks_y: IntArray) -> FloatArray:
        """Log-likelihood ratio (E,) that placed means (E, D), of so many embeddings (E,), are of one person."""
        return self._calibrated(*self.model.ratio(x, looks_x, y, looks_y))

    def alike_pairs(self, place: FloatArray, looks: IntArray, i: IntArray, j: IntArray) -> FloatArray:
        """The same for pairs (E,), (E,) of N placed means (N, D), of so many embeddings (N,)."""
        return self._calibrated(*self.model.ratio_of_pairs(place, looks, i, j))

    def _calibrated(self, kit: FloatArray, person: FloatArray) -> FloatArray:
        return np.asarray(np.clip(self.kit * kit + self.person * person + self.offset, -1.5 * LIMIT, LIMIT))


@remembered
def learn_looks(tracklets: Tracklets) -> Looks | None:
    """Learn from one recording; None where it has no embeddings, or too few to teach."""
    seen = tracklets.appearance
    if seen is None:
        return None
    model = learn(seen, tracklets.frame[seen.row], tracklets.first, tracklets.last)
    if model is None:
        return None
    same, different = _ends(tracklets, seen, model), _together(tracklets, seen, model)
    if min(len(same), len(different)) < MIN_PAIRS:
        return None
    examples = np.concatenate([same, different])
    kit, person, offset = logistic(examples, np.arange(len(examples)) < len(same), PRIOR)
    return Looks(model, float(kit), float(person), float(offset))


def _ends(tracklets: Tracklets, seen: Appearance, model: TwoCovariance) -> FloatArray:
    """Ratios (n, 2) between beginnings and ends of tracklets: apart in time, or they would look too easy."""
    length = tracklets.last - tracklets.first + 1
    position = (tracklets.frame[seen.row] - tracklets.first[seen.node]) / length[seen.node]
    found = []
    for share in SHARES:
        (early, few), (late, fewer) = (
            _pooled(seen, keep, len(tracklets)) for keep in (position < share, position >= 1 - share)
        )
        good = (few > 0) & (fewer > 0) & (length * share >= 5)
        ends = model.place(early[good]), few[good], model.place(late[good]), fewer[good]
        found.append(np.column_stack(model.ratio(*ends)))
    return np.concatenate(found)


def _together(tracklets: Tracklets, seen: Appearance, model: TwoCovariance) -> FloatArray:
    """Ratios (n, 2) between tracklets that are seen in one frame."""
    pairs = overlap(tracklets)
    pairs = pairs[(seen.seen[pairs] > 0).all(axis=1)]
    i, j = pairs[:: max(len(pairs) // MAX_PAIRS, 1)].T
    return np.column_stack(model.ratio_of_pairs(model.place(seen.mean), seen.seen, i, j))


def _pooled(seen: Appearance, keep: np.ndarray, count: int) -> tuple[FloatArray, IntArray]:
    return pool(seen.vector[keep], seen.node[keep], count), np.bincount(seen.node[keep], minlength=count)
