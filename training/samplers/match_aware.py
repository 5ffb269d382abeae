"""P persons of whom no two can be the same human: never from different clips of one match.

Where a set numbers its people clip by clip, the striker of one clip and the striker of the next are two persons to
it. A batch that holds both teaches the network to tell a man from himself. One in ten pairs of random batches of
SportsMOT are of that kind; of these none is.
"""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import IntArray
from reid_solve.training.samplers.registry import Roll, sampler
from reid_solve.training.samplers.safety import scenes

WINDOW = 8  # of waiting persons looked at first, in batches


@sampler("match-aware")
def match_aware(roll: Roll, rng: np.random.Generator, scope: str = "") -> IntArray:
    """Persons (batches, P): the first who wait and agree with each other; who does not, waits for the next batch.

    A batch that those who wait cannot fill is filled with persons who were drawn already, the least drawn first.

    Args:
        scope: level inside which one person has one number: clip by default, else action (SoccerNet).

    Raises:
        OptionError: the levels are missing, or somebody can never be in a full batch.
    """
    known = scenes(roll, scope)
    waiting = np.concatenate([rng.permutation(len(roll)) for _ in range(roll.rounds)])
    drawn = np.zeros(len(roll), np.int64)
    batches = []
    while len(waiting):
        size = WINDOW * roll.p
        take = np.flatnonzero(known.agreeing(waiting[:size]))[: roll.p]
        while len(take) < roll.p and size < len(waiting):
            size *= 4
            take = np.flatnonzero(known.agreeing(waiting[:size]))[: roll.p]
        batch = waiting[take]
        if len(batch) < roll.p:
            batch = known.filled(batch, roll.p, drawn, rng)
            take = take[np.isin(waiting[take], batch)]
        waiting = np.delete(waiting, take)
        drawn[batch] += 1
        batches.append(batch)
    return np.stack(batches)
