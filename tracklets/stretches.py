"""Tracklets that pass from one kit to another, divided where they do.

A tracker that swaps an opponent for somebody leaves a tracklet that is of neither team. Its crops tell where: the kit
that each seems to show is a hidden state that seldom changes, and the likeliest sequence of states (Viterbi 1967)
divides the tracklet into stretches of one kit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.table import FloatArray, IntArray

CHANGE = -5.0  # nats; log of the chance of another kit in the next crop: one in 150


@dataclass(frozen=True)
class Stretches:
    """S stretches of N tracklets.

    Attributes:
        of_crop: (m,) stretch of each crop.
        tracklet: (S,) tracklet of each stretch; ascending, and in a tracklet by time.
        start: (S,) frame from which on a row is of the stretch, halfway between two crops; the first of each tracklet
            reaches back to its beginning.
    """

    of_crop: IntArray
    tracklet: IntArray
    start: FloatArray

    def of_rows(self, tracklet: IntArray, frame: IntArray) -> IntArray:
        """Stretch (n,) of rows by tracklet (n,) and frame (n,); -1 for rows of no tracklet, or of one without crops."""
        if not len(self.tracklet):
            return np.full(len(tracklet), -1)
        low = float(frame.min(initial=0))
        reach = float(frame.max(initial=0)) - low + 2
        begins = self.tracklet * reach + np.maximum(self.start - low, -0.5)
        at = np.searchsorted(begins, tracklet * reach + (frame - low), side="right") - 1
        return np.where((at >= 0) & (self.tracklet[at] == tracklet), at, -1)


def stretches(node: IntArray, frame: IntArray, evidence: FloatArray) -> Stretches:
    """Divide tracklets where the kit in their crops changes.

    Args:
        node: (m,) tracklet of each crop.
        frame: (m,) its frame.
        evidence: (m, K) log-likelihoods of the kits it may show.
    """
    order = np.lexsort((frame, node))
    node, frame = node[order], frame[order]
    begins = np.diff(node, prepend=-1) != 0
    state = _likeliest(evidence[order], begins)
    new = begins | (np.diff(state, prepend=-1) != 0)
    of_crop = np.empty(len(order), np.int64)
    of_crop[order] = np.cumsum(new) - 1
    between = (frame + np.concatenate([frame[:1], frame[:-1]])) / 2
    return Stretches(of_crop, node[new], np.where(begins, -np.inf, between)[new])


def _likeliest(evidence: FloatArray, begins: np.ndarray) -> IntArray:
    """Viterbi paths (m,) of many sequences side by side: step by step of the longest, not crop by crop."""
    count, kinds = evidence.shape
    if not count:
        return np.zeros(0, np.int64)
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, count))
    best = evidence[first].copy()
    came = np.zeros((count, kinds), np.int64)
    for step in range(1, int(length.max())):
        on = np.flatnonzero(length > step)
        top = best[on].argmax(axis=1)
        change = (best[on, top] + CHANGE)[:, None]  # from the best of all; from a worse one it would be worth less
        came[first[on] + step] = np.where(best[on] >= change, np.arange(kinds), top[:, None])
        best[on] = np.maximum(best[on], change) + evidence[first[on] + step]
    state = np.zeros(count, np.int64)
    state[first + length - 1] = best.argmax(axis=1)
    for step in range(int(length.max()) - 1, 0, -1):
        on = np.flatnonzero(length > step)
        row = first[on] + step
        state[row - 1] = came[row, state[row]]
    return state
