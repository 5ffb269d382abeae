"""Appearance: how alike two tracklets look, calibrated by the clip itself."""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.appearance import pool
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray, IntArray

MIN_PAIRS = 10  # of either kind; fewer cannot calibrate
MAX_PAIRS = 20_000
LIMIT = 6.0  # nats; beyond it the two normal tails are extrapolation


@cue("appearance")
def appearance(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of the cosine similarity of two mean embeddings.

    Positives are the first and last third of one tracklet (apart in time, or they look too easy), negatives are two
    people seen in one frame. Both similarities are taken as normal with a variance that grows as fewer crops were
    seen.
    """
    seen = tracklets.appearance
    if seen is None:
        return None
    mean = _unit(seen.mean)
    count = seen.seen.astype(float)

    begin, end = tracklets.first[seen.node], tracklets.last[seen.node]
    part = 3 * (tracklets.frame[seen.row] - begin) / (end - begin + 1)
    early, late = (_half(seen.vector, seen.node, keep, len(tracklets)) for keep in (part < 1, part >= 2))
    both = (early[1] > 1) & (late[1] > 1)
    same = (early[0] * late[0]).sum(axis=1)[both]
    few_same = _fewness(early[1], late[1])[both]

    i, j = _together(tracklets, seen.seen > 0)
    different = (mean[i] * mean[j]).sum(axis=1)
    few_different = _fewness(count[i], count[j])
    if min(len(same), len(different)) < MIN_PAIRS:
        return None
    positive, negative = _fit(same, few_same), _fit(different, few_different)

    def score(pairs: Pairs) -> FloatArray:
        alike = np.einsum("ij,ij->i", mean[pairs.i], mean[pairs.j])
        few = _fewness(count[pairs.i], count[pairs.j])
        ratio = _log_normal(alike, few, positive) - _log_normal(alike, few, negative)
        known = (count[pairs.i] > 0) & (count[pairs.j] > 0)
        return np.where(known, np.clip(ratio, -LIMIT, LIMIT), 0.0)

    return score


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _half(vector: np.ndarray, node: IntArray, keep: np.ndarray, count: int) -> tuple[FloatArray, FloatArray]:
    return _unit(pool(vector[keep], node[keep], count)), np.bincount(node[keep], minlength=count).astype(float)


def _fewness(a: FloatArray, b: FloatArray) -> FloatArray:
    """1/n + 1/m: what the noise of a mean of n crops goes by."""
    return np.asarray(1 / np.maximum(a, 1) + 1 / np.maximum(b, 1))


def _together(tracklets: Tracklets, known: np.ndarray) -> tuple[IntArray, IntArray]:
    """Pairs of tracklets with embeddings that are seen in one frame, at most ``MAX_PAIRS``."""
    order = np.lexsort((tracklets.node, tracklets.frame))
    order = order[known[tracklets.node[order]]]
    pairs = []
    for shift in (1, 2, 5, 9):  # neighbours in a frame's list of people: a sample of all its pairs
        a, b = order[:-shift], order[shift:]
        a, b = a[tracklets.frame[a] == tracklets.frame[b]], b[tracklets.frame[a] == tracklets.frame[b]]
        pairs.append(np.unique(tracklets.node[a] * np.int64(len(tracklets)) + tracklets.node[b]))
    key = np.unique(np.concatenate(pairs))
    key = key[:: max(len(key) // MAX_PAIRS, 1)]
    return key // len(tracklets), key % len(tracklets)


def _fit(similarity: FloatArray, few: FloatArray) -> tuple[float, float, float]:
    """Mean of the similarity, and its variance as ``base + slope * fewness``."""
    centre = float(np.median(similarity))
    square = (similarity - centre) ** 2
    design = np.column_stack([np.ones(len(few)), few])
    base, slope = np.linalg.lstsq(design, square, rcond=None)[0]
    floor = max(float(np.mean(square)), 1e-4) / 4
    return centre, max(float(base), floor), max(float(slope), 0.0)


def _log_normal(x: FloatArray, few: FloatArray, fit: tuple[float, float, float]) -> FloatArray:
    variance = fit[1] + fit[2] * few
    return np.asarray(-0.5 * (np.log(variance) + (x - fit[0]) ** 2 / variance))
