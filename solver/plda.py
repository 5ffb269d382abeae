"""The two-covariance model of embeddings: what differs between people, and what differs within one person.

A tracklet's mean embedding is its person's vector plus noise that shrinks as more of the tracklet was seen. Both
covariances are learnt from the clip without labels: parts of one tracklet give the noise, tracklets the total. The
log-likelihood ratio that two means share a person is then closed-form (Brümmer and de Villiers 2010, "The speaker
partitioning problem", section 2; the PLDA of speaker diarisation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.appearance import Appearance, pool
from reid_solve.tracklets.table import FloatArray, IntArray

KITS = 2  # leading directions: kits, shared by half of all people; the rest is the person
PARTS = 4  # of a tracklet, to see how much one person varies
LEVELS = (2, 4, 8)  # parts of a tracklet, to see how much less a mean varies the more it is of
MIN_EMBEDDINGS = 2  # a part needs, to count
MIN_TRACKLETS = 5  # below, there is nothing to learn from
LONG = 200.0  # frames; a longer tracklet is no better a sample of a person, and more often of two
SAME_LENGTH = 0.05  # where numbers differ less than this (variance of their logarithm), they teach no decay
BLOCK = 256  # rows that are multiplied at once
DENSE = 16  # a product of matrices may compute so many times more than is asked for
SAME = 1e-9  # of a vector's square; what differs less is rounding of 32 bits
FLOOR = 0.02  # least variance between people, as a share of the noise


@dataclass(frozen=True)
class TwoCovariance:
    """A learnt model.

    Attributes:
        rotation: (D, D) to coordinates in which the noise is white and people differ along the axes.
        centre: (D,) mean person, in those coordinates.
        between: variance between people: (KITS,) along the leading axes, and one number for all others.
        rest: see ``between``.
        noise, decay: variance of the mean of n embeddings is ``noise * n ** -decay``.
    """

    rotation: FloatArray
    centre: FloatArray
    between: FloatArray
    rest: float
    noise: float
    decay: float

    def place(self, mean: FloatArray) -> FloatArray:
        """Mean embeddings (n, D) in the model's coordinates."""
        return np.asarray(mean @ self.rotation - self.centre)

    def own_variance(self, looks: FloatArray | IntArray) -> FloatArray:
        """Variance of the mean over so many embeddings, same shape."""
        return np.asarray(self.noise * np.maximum(looks, 1.0) ** -self.decay)

    def ratio(
        self, x: FloatArray, looks_x: IntArray, y: FloatArray, looks_y: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Log-likelihood ratios (E,) of the kit and of the person, for placed means (E, D) of as many embeddings."""
        count = len(x)
        return self.ratio_of_pairs(
            np.concatenate([x, y]), np.concatenate([looks_x, looks_y]), np.arange(count), np.arange(count, 2 * count)
        )

    def ratio_of_pairs(
        self, place: FloatArray, looks: IntArray, i: IntArray, j: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """The same for pairs (E,), (E,) of N placed means of as many embeddings (N,); fastest if i ascends."""
        own = self.own_variance(looks)
        kits = len(self.between)
        kit = np.zeros(len(i))
        for between, x in zip(self.between, place.T, strict=False):
            kit += _ratio(float(between), own, x**2, x[i] * x[j], 1, i, j)
        rest = np.ascontiguousarray(place[:, kits:])
        square = np.einsum("ij,ij->i", rest, rest)
        return kit, _ratio(self.rest, own, square, _products(rest, i, j), rest.shape[1], i, j)


def _ratio(
    between: float, own: FloatArray, square: FloatArray, xy: FloatArray, dims: int, i: IntArray, j: IntArray
) -> FloatArray:
    """log N([x y]; one person) - log N(x) N(y) for pairs (E,), summed over ``dims`` axes of equal variances.

    With variances a and b of the two means, all is said by r, their squared correlation if they are one person:
    r = between^2 / ((between + a) (between + b)).
    """
    precision = 1 / (between + own)
    scaled = square * precision
    product = precision[i] * precision[j]
    correlation = between**2 * product
    alone = 1 - correlation
    share = 2 * between * xy * product - correlation * (scaled[i] + scaled[j])
    return np.asarray((share / alone - dims * np.log(alone)) / 2)


def _products(x: FloatArray, i: IntArray, j: IntArray) -> FloatArray:
    """Inner products (E,) of rows i and j of x (N, D).

    Tracklets are paired with those that follow soon, so that a block of the ascending i meets a narrow band of j:
    one product of matrices gives many pairs. Where pairs are scattered they are multiplied one by one.
    """
    out = np.empty(len(i))
    bounds = np.append(np.flatnonzero(np.diff(i // BLOCK, prepend=-1)), len(i)) if len(i) else np.zeros(1, np.int64)
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        a, b = i[begin:end], j[begin:end]
        low, high, first, last = a.min(), a.max() + 1, b.min(), b.max() + 1
        if (high - low) * (last - first) <= DENSE * (end - begin):
            out[begin:end] = (x[low:high] @ x[first:last].T)[a - low, b - first]
        else:
            out[begin:end] = np.einsum("ij,ij->i", x[a], x[b])
    return out


def learn(seen: Appearance, frame: IntArray, first: IntArray, last: IntArray) -> TwoCovariance | None:
    """Learn the model of one recording; None where it has too few tracklets with embeddings.

    Args:
        seen: embeddings of the recording.
        frame: (m,) frame of each embedding.
        first: (N,) first frame of each tracklet, and last (N,).
        last: see ``first``.
    """
    frames = (last - first + 1).astype(float)
    share = (frame - first[seen.node]) / frames[seen.node]
    variance, looks = _variances(seen, share)
    means, counts = _parts(seen, share, PARTS)
    whole = (counts >= MIN_EMBEDDINGS).all(axis=1)
    if whole.sum() < MIN_TRACKLETS:
        return None
    away = means[whole] - means[whole].mean(axis=1, keepdims=True)
    if not np.median((away**2).mean(axis=(1, 2))) > SAME * (means[whole] ** 2).mean():
        return None  # one vector for a whole tracklet, written on each of its rows: nothing tells how looks vary
    noise, decay = _noise_by_looks(variance, looks)
    scaled = away / np.sqrt(noise * counts[whole] ** -decay)[:, :, None]
    # A tracklet that passes from one person to another would teach that what tells these two apart is noise.
    restless = (scaled**2).mean(axis=(1, 2))
    clean = 1 / (1 + (restless / np.median(restless)) ** 2)
    scaled = scaled * np.sqrt(clean / clean.mean())[:, None, None]
    whiten = _whitening(scaled.reshape(-1, away.shape[2]), len(scaled) * (PARTS - 1))

    weight = np.where(seen.seen >= 2 * MIN_EMBEDDINGS, np.minimum(frames, LONG), 0.0)
    white = seen.mean @ whiten
    centre = np.average(white, axis=0, weights=weight)
    spread = (white - centre) * np.sqrt(weight / weight.sum())[:, None]
    own = float(np.average(noise * np.maximum(seen.seen, 1) ** -decay, weights=weight))
    variance, axes = np.linalg.eigh(spread.T @ spread)
    variance, axes = variance[::-1] - own, axes[:, ::-1]
    kits = min(KITS, len(variance) - 1)
    rest = max(float(variance[kits:].mean()), FLOOR * own)
    return TwoCovariance(whiten @ axes, centre @ axes, np.maximum(variance[:kits], rest), rest, noise, decay)


def _parts(seen: Appearance, share: FloatArray, parts: int) -> tuple[FloatArray, IntArray]:
    """Means (N, parts, D) and numbers (N, parts) of the embeddings in equal parts of each tracklet's time."""
    group = seen.node * parts + np.minimum((share * parts).astype(np.int64), parts - 1)
    means = pool(seen.vector, group, seen.count * parts).reshape(seen.count, parts, -1)
    return means, np.bincount(group, minlength=seen.count * parts).reshape(-1, parts)


def _variances(seen: Appearance, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance (n,) within tracklets of means over so many embeddings (n,): single ones, and parts of several sizes."""
    several = seen.seen >= 2 * MIN_EMBEDDINGS
    squares = np.bincount(seen.node, np.einsum("ij,ij->i", seen.vector, seen.vector), minlength=seen.count)
    squares -= seen.seen * (seen.mean**2).sum(axis=1)
    found = [(np.maximum(squares[several], 0) / (seen.seen[several] - 1), np.ones(int(several.sum())))]
    for parts in LEVELS:
        means, counts = _parts(seen, share, parts)
        whole = (counts >= MIN_EMBEDDINGS).all(axis=1)
        spread = means[whole] - means[whole].mean(axis=1, keepdims=True)
        found.append(((spread**2).sum(axis=(1, 2)) / (parts - 1), 1 / (1 / counts[whole]).mean(axis=1)))
    variance, looks = (np.concatenate(column) for column in zip(*found, strict=True))
    return variance, looks


def _noise_by_looks(variance: FloatArray, looks: FloatArray) -> tuple[float, float]:
    """Fit ``noise * looks ** -decay`` to the variance (n,) of means over so many embeddings (n,)."""
    log_looks, log_variance = np.log(looks), np.log(variance + 1e-12)
    centred = log_looks - log_looks.mean()
    slope = (centred * log_variance).sum() / (float((centred**2).sum()) + SAME_LENGTH * len(looks))
    decay = float(np.clip(-slope, 0.0, 1.0))
    return float(np.exp(np.mean(log_variance + decay * log_looks))), decay


def _whitening(samples: FloatArray, freedom: int) -> FloatArray:
    """Matrix (D, D) that makes the covariance of zero-mean samples (n, D) the identity, shrunk to a multiple of it.

    The share of shrinkage is the oracle approximating one (Chen, Wiesel, Eldar and Hero 2010, equation 23).
    """
    dims = samples.shape[1]
    covariance = samples.T @ samples / freedom
    trace, square = float(np.trace(covariance)), float((covariance**2).sum())
    share = ((1 - 2 / dims) * square + trace**2) / max((freedom + 1 - 2 / dims) * (square - trace**2 / dims), 1e-12)
    share = float(np.clip(share, 0.0, 1.0))
    variance, axes = np.linalg.eigh((1 - share) * covariance + share * trace / dims * np.eye(dims))
    return np.asarray(axes / np.sqrt(np.maximum(variance, 1e-9)))
