"""The losses as their papers write them down: one sample at a time, in float64, nothing shared with the package."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]


def cross_entropy(scores: Rows, target: Sequence[int], smoothing: float) -> float:
    total = 0.0
    for row, own in zip(scores, target, strict=True):
        under = math.log(sum(math.exp(value - max(row)) for value in row)) + max(row)
        for c, value in enumerate(row):
            share = smoothing / len(row) + (1 - smoothing if c == own else 0)
            total -= share * (value - under)
    return total / len(target)


def triplet(features: Rows, target: Sequence[int], margin: float, soft: bool) -> float:
    found = []
    for i, own in enumerate(target):
        far = [math.dist(features[i], features[j]) for j, c in enumerate(target) if c == own and j != i]
        near = [math.dist(features[i], features[j]) for j, c in enumerate(target) if c != own]
        if far and near:
            gap = max(far) - min(near)
            found.append(math.log1p(math.exp(gap)) if soft else max(0.0, margin + gap))
    return sum(found) / len(found) if found else 0.0


def contrastive(features: Rows, target: Sequence[int], temperature: float) -> float:
    unit = [row / math.sqrt(sum(row**2)) for row in features]
    found = []
    for i, own in enumerate(target):
        positives = [j for j, c in enumerate(target) if c == own and j != i]
        if not positives:
            continue
        under = sum(math.exp(sum(unit[i] * unit[a]) / temperature) for a in range(len(unit)) if a != i)
        terms = [math.log(math.exp(sum(unit[i] * unit[p]) / temperature) / under) for p in positives]
        found.append(-sum(terms) / len(positives))
    return sum(found) / len(found) if found else 0.0


def infonce(features: Rows, target: Sequence[int], scale: float, smoothing: float) -> float:
    unit = [row / math.sqrt(sum(row**2)) for row in features]
    pairs = []
    for own in sorted(set(target)):
        rows = [i for i, c in enumerate(target) if c == own]
        pairs += list(zip(rows[0::2], rows[1::2], strict=False))
    total = 0.0
    for one, two in (0, 1), (1, 0):
        for pair in pairs:
            rivals = [other for other in pairs if other == pair or target[other[0]] != target[pair[0]]]
            logits = [scale * float(sum(unit[pair[one]] * unit[other[two]])) for other in rivals]
            total += cross_entropy(np.array([logits]), [rivals.index(pair)], smoothing) / len(pairs) / 2
    return total


def centroid(features: Rows, target: Sequence[int]) -> float:
    unit = np.array([row / math.sqrt(sum(row**2)) for row in features])
    total = 0.0
    for own in target:
        mine = np.mean([row for row, c in zip(unit, target, strict=True) if c == own], axis=0)
        rest = np.mean([row for row, c in zip(unit, target, strict=True) if c != own], axis=0)
        total += 1 - math.dist(mine, rest) / 2
    return total / len(target)


def clip_prompt(features: Rows, texts: Rows, target: Sequence[int], scale: float) -> float:
    """Texts (C, D) of all classes; only those of the batch's classes are candidates."""
    unit = [row / math.sqrt(sum(row**2)) for row in features]
    said = [row / math.sqrt(sum(row**2)) for row in texts]
    total = 0.0
    for i, own in enumerate(target):
        under = sum(math.exp(scale * sum(unit[i] * said[c])) for c in set(target))
        total -= math.log(math.exp(scale * sum(unit[i] * said[own])) / under)
        shown = [j for j, c in enumerate(target) if c == own]
        under = sum(math.exp(scale * sum(row * said[own])) for row in unit)
        total -= sum(math.log(math.exp(scale * sum(unit[p] * said[own])) / under) for p in shown) / len(shown)
    return total / len(target)
