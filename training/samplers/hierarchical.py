"""P persons from as near as possible: the same action, else the same match, else the same teams, and so on outwards.

After the sampler of Sportsreid (SoccerNet re-identification challenge, 2022): whom a network has to tell apart in the
end are people of one scene. Unlike there, an epoch is as short as drawing everybody allows, not a batch a person.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.training.data.reidset import LEVELS
from reid_solve.training.samplers.registry import Places, Roll, sampler
from reid_solve.training.samplers.safety import Scenes, scenes


@sampler("hierarchical")
def hierarchical(roll: Roll, rng: np.random.Generator, widen: Sequence[str] = (), safe: bool = False) -> IntArray:
    """Persons (batches, P): an anchor who is due, and others of his narrowest level, then of wider ones.

    Among those of a level the least drawn come first, by lot where they are equal.

    Args:
        widen: the levels to go through; by default all that the set knows, from the narrowest.
        safe: nobody from another action (or clip) of a match that is in the batch; he may be the same human under
            another number, where a set numbers people scene by scene, as SoccerNet does.

    Raises:
        OptionError: a level that the set does not know, or somebody who could never be in a full batch.
    """
    chosen = tuple(widen) or tuple(name for name in LEVELS if name in roll.levels)
    for name in chosen:
        if name not in roll.levels:
            known = ", ".join(roll.levels) or "none"
            raise OptionError(f"hierarchical batches need the column {name!r}; the set's levels are: {known}")
    if not chosen:
        raise OptionError("hierarchical batches need a level (action, clip, match, teams, ...); the set knows none")
    places = [Places(roll.levels[name]) for name in chosen]
    apart = scenes(roll) if safe else None
    drawn = np.zeros(len(roll), np.int64)
    batches = []
    for turn in range(1, roll.rounds + 1):
        lot = rng.random(len(roll))
        for anchor in rng.permutation(len(roll)):
            if drawn[anchor] < turn:
                batch = _around(int(anchor), places, drawn, lot, roll.p, apart)
                if len(batch) < roll.p:
                    batch = _anywhere(batch, drawn, roll.p, apart, rng)
                drawn[batch] += 1
                batches.append(batch)
    return np.stack(batches)[rng.permutation(len(batches))]


def _around(
    anchor: int, places: list[Places], drawn: IntArray, lot: FloatArray, p: int, apart: Scenes | None
) -> IntArray:
    """The anchor and up to P - 1 others who share a level with him, the narrowest first."""
    batch = np.array([anchor])
    for place in places:
        near = place.around(anchor)
        near = near[~np.isin(near, batch)]
        batch = np.concatenate([batch, near[np.lexsort((lot[near], drawn[near]))]])
        if apart is not None:
            batch = batch[apart.agreeing(batch)]
        batch = batch[:p]
        if len(batch) == p:
            break
    return batch


def _anywhere(batch: IntArray, drawn: IntArray, p: int, apart: Scenes | None, rng: np.random.Generator) -> IntArray:
    """A batch filled up from the whole set."""
    if apart is not None:
        return apart.filled(batch, p, drawn, rng)
    others = np.lexsort((rng.random(len(drawn)), drawn))
    return np.concatenate([batch, others[~np.isin(others, batch)][: p - len(batch)]])
