"""The graph of tracklets: candidate links with their log-odds by cue, and conflicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.solver.constraints.overlap import overlap
from reid_solve.solver.constraints.pinned import Pins, check_contradictions
from reid_solve.solver.constraints.roles import roles
from reid_solve.solver.cues import CUES
from reid_solve.solver.cues.registry import Scorer
from reid_solve.solver.pairs import Pairs, among, candidates, neighbours, pair_key, unordered_key
from reid_solve.solver.rivals import rivals
from reid_solve.solver.switches import KEPT
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray, IntArray

WINDOW_SECONDS = 30.0  # longest gap that motion can bridge
WINDOW_WITH_APPEARANCE_SECONDS = 120.0
KEEP = -6.0  # nats; links below are hopeless and are not kept, those up to it can be explained
LIMIT = 8.0  # nats; no sum of approximate cues is worth more certainty than 1 in 3,000
PERSONAL = ("appearance", "size", "team", "role", "jersey")  # cues of the person, not of the way between two tracklets
TELLING = 0.2  # nats; evidence between distant tracklets below this is not kept
TRACKER = "tracker"  # the column that cutting gives rise to
RIVALS = "rivals"  # the column that all cues together give rise to
PINNED = "pinned"  # the column that must-links give rise to
PRIZE = float(np.log(3.0))  # see Graph.gain


@dataclass(frozen=True)
class Together:
    """Evidence that two tracklets are one person, whether or not one follows the other (lifted edges).

    Attributes:
        i, j: (L,) tracklets, i < j; no conflicts among them. There are many: 32 bits.
        terms: log-odds (L,) by cue, 32 bits; only cues of the person, not of the way from one to the other.
    """

    i: npt.NDArray[Any]
    j: npt.NDArray[Any]
    terms: Mapping[str, npt.NDArray[Any]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "i", np.asarray(self.i, np.int32))
        object.__setattr__(self, "j", np.asarray(self.j, np.int32))
        object.__setattr__(self, "terms", {name: np.asarray(term, np.float32) for name, term in self.terms.items()})

    @property
    def log_odds(self) -> npt.NDArray[np.float32]:
        """Sum of the terms, (L,)."""
        return np.asarray(sum(self.terms.values(), np.zeros(len(self.i), np.float32)), np.float32)


@dataclass(frozen=True)
class Graph:
    """N tracklets, E candidate links, L pairs with evidence about the person, and C conflicts.

    The identity of a chain of tracklets is worth the gains of its links, plus, for every two of its tracklets that are
    not linked directly, what speaks for their being together (lifted disjoint paths: Hornakova et al. 2020).

    Attributes:
        count: N.
        pairs: links i -> j, j the later one, ordered by i, then j.
        terms: log-odds (E,) by cue, in nats.
        conflicts: (C, 2) pairs that cannot share an identity.
        together: evidence for pairs that are not consecutive.
        must: (M, 2) pairs that share an identity: see ``constraints/contract.py``.
    """

    count: int
    pairs: Pairs
    terms: Mapping[str, FloatArray]
    conflicts: IntArray
    together: Together = field(default_factory=lambda: Together(np.zeros(0), np.zeros(0), {}))
    must: IntArray = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    @cached_property
    def log_odds(self) -> FloatArray:
        """Log-odds (E,) that the link is right: the sum of the terms."""
        return total(self.terms, len(self.pairs))

    @cached_property
    def gain(self) -> FloatArray:
        """What taking a link is worth, (E,): its log-odds plus ln 3; methods maximise the sum.

        A missed merge costs more than a wrong one. Two halves of a person, apart, have an association accuracy of 1/2
        each; joined rightly 1. Two halves of two people, joined wrongly, fall from 1/2 to 1/3. Joining pays if
        p / 2 > (1 - p) / 6, that is from p = 1/4 on, log-odds of -ln 3 (AssA of Luiten et al. 2021, equation 7).
        A pinned link is worth nothing: it is no decision.
        """
        worth = total(self.terms, len(self.pairs)) + PRIZE
        return np.where(self.terms[PINNED] != 0, 0.0, worth) if PINNED in self.terms else worth


def total(terms: Mapping[str, FloatArray], count: int) -> FloatArray:
    """Sum of terms, (count,)."""
    return np.asarray(sum(terms.values(), np.zeros(count)))


def build(tracklets: Tracklets, cues: Collection[str] | None = None, pins: Pins | None = None) -> Graph:
    """Price every candidate link with every cue that has something to say.

    Args:
        tracklets: one recording.
        cues: names of the cues to use; all by default.
        pins: what a person says about these tracklets.

    Raises:
        OptionError: the pins contradict each other, or what was seen.
    """
    if not len(tracklets):
        nothing = np.zeros(0, np.int64)
        return Graph(0, Pairs(nothing, nothing, nothing), {}, nothing.reshape(0, 2))
    conflicts, said = _conflicts(tracklets, pins)
    forbidden = np.unique(pair_key(said[:, 0], said[:, 1], len(tracklets)))
    # Labels of kits make room for what embeddings say of them, but not for embeddings that are not asked.
    told = tracklets if cues is None or "appearance" in cues else replace(tracklets, appearance=None)
    learnt = {name: learn(told) for name, learn in CUES.items() if cues is None or name in cues}
    scorers = {name: scorer for name, scorer in learnt.items() if scorer is not None}
    nothing = np.zeros(0, np.int64)
    parts = [(Pairs(nothing, nothing, nothing), dict.fromkeys(scorers, np.zeros(0)))]
    for pairs in candidates(tracklets, longest_gap(scorers)):
        if len(forbidden):
            key = unordered_key(pairs.i, pairs.j, len(tracklets))
            pairs = pairs[np.flatnonzero(among(key, forbidden) < 0)]
        terms = {name: scorer(pairs) for name, scorer in scorers.items()}
        good = np.flatnonzero((total(terms, len(pairs)) > KEEP) | (tracklets.previous[pairs.j] == pairs.i))
        parts.append((pairs[good], {name: term[good] for name, term in terms.items()}))
    kept = Pairs(*(np.concatenate([getattr(pairs, side) for pairs, _ in parts]) for side in ("i", "j", "gap")))
    columns = {name: np.concatenate([terms[name] for _, terms in parts]) for name in scorers}
    del parts  # in a season there are gigabytes of them
    if (tracklets.previous >= 0).any():
        columns[TRACKER] = _tracker(tracklets, kept, columns)
    alone = np.minimum(total(columns, len(kept)), LIMIT)
    columns[RIVALS] = rivals(len(tracklets), kept.i, kept.j, alone) + alone - total(columns, len(kept))
    personal = {name: scorers[name] for name in PERSONAL if name in scorers}
    together = _together(tracklets, personal, conflicts)
    must = conflicts[:0] if pins is None else pins.must
    return Graph(len(tracklets), kept, columns, conflicts, together, must)


def longest_gap(cues: Collection[str]) -> float:
    """Seconds that a link may bridge, by the cues that have something to say."""
    return WINDOW_WITH_APPEARANCE_SECONDS if "appearance" in cues else WINDOW_SECONDS


def _conflicts(tracklets: Tracklets, pins: Pins | None) -> tuple[IntArray, IntArray]:
    """Pairs (C, 2) that cannot share an identity, i < j, ordered; and those of them that need not be seen together.

    A must-link overrules a role's label.
    """
    seen, said = overlap(tracklets), roles(tracklets)
    if pins is not None:
        check_contradictions(tracklets, pins, seen)
        said = np.concatenate([said[pins.group[said[:, 0]] != pins.group[said[:, 1]]], pins.cannot])
    return (np.unique(np.concatenate([seen, said]), axis=0) if len(said) else seen), said


def _tracker(tracklets: Tracklets, pairs: Pairs, terms: Mapping[str, FloatArray]) -> FloatArray:
    """What the tracker's own opinion adds where tracklets were cut, (E,).

    Between two pieces of one track the way is no evidence, since the tracker follows any box that is near: what counts
    is how often it keeps its person. A piece's start is our cut, not an event that wants an explanation: for others,
    too, the way can only speak against them.
    """
    way = total({name: terms[name] for name in terms if name not in PERSONAL}, len(pairs))
    own = tracklets.previous[pairs.j] == pairs.i
    ours = tracklets.previous[pairs.j] >= 0
    goes_on = np.zeros(len(tracklets), bool)
    goes_on[tracklets.previous[tracklets.previous >= 0]] = True
    return np.where(own, KEPT - way, np.where(ours | goes_on[pairs.i], np.minimum(-way, 0), 0.0))


def _together(tracklets: Tracklets, scorers: Mapping[str, Scorer], conflicts: IntArray) -> Together:
    """Evidence between tracklets up to two minutes apart that share no frame.

    Cutting a track makes no evidence: what looks say of two whole tracks counts once, not once for every pair of their
    pieces, so each piece has its share of its track's boxes.
    """
    _, track = np.unique(tracklets.track, return_inverse=True)
    share = tracklets.length / np.bincount(track, tracklets.length)[track]
    parts = [Together(conflicts[:0, 0], conflicts[:0, 1], dict.fromkeys(scorers, np.zeros(0)))]
    forbidden = pair_key(conflicts[:, 0], conflicts[:, 1], len(tracklets))
    for i, j in neighbours(tracklets, WINDOW_WITH_APPEARANCE_SECONDS) if scorers else ():
        free = among(pair_key(i, j, len(tracklets)), forbidden) < 0  # conflicts are in order
        pairs = Pairs(i[free], j[free], np.ones(int(free.sum()), np.int64))
        weight = share[pairs.i] * share[pairs.j]
        terms = {name: weight * scorer(pairs) for name, scorer in scorers.items()}
        telling = np.abs(total(terms, len(pairs))) > TELLING
        parts.append(Together(pairs.i[telling], pairs.j[telling], {n: t[telling] for n, t in terms.items()}))
    return Together(
        np.concatenate([part.i for part in parts]),
        np.concatenate([part.j for part in parts]),
        {name: np.concatenate([part.terms[name] for part in parts]) for name in scorers},
    )
