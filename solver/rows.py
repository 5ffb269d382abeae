"""Identities of tracklets to identities of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from reid_solve.solver.confidence import confidence
from reid_solve.solver.harm import METHOD as KEPT_IDS
from reid_solve.solver.result import Solved
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks


def to_rows(tracks: Tracks, recordings: Sequence[Solved]) -> tuple[pa.Array, pa.Array]:
    """Identities of tracklets to identities of rows, numbered from 1 over all recordings.

    Where a duplicate was tolerated, two rows of one frame would share an identity: the one that a person said belongs
    there, else the one with the better score (the larger box, if equal) keeps it, the other's tracklet gets an identity
    of its own for such rows.
    """
    identity, score = np.zeros(len(tracks), np.int64), np.zeros(len(tracks), np.float32)
    taken = 0
    for solved in recordings:
        tracklets, solution = solved.tracklets, solved.solution
        if not len(tracklets):
            continue
        own = solution.identity[tracklets.node] + 1 + taken
        taken = int(own.max())
        said = np.zeros(len(tracklets), bool)
        if solved.pins is not None:
            said[solved.pins.must.reshape(-1)] = True
        spare, displaced = _displaced(tracklets, own, said[tracklets.node], tracks.score[tracklets.rows])
        own[displaced] = taken + 1 + spare
        taken = max(taken, int(own.max()))
        identity[tracklets.rows] = own
        sure = solved.purity if solution.method == KEPT_IDS else 1.0  # that the id shows one person at all
        score[tracklets.rows] = sure * confidence(solved)[tracklets.node]
        _check_frames(tracklets, own)
    nobody = identity == 0
    return arrays.column(identity, nobody), arrays.column(score, nobody)


def _displaced(tracklets: Tracklets, own: IntArray, said: BoolArray, score: FloatArray) -> tuple[IntArray, IntArray]:
    """Number of the spare identity for, and index of, rows that must give theirs up."""
    area = tracklets.boxes[:, 2] * tracklets.boxes[:, 3]
    order = np.lexsort((tracklets.node, -area, -score, ~said, tracklets.frame, own))
    again = (np.diff(own[order]) == 0) & (np.diff(tracklets.frame[order]) == 0)
    displaced = np.sort(order[1:][again])
    return np.unique(tracklets.node[displaced], return_inverse=True)[1], displaced


def _check_frames(tracklets: Tracklets, own: IntArray) -> None:
    order = np.lexsort((tracklets.frame, own))
    if ((np.diff(own[order]) == 0) & (np.diff(tracklets.frame[order]) == 0)).any():
        raise AssertionError("two rows of one frame share an identity; please report this as a bug")
