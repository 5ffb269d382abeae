"""How good a network is on this match, as far as that can be known without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray
from reid_solve.training.loop.material import FloatRows
from reid_solve.training.self_supervised.pieces import Pieces

SCORES = ("mAP", "AUC")
APART_SECONDS = 1.0  # of two crops of one piece; nearer ones are alike for any network


@dataclass(frozen=True)
class Ranking:
    """Each crop looks for crops of its own piece, at least a second away, among those of people seen together with it.

    What nobody knows, whether two pieces that were not seen together are one person, is left out.

    Attributes:
        piece: (m,) of each crop.
        own: (m, m) the pairs of crops that are one person.
        other: (m, m) the pairs of crops that are two people.
    """

    piece: IntArray
    own: BoolArray
    other: BoolArray

    @classmethod
    def of(cls, pieces: Pieces, fps: float) -> Ranking:
        """Crops of pieces."""
        own = pieces.piece[:, None] == pieces.piece
        own &= np.abs(pieces.frame[:, None] - pieces.frame) >= APART_SECONDS * fps
        return cls(pieces.piece, own, pieces.together()[pieces.piece][:, pieces.piece])

    @property
    def asking(self) -> IntArray:
        """Crops (q,) that have somebody of either kind."""
        return np.flatnonzero(self.own.any(axis=1) & self.other.any(axis=1))

    def __call__(self, vectors: FloatRows) -> Mapping[str, float]:
        """Means over the crops that ask, in per cent: average precision, and area under the ROC curve."""
        return {name: 100 * float(values.mean()) for name, values in zip(SCORES, self.each(vectors), strict=True)}

    def gain(self, before: FloatRows, after: FloatRows) -> tuple[float, float]:
        """By how much mean average precision rises from one network's vectors to another's, and its standard error.

        Pieces count alike, and are what the error is estimated from: a piece's crops all succeed or all fail.
        """
        rise = self.each(after)[0] - self.each(before)[0]
        _, piece = np.unique(self.piece[self.asking], return_inverse=True)
        mean = np.bincount(piece, rise) / np.bincount(piece)
        return float(mean.mean()), float(mean.std(ddof=1) / np.sqrt(len(mean)))

    def each(self, vectors: FloatRows) -> tuple[FloatArray, FloatArray]:
        """Average precision (q,) and area under the ROC curve (q,) of each crop that asks; ties are against it."""
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        asks = self.asking
        own, other = self.own[asks], self.other[asks]
        alike = np.where(own | other, unit[asks] @ unit.T, -np.inf)
        order = np.argsort(-alike + 1e-9 * own, axis=1, kind="stable")
        hit, miss = (np.take_along_axis(kind, order, axis=1) for kind in (own, other))
        hits, misses = hit.cumsum(axis=1), miss.cumsum(axis=1)
        count, against = own.sum(axis=1), other.sum(axis=1)
        precision = np.where(hit, hits / np.maximum(hits + misses, 1), 0).sum(axis=1) / count
        area = 1 - np.where(hit, misses, 0).sum(axis=1) / (count * against)
        return np.asarray(precision), np.asarray(area)
