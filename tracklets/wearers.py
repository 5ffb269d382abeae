"""Who of many tracklets wears which of two kits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.kits import Kits
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray
from reid_solve.tracklets.two_kits import TwoKits, find_kits

TOLD_BY = 3  # crops that a tracklet needs to teach what the kits are, or to wear another for certain
KEPT = 0.9  # chance that a tracker keeps its person where the shirt is hidden


@dataclass(frozen=True)
class Seen:
    """Colours by tracklet: the ``kits`` of m crops, the tracklet (m,) of each, and the number N of tracklets."""

    kits: Kits
    node: IntArray
    count: int

    @property
    def crops(self) -> IntArray:
        """Crops of each tracklet, (N,)."""
        return np.bincount(self.node, minlength=self.count)

    def median(self) -> FloatArray:
        """Colour of each tracklet, (N, F): medians, because what hides a shirt hides it in some crops only."""
        out = np.zeros((self.count, self.kits.colour.shape[1]))
        order = np.argsort(self.node, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(self.node[order])) + 1):
            if len(rows):
                out[self.node[rows[0]]] = np.median(self.kits.colour[rows], axis=0)
        return out

    def variance(self, noise: FloatArray) -> FloatArray:
        """Variance (N, F) of the medians: of a Gaussian's, pi / 2 times that of its mean."""
        return np.asarray(np.pi / 2 * noise / np.maximum(self.crops, 1)[:, None])

    def noise(self, median: FloatArray) -> FloatArray:
        """Variance (F,) of one crop about its tracklet."""
        kept = self.crops[self.node] >= TOLD_BY
        away = np.abs(self.kits.colour - median[self.node])[kept]
        return np.asarray((1.4826 * np.median(away, axis=0)) ** 2 if len(away) else np.ones(median.shape[1]))


def learn_kits(seen: Seen, by_crops: bool, outside: BoolArray) -> TwoKits | None:
    """Find the two kits.

    Args:
        seen: colours of crops.
        by_crops: cluster crops, as is better for long recordings; else tracklets.
        outside: (N,) tracklets that wear neither kit, for all that is known: they teach nothing.
    """
    if by_crops:
        colour = seen.kits.colour[~outside[seen.node]]
        return find_kits(colour, np.zeros_like(colour))
    teach, median = (seen.crops >= TOLD_BY) & ~outside, seen.median()
    return find_kits(median[teach], seen.variance(seen.noise(median))[teach])


def recognise(kits: TwoKits, seen: Seen, by_crops: bool, noise: FloatArray) -> FloatArray:
    """Say who wears which kit.

    Args:
        kits: that there are.
        seen: colours of crops of N tracklets, or stretches of them.
        by_crops: let crops vote; else go by medians, as far as crops agree with them.
        noise: variance (F,) of a crop beyond that which ``kits`` holds.

    Returns:
        probabilities (N, 3) of the first, the second and another; zeros where nothing was seen. What is missing to 1
        is doubt whether the tracklet is one person.
    """
    crops = seen.crops
    votes = np.zeros((seen.count, 3))
    np.add.at(votes, seen.node, kits.probability(seen.kits.colour, np.broadcast_to(noise, seen.kits.colour.shape)))
    votes /= np.maximum(crops, 1)[:, None]
    if by_crops:
        return votes
    chance = kits.probability(seen.median(), seen.variance(noise))
    # Crops that look like another team's speak for two people in one tracklet, whose median is no kit at all.
    teams = votes[:, :2]
    chance[:, :2] *= teams / np.maximum(teams.sum(axis=1, keepdims=True), 1e-9)
    chance[:, 2] *= votes[:, 2]
    return np.where((crops > 0)[:, None], chance, 0.0)


def inherited(tracklet: IntArray, crops: IntArray, team: IntArray, chance: FloatArray) -> IntArray:
    """Teams (S,) with those of doubtful stretches of tracklets that are otherwise of one team; ``chance`` is changed.

    Something hides the shirt there, and the tracker usually keeps its person. But a long stretch that looks like
    another kit is another person's, even if it is not sure enough to say so.

    Args:
        tracklet: (S,) of each stretch.
        crops: (S,) that were seen of each.
        team: (S,) 0, 1, or -1 for none.
        chance: (S, 3), see ``recognise``.
    """
    other = (team < 0) & (crops >= TOLD_BY) & (chance.argmax(axis=1) == 2)
    count = int(tracklet.max(initial=-1)) + 1
    has = np.stack([np.bincount(tracklet[team == k], minlength=count) > 0 for k in (0, 1)], axis=1)
    one = has.sum(axis=1) == 1
    one[tracklet[other]] = False
    takes = np.flatnonzero((team < 0) & one[tracklet])
    own = has.argmax(axis=1)[tracklet[takes]]
    least = np.ones(count)
    np.minimum.at(least, tracklet[team >= 0], chance[team >= 0, team[team >= 0]])
    chance[takes, own] = KEPT * least[tracklet[takes]]
    team = team.copy()
    team[takes] = own
    return team
