"""Batches of a few moments of the match: everybody who is in the picture then, with several crops of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reid_solve.training.loop.config import Sampler
from reid_solve.training.self_supervised.pieces import Pieces


class Moments:
    """A sampler over the crops of pieces.

    A moment is a crop, drawn evenly, and so a time at which there is something to see; the pieces of that time are
    together and therefore known to be different people. Of each piece K crops are drawn, one from each K-th of its
    time, so that they lie apart.
    """

    def __init__(self, pieces: Pieces, wanted: Sampler, seed: int) -> None:
        """Set it up.

        Args:
            pieces: what there is.
            wanted: at most p pieces in a batch, k crops of each; option ``moments``, of which a batch is made.
            seed: of all chance.
        """
        self.pieces, self.p, self.k, self.seed, self.epoch = pieces, wanted.p, wanted.k, seed, 0
        self.moments = int(wanted.options.get("moments", 1))
        self._begin = np.searchsorted(pieces.piece, np.arange(len(pieces) + 1))

    def set_epoch(self, epoch: int) -> None:
        """Choose what comes."""
        self.epoch = epoch

    def __len__(self) -> int:
        return max(len(self.pieces.rows) // (self.p * self.k), 1)

    def __iter__(self) -> Iterator[list[int]]:
        """Crops of one batch after the other, K of a piece in a row."""
        rng = np.random.default_rng((self.seed, self.epoch))
        times = self.pieces.frame[rng.permutation(len(self.pieces.frame))]
        for batch in range(len(self)):
            yield self._batch(np.roll(times, -batch * self.moments)[: self.moments], rng)

    def _batch(self, times: np.ndarray, rng: np.random.Generator) -> list[int]:
        chosen: list[int] = []
        for left, time in zip(range(len(times), 0, -1), times, strict=True):
            there = np.flatnonzero((self.pieces.span[:, 0] <= time) & (time <= self.pieces.span[:, 1]))
            there = rng.permutation(there[~np.isin(there, chosen)])
            chosen += there[: -(-(self.p - len(chosen)) // left)].tolist()
        return [row for piece in chosen for row in self._crops(piece, rng)]

    def _crops(self, piece: int, rng: np.random.Generator) -> list[int]:
        begin, end = self._begin[piece], self._begin[piece + 1]
        place = (np.arange(self.k) + rng.random(self.k)) * (end - begin) / self.k
        return [int(begin + at) for at in np.minimum(place.astype(np.int64), end - begin - 1)]
