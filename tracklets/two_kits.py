"""The two teams' kits among the colours of many tracklets or crops, and how probably each of them wears which.

People of a team wear one kit, and nearly everybody is of one of two teams: two large clusters. Goalkeepers and
officials wear something else, so they are outliers, not clusters that have to be there. HDBSCAN (Campello, Moulavi and
Sander 2013) is asked first, because it leaves outliers out by itself; where it finds other than two large clusters,
trimmed 2-means (Cuesta-Albertos, Gordaliza and Matrán 1997) divides what is left when the farthest quarter is gone.

The clusters are only where it starts: a mixture of two Gaussians and of all the kits there might be says how probable
each team is.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.kits import PARTS_OF_FEATURES
from reid_solve.tracklets.table import FloatArray, IntArray

LARGE = 1 / 6  # of all: between a team's share, two fifths, and the referees', an eighth or less
NEAREST = 3  # neighbours that make a place dense
TOGETHER = 0.6  # least share of all in the two large clusters
TRIMMED = 0.25  # share that 2-means leaves out: two goalkeepers and up to four officials among 26
STARTS = 12
ROUNDS = 20
APART = 4.0  # least distance of the kits in standard deviations: halves of one Gaussian are 2.7 apart
FLOOR = np.repeat([3.0, 2.0], [6, 3])  # L*a*b* units between people in one kit: light, pose, and what is in the way
OTHERS = 0.2  # share of people in other kits: 2 + 3 of 25
# Every kit there might be: what sRGB can show, and scatter from plain to striped.
ANY_MEAN = np.array([50.0, 0.0, 0.0, 50.0, 0.0, 0.0, 12.0, 8.0, 8.0])
ANY_SPREAD = np.array([23.0, 28.0, 28.0, 23.0, 28.0, 28.0, 6.0, 5.0, 5.0])
MOST = 5000  # points that clusters are looked for among


@dataclass(frozen=True)
class TwoKits:
    """Two kits, the one with the lighter shirt first.

    Attributes:
        centre: (2, F) colour of either.
        spread: (F,) standard deviation of people about it.
        how: "hdbscan" or "2-means": what found them.
    """

    centre: FloatArray
    spread: FloatArray
    how: str

    def probability(self, colour: FloatArray, variance: FloatArray) -> FloatArray:
        """Probabilities (n, 3) of the first kit, the second, and another; arguments as for ``evidence``."""
        share = np.log([(1 - OTHERS) / 2, (1 - OTHERS) / 2, OTHERS])
        worth = self.evidence(colour, variance) + share
        chance = np.exp(worth - worth.max(axis=1, keepdims=True))
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))

    def evidence(self, colour: FloatArray, variance: FloatArray) -> FloatArray:
        """Log-likelihoods (n, 3) of the first kit, the second, and another, each up to the same constant.

        The colours of one person in one light err together: they are worth one measurement for each part that is
        looked at, not one a number (a composite likelihood; Varin, Reid and Firth 2011, section 2).

        Args:
            colour: (n, F).
            variance: (n, F) of measuring it.
        """
        own, any_kit = self.spread**2 + variance, ANY_SPREAD**2 + variance
        fits = [_log_normal(colour, centre, own) for centre in self.centre] + [_log_normal(colour, ANY_MEAN, any_kit)]
        return np.asarray(np.column_stack(fits) * (PARTS_OF_FEATURES / colour.shape[1]))


def find_kits(colour: FloatArray, variance: FloatArray) -> TwoKits | None:
    """Find the kits of two teams.

    Args:
        colour: (n, F) of tracklets or of crops; all count alike.
        variance: (n, F) of measuring it.

    Returns:
        the kits, or None where there are not two that can be told apart.
    """
    if len(colour) < 4:
        return None
    few = np.arange(len(colour)) if len(colour) <= MOST else np.linspace(0, len(colour) - 1, MOST).astype(np.int64)
    colour, variance = colour[few], variance[few]
    scaled = colour / np.sqrt(FLOOR**2 + np.median(variance, axis=0))
    label, how = _dense(scaled), "hdbscan"
    if label is None:
        label, how = _halves(scaled), "2-means"
    kits = None
    for _ in range(3):
        if min((label == 0).sum(), (label == 1).sum()) < 2:
            return None
        kits = _describe(colour, label, how)
        chance = kits.probability(colour, variance)
        label = np.where(chance.max(axis=1) > 0.5, chance.argmax(axis=1), 2)
    assert kits is not None
    return kits if _distance(kits) >= APART else None


def _describe(colour: FloatArray, label: IntArray, how: str) -> TwoKits:
    """Kits of labelled points: medians, because some labels are wrong."""
    centre = np.array([np.median(colour[label == k], axis=0) for k in range(2)])
    centre = centre[np.argsort(-centre[:, 0], kind="stable")]
    nearest = ((colour[:, None] - centre) ** 2).sum(axis=2).argmin(axis=1)
    away = np.abs(colour - centre[nearest])[label < 2]
    spread = 1.4826 * np.median(away, axis=0)  # of a Gaussian, 1.48 median deviations are a standard deviation
    return TwoKits(centre, np.maximum(spread, FLOOR), how)


def _distance(kits: TwoKits) -> float:
    """Distance of the kits in standard deviations along the line between them."""
    way = kits.centre[1] - kits.centre[0]
    length = float(np.sqrt((way**2).sum()))
    return length / float(np.sqrt(((way / max(length, 1e-9)) ** 2 * kits.spread**2).sum() + 1e-12))


def _dense(scaled: FloatArray) -> IntArray | None:
    """Labels (n,) 0 and 1 of the two large clusters, 2 of all else; None where there are not two."""
    from hdbscan import HDBSCAN  # type: ignore[import-untyped]

    smallest = max(round(LARGE * len(scaled)), NEAREST)
    if 2 * smallest > len(scaled):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own dependencies' deprecations
        found = HDBSCAN(min_cluster_size=smallest, min_samples=NEAREST).fit_predict(scaled)
    size = np.bincount(found[found >= 0], minlength=1)
    if len(size) < 2:
        return None
    order = np.argsort(-size, kind="stable")
    third = size[order[2]] if len(size) > 2 else 0
    if size[order[:2]].sum() < TOGETHER * len(scaled) or third > size[order[1]] / 2:
        return None
    return np.where(found == order[0], 0, np.where(found == order[1], 1, 2)).astype(np.int64)


def _halves(scaled: FloatArray) -> IntArray:
    """Labels (n,) of trimmed 2-means, 2 where it leaves out; the best of starts from pairs of points far apart."""
    kept = len(scaled) - int(TRIMMED * len(scaled))
    at = [int(((scaled - np.median(scaled, axis=0)) ** 2).sum(axis=1).argmin())]
    distance = ((scaled - scaled[at[0]]) ** 2).sum(axis=1)
    while len(at) < min(STARTS, len(scaled)):
        at.append(int(distance.argmax()))
        distance = np.minimum(distance, ((scaled - scaled[at[-1]]) ** 2).sum(axis=1))
    best, answer = np.inf, np.zeros(len(scaled), np.int64)
    for first, second in zip(*np.triu_indices(len(at), 1), strict=True):
        centre = scaled[[at[first], at[second]]]
        for _ in range(ROUNDS):
            square = ((scaled[:, None] - centre) ** 2).sum(axis=2)
            label, price = square.argmin(axis=1), square.min(axis=1)
            near = np.argsort(price, kind="stable")[:kept]
            before, centre = (
                centre,
                np.array(
                    [
                        scaled[near[label[near] == k]].mean(axis=0) if (label[near] == k).any() else centre[k]
                        for k in (0, 1)
                    ]
                ),
            )
            if np.array_equal(before, centre):
                break
        if price[near].sum() < best:
            best = float(price[near].sum())
            answer = np.full(len(scaled), 2)
            answer[near] = label[near]
    return answer.astype(np.int64)


def _log_normal(x: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Log density (n,) up to a constant that is the same for all, summed over features."""
    return np.asarray(-(((x - mean) ** 2) / variance + np.log(variance)).sum(axis=1) / 2)
