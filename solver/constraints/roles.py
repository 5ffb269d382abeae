"""A ball, a referee and a player are never one person; a goalkeeper and a player may be (soft, in ``cues/team.py``).

A role that has a score beside it was guessed from pictures: it is evidence (``cues/team.py``) and forbids nothing.
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.pairs import neighbours
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import BoolArray, IntArray

KINDS = {
    "ball": 0, "sports ball": 0, "football": 0, "soccer ball": 0, "basketball": 0,
    "referee": 1, "ref": 1, "umpire": 1, "official": 1, "main referee": 1, "side referee": 1,
    "player": 2, "goalkeeper": 2, "goalie": 2, "keeper": 2, "person": 2,
}  # fmt: skip
BALL, REFEREE, PLAYER = 0, 1, 2
CONFIDENT = 0.9  # share of a tracklet's labelled rows that agree
FEWEST = 3  # labelled rows
MANY = 5_000_000  # pairs; more are listed only where they are near in time
WINDOW_SECONDS = 120.0


def kinds(tracklets: Tracklets) -> IntArray:
    """What each tracklet confidently is, (N,): ``BALL``, ``REFEREE``, ``PLAYER``, or -1.

    From the ``role`` column, and where that says nothing from ``class_name``.
    """
    out = np.full(len(tracklets), -1)
    for column in ("class_name", "role"):
        if column not in tracklets.tracks:
            continue
        code, values = tracklets.tracks.codes(column)
        kind = np.array([KINDS.get(str(v).strip().lower(), -1) for v in arrays.words(values).to_pylist()] + [-1])
        kind = np.where(_guessed(tracklets, f"{column}_score"), -1, kind[code[tracklets.rows]])
        votes = np.zeros((len(tracklets), 3))
        np.add.at(votes, (tracklets.node[kind >= 0], kind[kind >= 0]), 1)
        total = votes.sum(axis=1)
        sure = (total >= FEWEST) & (votes.max(axis=1) >= CONFIDENT * total)
        out = np.where(sure, votes.argmax(axis=1), out)
    return out


def _guessed(tracklets: Tracklets, column: str) -> BoolArray:
    """Rows (n,) with a score of their label."""
    if column not in tracklets.tracks:
        return np.zeros(len(tracklets.rows), bool)
    return arrays.present(tracklets.tracks.canonical[column])[tracklets.rows]


def roles(tracklets: Tracklets) -> IntArray:
    """Pairs (C, 2), i < j, of tracklets that are confidently of different kinds.

    In recordings with more than five million such pairs only those up to two minutes apart are listed.
    """
    kind = kinds(tracklets)
    members = [np.flatnonzero(kind == k) for k in (BALL, REFEREE, PLAYER)]
    sizes = [len(m) for m in members]
    found = [np.zeros((0, 2), np.int64)]
    if sizes[0] * sizes[1] + sizes[0] * sizes[2] + sizes[1] * sizes[2] <= MANY:
        for a, b in ((0, 1), (0, 2), (1, 2)):
            found.append(np.column_stack([np.repeat(members[a], sizes[b]), np.tile(members[b], sizes[a])]))
    else:
        for i, j in neighbours(tracklets, WINDOW_SECONDS):
            apart = (kind[i] != kind[j]) & (kind[i] >= 0) & (kind[j] >= 0)
            found.append(np.column_stack([i[apart], j[apart]]))
    return np.sort(np.concatenate(found), axis=1)
