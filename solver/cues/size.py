"""Stature: body height against the others at the same depth of the picture, a property of the person."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

HALF_SECONDS = 1.0  # heights one second apart are nearly independent (pose, jitter)
SHARE = 0.4  # of the ratio that counts: box height also follows from place and pose (see docs/adr/0010)
LIMIT = 2.0  # nats either way; two children or two half-hidden boxes are alike without being one
LEAST = 1e-6  # variance of a logarithm; boxes of constant height are no better known than to a tenth of a per cent
MIN_TRACKLETS = 8  # long enough to be halved; fewer cannot tell the spread of one person from that of all


@cue("size")
def size(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of two mean statures under a normal model: between people, within one person, and noise.

    The three variances come from the clip: halves of long tracklets give what one person varies by, all tracklets
    what people differ by (the one-dimensional case of the two-covariance model, Brümmer and de Villiers 2010).
    """
    rows = np.flatnonzero(tracklets.usable)
    node, count = tracklets.node[rows], len(tracklets)
    stature = _stature(tracklets, rows)
    seconds = np.bincount(node, minlength=count) * tracklets.step / tracklets.fps
    mean = np.bincount(node, stature, minlength=count) / np.maximum(np.bincount(node, minlength=count), 1)
    long = np.flatnonzero(seconds >= 4 * HALF_SECONDS)
    if len(long) < MIN_TRACKLETS:
        return None
    late = tracklets.frame[rows] > ((tracklets.first + tracklets.last) / 2)[node]
    early_mean, late_mean = (
        np.bincount(node[half], stature[half], minlength=count)
        / np.maximum(np.bincount(node[half], minlength=count), 1)
        for half in (~late, late)
    )
    # Halves of a long tracklet differ by twice the slow within-person variance; noise of one second adds to short ones.
    within = max(float(np.median((early_mean - late_mean)[long] ** 2) / 0.455 / 2), LEAST)
    total = float(np.median((mean[long] - np.median(mean[long])) ** 2) / 0.455)
    noise = float(np.median((stature - mean[node]) ** 2) / 0.455)
    between = max(total - within, 0.0)
    if between < 0.1 * within or not np.isfinite(total):
        return None
    centre = float(np.median(mean[long]))

    def score(pairs: Pairs) -> FloatArray:
        own = within + noise / np.maximum(seconds / HALF_SECONDS, 1 / tracklets.fps)
        a, b = mean[pairs.i] - centre, mean[pairs.j] - centre
        va, vb = between + own[pairs.i], between + own[pairs.j]
        joint = va * vb - between**2
        same = -0.5 * (np.log(joint) + (vb * a**2 - 2 * between * a * b + va * b**2) / joint)
        different = -0.5 * (np.log(va * vb) + a**2 / va + b**2 / vb)
        return np.asarray(np.clip(SHARE * (same - different), -LIMIT, LIMIT))

    return score


def _stature(tracklets: Tracklets, rows: np.ndarray) -> FloatArray:
    """Logarithm of box height less what the frame (zoom) and the depth in it (perspective) explain, (m,)."""
    height = np.log(tracklets.boxes[rows, 3])
    depth = tracklets.reference.place(rows)[:, 1]
    _, frame = np.unique(tracklets.frame[rows], return_inverse=True)
    people = np.bincount(frame)
    height = height - (np.bincount(frame, height) / people)[frame]
    depth = depth - (np.bincount(frame, depth) / people)[frame]
    slope = float((height * depth).sum() / max(float((depth**2).sum()), 1e-9))
    return np.asarray(height - slope * depth)
