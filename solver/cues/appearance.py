"""Appearance: how alike two tracklets look, calibrated by the clip itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.solver.calibrate import logistic
from reid_solve.solver.constraints.overlap import overlap
from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.plda import TwoCovariance, learn
from reid_solve.tracklets.appearance import Appearance, pool
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray, IntArray

SHARES = (1 / 2, 1 / 3, 1 / 5, 1 / 10)  # of a tracklet, taken from either end: the same person, seen for less and less
MIN_PAIRS = 10  # of either kind; fewer cannot calibrate
MAX_PAIRS = 20_000
PRIOR = np.array([0.3, 0.3, 0.0])  # weights of kit and person, and offset, before the clip has spoken
LIMIT = 6.0  # nats for, and half as many more against


@dataclass(frozen=True)
class Examples:
    """Pairs that the clip labels itself: log-likelihood ratios of kit and person, (n,) each."""

    kit: FloatArray
    person: FloatArray


@cue("appearance")
def appearance(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio that two mean embeddings are of one person.

    The ratio of the two-covariance model is that of independent noise; real embeddings are not so kind. So its two
    parts, the kit's and the person's, are weighed by a logistic regression on pairs that the clip labels itself, of
    equal total weight so that no prior is left in: the two ends of one tracklet are one person, tracklets seen in one
    frame are two.
    """
    seen = tracklets.appearance
    if seen is None:
        return None
    model = learn(seen, tracklets.frame[seen.row], tracklets.first, tracklets.last)
    if model is None:
        return None
    same, different = _ends(tracklets, seen, model), _together(tracklets, seen, model)
    if min(len(same.kit), len(different.kit)) < MIN_PAIRS:
        return None
    kit, person, offset = logistic(
        np.column_stack([np.concatenate([same.kit, different.kit]), np.concatenate([same.person, different.person])]),
        np.arange(len(same.kit) + len(different.kit)) < len(same.kit),
        PRIOR,
    )
    place, frames = model.place(seen.mean), (tracklets.last - tracklets.first + 1).astype(float)

    def score(pairs: Pairs) -> FloatArray:
        alike = model.ratio(place[pairs.i], frames[pairs.i], place[pairs.j], frames[pairs.j])
        known = (seen.seen[pairs.i] > 0) & (seen.seen[pairs.j] > 0)
        return np.where(known, np.clip(kit * alike[0] + person * alike[1] + offset, -1.5 * LIMIT, LIMIT), 0.0)

    return score


def _ends(tracklets: Tracklets, seen: Appearance, model: TwoCovariance) -> Examples:
    """Beginnings and ends of tracklets: apart in time, or they would look too easy."""
    length = (tracklets.last - tracklets.first + 1).astype(float)
    position = (tracklets.frame[seen.row] - tracklets.first[seen.node]) / length[seen.node]
    found = []
    for share in SHARES:
        (early, few), (late, fewer) = (
            _pooled(seen, keep, len(tracklets)) for keep in (position < share, position >= 1 - share)
        )
        good = (few > 0) & (fewer > 0) & (length * share >= 5)
        frames = length[good] * share
        found.append(model.ratio(model.place(early[good]), frames, model.place(late[good]), frames))
    return Examples(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _together(tracklets: Tracklets, seen: Appearance, model: TwoCovariance) -> Examples:
    """Pairs of tracklets that are seen in one frame."""
    pairs = overlap(tracklets)
    pairs = pairs[(seen.seen[pairs] > 0).all(axis=1)]
    pairs = pairs[:: max(len(pairs) // MAX_PAIRS, 1)]
    place, frames = model.place(seen.mean), (tracklets.last - tracklets.first + 1).astype(float)
    i, j = pairs.T
    return Examples(*model.ratio(place[i], frames[i], place[j], frames[j]))


def _pooled(seen: Appearance, keep: np.ndarray, count: int) -> tuple[FloatArray, IntArray]:
    return pool(seen.vector[keep], seen.node[keep], count), np.bincount(seen.node[keep], minlength=count)
