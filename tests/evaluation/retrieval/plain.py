"""Metrics and re-ranking as their papers and reference codes spell them out: loops in float64, nothing clever.

Average precision and CMC as in torchreid's ``eval_market1501``, the trapezoids as in Market-1501's ``compute_AP``,
INP as in AGW, re-ranking as in Zhong et al. 2017. The only addition: sorting is stable, so that ties have one outcome.
Position as docs/retrieval.md says it, pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[Any]
STUDENT = stats.t(3)


@dataclass
class Plain:
    """Scores by query that has a positive, and the queries that have none."""

    ap: list[float] = field(default_factory=list)
    trapezoid: list[float] = field(default_factory=list)
    inp: list[float] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    unanswerable: list[int] = field(default_factory=list)


def evaluate(
    distance: Array, q_pids: Array, g_pids: Array, q_cams: Array | None, g_cams: Array | None,
    q_groups: Array | None = None, g_groups: Array | None = None,
) -> Plain:  # fmt: skip
    out = Plain()
    for q in range(len(distance)):
        order = np.argsort(distance[q], kind="stable")
        keep = np.ones(len(order), bool)
        if q_groups is not None and g_groups is not None:
            keep &= g_groups[order] == q_groups[q]
        if q_cams is not None and g_cams is not None:
            keep &= ~((g_pids[order] == q_pids[q]) & (g_cams[order] == q_cams[q]))
        raw = (g_pids[order] == q_pids[q])[keep].astype(np.int32)
        if not np.any(raw):
            out.unanswerable.append(q)
            continue
        found = raw.cumsum()
        precision = np.asarray([x / (i + 1.0) for i, x in enumerate(found)]) * raw
        out.ap.append(precision.sum() / raw.sum())
        out.first.append(int(np.flatnonzero(raw)[0]) + 1)
        out.inp.append(raw.sum() / (np.flatnonzero(raw).max() + 1.0))
        out.trapezoid.append(trapezoid(raw))
    return out


def trapezoid(raw: Array) -> float:
    good, area, old_recall, old_precision, seen = raw.sum(), 0.0, 0.0, 1.0, 0
    for j, hit in enumerate(raw):
        seen += hit
        recall, precision = seen / good, seen / (j + 1)
        area += (recall - old_recall) * (old_precision + precision) / 2
        old_recall, old_precision = recall, precision
        if seen == good:
            break
    return float(area)


def rerank(q_g: Array, q_q: Array, g_g: Array, k1: int, k2: int, weight: float) -> Array:
    queries, gallery = q_g.shape
    count = queries + gallery
    k1, k2 = min(k1, gallery), min(k2, gallery)
    original = np.block([[q_q, q_g], [q_g.T, g_g]]).astype(np.float64) ** 2
    largest = original.max(axis=1)
    original = original / np.where(largest == 0, 1, largest)[:, None]
    rank = np.argsort(original, axis=1, kind="stable")
    V = np.zeros_like(original)
    half = int(np.around(k1 / 2.0))
    for i in range(count):
        mutual = _reciprocal(rank, i, k1 + 1)
        expanded = mutual
        for candidate in mutual:
            core = _reciprocal(rank, candidate, half + 1)
            if len(np.intersect1d(core, mutual)) > 2.0 / 3 * len(core):
                expanded = np.append(expanded, core)
        expanded = np.unique(expanded)
        weights = np.exp(-original[i, expanded])
        V[i, expanded] = weights / weights.sum()
    if k2 != 1:
        V = np.stack([V[rank[i, :k2]].mean(axis=0) for i in range(count)])
    inverted = [np.where(V[:, i] != 0)[0] for i in range(count)]
    jaccard = np.zeros((queries, count))
    for i in range(queries):
        shared = np.zeros(count)
        for j in np.where(V[i] != 0)[0]:
            shared[inverted[j]] += np.minimum(V[i, j], V[inverted[j], j])
        jaccard[i] = 1 - shared / (2 - shared)
    return np.asarray((jaccard * (1 - weight) + original[:queries] * weight)[:, queries:])


def _reciprocal(rank: Array, i: int, k: int) -> Array:
    forward = rank[i, :k]
    return np.asarray(forward[np.where(rank[forward, :k] == i)[0]])


def distances(a: Array, b: Array) -> Array:
    """Plain Euclidean distances."""
    return np.asarray(np.sqrt(np.square(a[:, None] - b[None]).sum(-1)))


def spread(moved: list[Array], gap: list[float], stretches: int) -> tuple[list[float], list[list[float]]]:
    """Mean log gap and log scale per axis of stretches of gaps that hold as many pairs each."""
    edges = [sorted(gap)[k * len(gap) // stretches] for k in range(1, stretches)]
    at, scale = [], []
    for stretch in range(stretches):
        part = [k for k, value in enumerate(gap) if sum(value >= edge for edge in edges) == stretch]
        at.append(float(np.mean([np.log(gap[k]) for k in part])))
        scale.append([float(np.log(np.median([abs(moved[k][axis]) for k in part]) / 0.7649)) for axis in (0, 1)])
    return at, scale


def student(moved: Array, gap: float, at: list[float], scale: list[list[float]]) -> float:
    """Log density of a displacement by two Student t of three degrees of freedom, constants and all."""
    total = 0.0
    for axis in (0, 1):
        s = float(np.exp(np.interp(np.log(gap), at, [row[axis] for row in scale])))
        total += float(STUDENT.logpdf(moved[axis] / s) - np.log(s))
    return total


def balanced_loss(weights: Array, distance: Array, odds: Array, same: Array) -> float:
    """Mean logistic loss of pairs, both classes counting half; weights of distance and odds, and an offset."""
    margin = -weights[0] * distance + weights[1] * odds + weights[2]
    return float(np.log1p(np.exp(-margin[same])).mean() / 2 + np.log1p(np.exp(margin[~same])).mean() / 2)
