"""Shirt number: equal numbers attract team-mates, different ones repel them, opponents' numbers say nothing.

Readings of one tracklet are put together as a product of probabilities: with s the score of a reading and
p = s (1 - e), the right number is read with p and each of the 98 others with (1 - p) / 98. Readings within half a
second are one look at one shirt and count as one. From the posterior q over the numbers 1 to 99 follows how far a
tracklet can be trusted, c = (1 - w) max(0, 2 max q - 1): read both as 10 and as 18, or once and badly, it abstains.

For two team-mates, of whom one in eleven wears any given number,

    L = 1 + c_i c_j (11 sum_n q_i(n) q_j(n) - 1),

at most ln 11 for equal numbers and at least ln(1 - (1 - w)^2) for different ones. (Two team-mates never share a number,
but a reader that takes 16 for 18 does so again and again: equal readings are worth what they would be if people drew
their readings independently.) Opponents have the same numbers, so theirs say nothing; where the teams are unknown, the
attraction is that of even odds that two people are team-mates, 1 + (L - 1) / 2.

The vote per tracklet by products of probabilities, with abstention, follows Koshkina and Elder (2024, "A General
Framework for Jersey Number Recognition in Sports Video").
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

READING_WRONG = 0.1  # e, of a reading with the score 1
TRACKLET_WRONG = 0.03  # w, that all readings agree on a wrong number
UNSCORED = 0.8  # score of a reading where the table has none
NUMBERS = 99
TEAM = 11
LOOK_SECONDS = 0.5
WEARERS = ("player", "goalkeeper", "other")  # a number read on a referee is not one
SAME_TEAM = 0.8  # share of a tracklet's labels that makes its team known


@cue("jersey")
def jersey(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of two tracklets' shirt numbers; see the formula above."""
    if "jersey" not in tracklets.tracks:
        return None
    number, values = tracklets.tracks.codes("jersey")
    readable = np.array([is_number(value) for value in values.to_pylist()], bool)
    number = np.append(np.where(readable, np.cumsum(readable) - 1, -1), -1)[number][tracklets.rows]
    rows = np.flatnonzero((number >= 0) & _wearer(tracklets))
    if not len(rows):
        return None
    belief, trust = _beliefs(tracklets, rows, number[rows], int(readable.sum()))
    team = _team(tracklets)

    def score(pairs: Pairs) -> FloatArray:
        i, j = pairs.i, pairs.j
        out = np.zeros(len(pairs))
        unknown = (team[i] < 0) | (team[j] < 0)
        known = np.flatnonzero((trust[i] > 0) & (trust[j] > 0) & (unknown | (team[i] == team[j])))
        i, j, unknown = i[known], j[known], unknown[known]
        agreement = sum((one[i] * one[j] for one in belief), np.zeros(len(known)))  # number by number: E, not E x K
        ratio = 1 + trust[i] * trust[j] * (TEAM * agreement - 1)
        out[known] = np.log(np.where(unknown & (ratio > 1), 1 + (ratio - 1) / 2, ratio))
        return out

    return score


def is_number(value: str | None) -> bool:
    """Whether a reading is a shirt number: one or two digits, as written ("07" is not "7"); all else is no reading."""
    return value is not None and len(value) <= 2 and value.isascii() and value.isdigit()


def _beliefs(tracklets: Tracklets, rows: IntArray, number: IntArray, numbers: int) -> tuple[FloatArray, FloatArray]:
    """Posterior (K, N) over the numbers that occur, the rest being others', and trust (N,)."""
    count = len(tracklets)
    node = tracklets.node[rows]
    p = np.clip(_score(tracklets)[rows] * (1 - READING_WRONG), 1 / NUMBERS, 1 - READING_WRONG)
    look = (tracklets.frame[rows] - tracklets.first[node]) // max(round(LOOK_SECONDS * tracklets.fps), 1)
    _, same_look, readings = np.unique(
        np.column_stack([node, look]), axis=0, return_inverse=True, return_counts=True
    )  # fmt: skip
    evidence = np.zeros((count, numbers))
    np.add.at(evidence, (node, number), np.log(p * (NUMBERS - 1) / (1 - p)) / readings[same_look.ravel()])
    # Numbers that never occur share the weight exp(0) each.
    top = np.maximum(evidence.max(axis=1, keepdims=True), 0)
    weight = np.exp(evidence - top)
    others = max(NUMBERS - numbers, 0) * np.exp(-top)
    belief = weight / (weight.sum(axis=1, keepdims=True) + others)
    trust = (1 - TRACKLET_WRONG) * np.maximum(2 * belief.max(axis=1) - 1, 0)
    return np.ascontiguousarray(belief.T), trust


def _score(tracklets: Tracklets) -> FloatArray:
    if "jersey_score" not in tracklets.tracks:
        return np.full(len(tracklets.rows), UNSCORED)
    score = arrays.floats(tracklets.tracks.canonical["jersey_score"])[tracklets.rows]
    return np.where(np.isnan(score), UNSCORED, np.clip(score, 0, 1))


def _wearer(tracklets: Tracklets) -> BoolArray:
    """Rows (n,) whose role, if it is known, wears a number."""
    if "role" not in tracklets.tracks:
        return np.ones(len(tracklets.rows), bool)
    role, values = tracklets.tracks.codes("role")
    wears = np.array([value in WEARERS for value in values.to_pylist()], bool)
    return np.append(wears, True)[role[tracklets.rows]]


def _team(tracklets: Tracklets) -> IntArray:
    """Team (N,) that most labels of a tracklet agree on; -1 where they do not, or there are none."""
    if "team" not in tracklets.tracks:
        return np.full(len(tracklets), -1)
    code, values = tracklets.tracks.codes("team")
    code = code[tracklets.rows]
    votes = np.zeros((len(tracklets), max(len(values), 1)))
    np.add.at(votes, (tracklets.node[code >= 0], code[code >= 0]), 1)
    total = votes.sum(axis=1)
    return np.where((total > 0) & (votes.max(axis=1) >= SAME_TEAM * total), votes.argmax(axis=1), -1)
