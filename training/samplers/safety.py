"""Who may meet: two numbers can be one human where a set numbers its people clip by clip, or action by action."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import BoolArray, IntArray
from reid_solve.training.samplers.registry import Roll


@dataclass(frozen=True)
class Scenes:
    """Where each person was numbered.

    Attributes:
        match: (C,) from 0.
        clip: (C,) from 0, in the whole set: the clip, or the action, that numbered him.
        fullest: (matches,) the clip with the most persons of each match.
    """

    match: IntArray
    clip: IntArray
    fullest: IntArray

    def agreeing(self, persons: IntArray) -> BoolArray:
        """Who (n,) may join those before him: of a match nobody is of, or of the clip that the first of it is of.

        Nobody twice.
        """
        first, where = np.unique(self.match[persons], return_index=True, return_inverse=True)[1:]
        once = np.zeros(len(persons), np.bool_)
        once[np.unique(persons, return_index=True)[1]] = True
        return np.asarray(once & (self.clip[persons] == self.clip[persons[first]][where]))

    def filled(self, batch: IntArray, p: int, drawn: IntArray, rng: np.random.Generator) -> IntArray:
        """A batch that agrees, filled up to P with the least drawn who agree; by lot among equals.

        If those are of clips too small to fill it, only its first person and his clip stay, joined by the fullest
        clips of other matches.
        """
        full = np.concatenate([batch, np.lexsort((rng.random(len(drawn)), drawn))])
        full = full[self.agreeing(full)][:p]
        if len(full) < p:
            home = np.flatnonzero(self.clip == self.clip[batch[0]])
            others = self.clip == self.fullest[self.match]
            others[self.match == self.match[batch[0]]] = False
            away = np.flatnonzero(others)
            away = away[np.lexsort((rng.random(len(away)), drawn[away]))]
            full = np.concatenate([batch[:1], rng.permutation(home[home != batch[0]]), away])[:p]
        return full


def scenes(roll: Roll, scope: str = "") -> Scenes:
    """Find the scenes, and make sure that everybody can be in a full batch.

    Args:
        scope: level inside which one person has one number; clip by default, else action.

    Raises:
        OptionError: a level is missing, or somebody could never be in a batch of P.
    """
    scope = scope or next((name for name in ("clip", "action") if name in roll.levels), "clip")
    for name in ("match", scope):
        if name not in roll.levels:
            raise OptionError(f"batches that know matches need the column {name!r}, which the set does not have")
        lost = int((roll.levels[name] < 0).sum())
        if lost:
            raise OptionError(f"batches that know matches need the {name} of everybody; {lost} persons have none")
        if name in roll.divided:
            raise OptionError(
                f"a person has pictures of more than one {name}: this set does not number people {name} by {name}; "
                "take the sampler random-pk"
            )
    match = np.unique(roll.levels["match"], return_inverse=True)[1].astype(np.int64)
    width = int(roll.levels[scope].max()) + 1
    clip = np.unique(match * width + roll.levels[scope], return_inverse=True)[1].astype(np.int64)
    size = np.bincount(clip)
    of = np.empty(len(size), np.int64)
    of[clip] = match
    order = np.argsort(size, kind="stable")
    fullest = np.empty(int(match.max()) + 1, np.int64)
    fullest[of[order]] = order  # the largest comes last and stays
    room = size + size[fullest].sum() - size[fullest][of]
    if room.min() < roll.p:
        place = str(roll.names[scope][roll.levels[scope][np.flatnonzero(clip == room.argmin())[0]]])
        raise OptionError(
            f"{roll.p} persons a batch, but only {int(room.min())} of {scope} {place!r} and other matches can meet; "
            "lower p"
        )
    return Scenes(match, clip, fullest)


def risky(match: IntArray, clip: IntArray, batches: IntArray) -> float:
    """Share of the pairs of persons in batches that may be one human: of one match, but not of one clip.

    Args:
        match, clip: (C,) codes of each person.
        batches: (B, P) persons.
    """
    i, j = np.triu_indices(batches.shape[1], 1)
    a, b = batches[:, i], batches[:, j]
    return float(np.mean((match[a] == match[b]) & (clip[a] != clip[b])))
