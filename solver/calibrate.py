"""The clip teaches its own motion: how people move between two sightings, learnt without labels.

Two rows of one tracklet, a gap apart, are the same person (positives). What a linear prediction from the velocity
before and after the gap leaves over, as a function of the gap, is the spread that a true link may have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.solver.pairs import by_gap
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

GAPS = np.array([1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200, 300])  # steps between rows
SAMPLES = 20_000  # pairs per gap; more change the third digit
PRIOR_TRACKLETS = 5.0  # a gap that this many tracklets span weighs the clip and the prior alike


@dataclass(frozen=True)
class GapTable:
    """Values (G, ...) at gaps (G,) in frames, interpolated in the logarithm of the gap, held outside."""

    gaps: IntArray
    values: FloatArray

    def at(self, gap: IntArray) -> FloatArray:
        """Values at gaps (E,), (E, ...)."""
        return by_gap(gap, self._at)

    def _at(self, gap: IntArray) -> FloatArray:
        known = np.log(self.gaps)
        x = np.clip(np.log(np.maximum(gap, 1)), known[0], known[-1])
        low = np.clip(np.searchsorted(known, x) - 1, 0, len(known) - 2)
        share = (x - known[low]) / (known[low + 1] - known[low])
        share = share.reshape(share.shape + (1,) * (self.values.ndim - 1))
        return np.asarray(self.values[low] * (1 - share) + self.values[low + 1] * share)


@dataclass(frozen=True)
class MotionModel:
    """Displacement across a gap, per axis: ``before * v_before + after * v_after + spread * noise``.

    Attributes:
        before, after: frames for which the velocity before and after the gap goes on, (G, 2).
        spread: standard deviation in body heights (metres on the pitch), (G, 2).
    """

    before: GapTable
    after: GapTable
    spread: GapTable


def same_person_rows(tracklets: Tracklets, gap: int, samples: int = SAMPLES) -> tuple[IntArray, IntArray]:
    """Rows (m,) and (m,) of the same tracklet, ``gap`` frames apart, both with a usable box."""
    rows = np.flatnonzero(tracklets.usable)
    rows = rows[:: max(len(rows) // samples, 1)]
    later = tracklets.row_at(tracklets.node[rows], tracklets.frame[rows] + gap)
    keep = (later >= 0) & tracklets.usable[later]
    return rows[keep], later[keep]


def learn_motion(tracklets: Tracklets) -> MotionModel:
    """Learn the motion model of one recording; where too few tracklets span a gap, the prior takes over."""
    gaps = GAPS * tracklets.step
    prior_before, prior_spread = _prior(gaps / tracklets.fps, tracklets.fps)
    before, after, spread = prior_before.copy(), prior_before.copy(), prior_spread.copy()
    for g, gap in enumerate(gaps):
        a, b = same_person_rows(tracklets, int(gap))
        evidence = len(np.unique(tracklets.node[a]))
        if len(a) < 10 or evidence < 2:
            continue
        trust = evidence / (evidence + PRIOR_TRACKLETS)
        unit = (tracklets.unit_at(a) + tracklets.unit_at(b)) / 2
        moved = (tracklets.reference.position[b] - tracklets.reference.position[a]) / unit[:, None]
        v_a = tracklets.velocity_before(a) / unit[:, None]
        v_b = tracklets.velocity_after(b) / unit[:, None]
        for axis in range(2):
            slope, scale = _robust_regression(np.column_stack([v_a[:, axis], v_b[:, axis]]), moved[:, axis])
            before[g, axis] += trust * (slope[0] - before[g, axis])
            after[g, axis] += trust * (slope[1] - after[g, axis])
            spread[g, axis] = np.exp(trust * np.log(scale) + (1 - trust) * np.log(spread[g, axis]))
    return MotionModel(*(GapTable(gaps, np.asarray(v)) for v in (before, after, spread)))


def _prior(seconds: FloatArray, fps: float) -> tuple[FloatArray, FloatArray]:
    """Velocity kept for about two seconds from either side; spread in heights growing a little faster than time.

    Round numbers for a person of 1.8 m: half a height to either side after two seconds, a quarter of that in depth,
    which a camera in the stand sees foreshortened.
    """
    keep = seconds * fps / 2 / (1 + (seconds / 5) ** 2)
    spread = 0.01 + 0.5 * (seconds / 2) ** 1.35
    return np.column_stack([keep, keep]), np.column_stack([spread, spread / 4])


def _robust_regression(x: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Slopes (k,) without intercept and residual scale by iteratively reweighted least squares (Cauchy weights)."""
    weight = np.ones(len(y))
    ridge = np.eye(x.shape[1]) * (1e-4 * len(y) * float(x.var()) + 1e-12)
    slope: FloatArray = np.zeros(x.shape[1])
    scale = 1.0
    for _ in range(6):
        slope = np.asarray(np.linalg.solve((x * weight[:, None]).T @ x + ridge, (x * weight[:, None]).T @ y), float)
        residual = y - x @ slope
        scale = max(float(np.median(np.abs(residual))) / 0.6745, 1e-4)
        weight = 1 / (1 + (residual / scale) ** 2 / 4)
    return slope, scale


def logistic(x: FloatArray, positive: BoolArray, prior: FloatArray, strength: float = 2e-3) -> FloatArray:
    """Weights (k,) and offset of a logistic regression in which both classes weigh the same, so no prior is left in.

    Args:
        x: (n, k) features, log-odds themselves: weights stay between 0 (no evidence) and 1 (taken at its word).
        positive: (n,) labels.
        prior: (k + 1,) weights and offset that a Gaussian prior pulls to.
        strength: of the prior, against a total weight of one for all examples.

    Returns:
        (k + 1,) weights and, last, the offset.
    """
    design = np.column_stack([x, np.ones(len(x))])
    sign = np.where(positive, 1.0, -1.0)
    weight = np.where(positive, 0.5 / max(positive.sum(), 1), 0.5 / max((~positive).sum(), 1))
    upper = np.append(np.ones(x.shape[1]), 5.0)
    lower = np.append(np.zeros(x.shape[1]), -5.0)
    answer = np.clip(prior, lower, upper)
    free = np.ones(len(prior), bool)
    for _ in range(50):  # Newton, with the bounds held as an active set
        wrong = 1 / (1 + np.exp(np.clip(sign * (design @ answer), -30, 30)))
        slope = -(design * (weight * sign * wrong)[:, None]).sum(axis=0) + strength * (answer - prior)
        curve = (design * (weight * wrong * (1 - wrong))[:, None]).T @ design + strength * np.eye(len(prior))
        free = ~(((answer <= lower) & (slope > 0)) | ((answer >= upper) & (slope < 0)))
        step = np.zeros(len(prior))
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        moved = np.clip(answer - np.clip(step, -1, 1), lower, upper)
        if np.abs(moved - answer).max() < 1e-9:
            break
        answer = moved
    return answer
