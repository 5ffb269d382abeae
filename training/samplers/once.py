"""Every picture in an epoch, every person at most once in a batch.

After CLIP-ReIdent (DeepSportRadar challenge, 2022). With K = 2 a batch is P pairs, and whoever is not one's partner is
somebody else: what a contrast between images assumes. Unlike random P×K, people count by their pictures.
"""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import IntArray
from reid_solve.training.samplers.registry import Roll, sampler


@sampler("once")
def once(roll: Roll, rng: np.random.Generator) -> IntArray:
    """Persons (batches, P): each as often as it takes to show all his pictures, K at a time.

    People are dealt to the batches in turn like cards, so no batch gets one twice. Batches that come out short are
    filled by lot with others, who show pictures again.
    """
    visits = -(-roll.pictures // roll.k)
    count = int(max(-(-visits.sum() // roll.p), visits.max()))
    order = rng.permutation(len(roll))
    cards = np.repeat(order, visits[order])
    short = roll.p * count - len(cards)
    batch = np.arange(len(cards)) % count
    slot = np.arange(len(cards)) // count
    out = np.full((count, roll.p), -1)
    out[batch, slot] = cards
    if short:
        for row in np.flatnonzero((out < 0).any(axis=1)):
            held = out[row, out[row] >= 0]
            # A few too many, of whom some may be in the batch already: no need to shuffle everybody.
            lots = rng.choice(len(roll), min(len(roll), 2 * roll.p), replace=False)
            out[row, len(held) :] = lots[~np.isin(lots, held)][: roll.p - len(held)]
    return np.asarray(out[rng.permutation(count)], np.int64)
