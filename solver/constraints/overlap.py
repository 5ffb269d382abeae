"""Two people in one frame are two people."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from reid_solve.solver.pairs import duplicates, tolerance
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.remembered import remembered
from reid_solve.tracklets.table import IntArray


@remembered
def overlap(tracklets: Tracklets) -> IntArray:
    """Pairs (C, 2), i < j, that share a frame, short duplicates excepted.

    Frames are compared as sets: a tracklet that fits into another's gap is no conflict.
    """
    _, frame = np.unique(tracklets.frame, return_inverse=True)
    ones = np.ones(len(frame), np.int32)
    seen = csr_array((ones, (tracklets.node, frame)), shape=(len(tracklets), int(frame.max(initial=-1)) + 1))
    shared = csr_array(seen @ seen.T).tocoo()
    upper = shared.row < shared.col
    i, j, frames = shared.row[upper].astype(np.int64), shared.col[upper].astype(np.int64), shared.data[upper]
    early = tracklets.last[i] <= tracklets.last[j]
    first, second = np.where(early, i, j), np.where(early, j, i)
    brief = np.flatnonzero(frames <= tolerance(tracklets))
    allowed = np.zeros(len(i), bool)
    allowed[brief] = duplicates(tracklets, first[brief], second[brief])
    pairs = np.column_stack([i, j])[~allowed]
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
