"""How far apart two pictures are: by their features, by a matrix that is given, or by the mean of several such.

Nothing holds all distances at once: whoever needs them asks for blocks. Distances are plain, never squared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reid_solve.evaluation.retrieval.layout import Layout
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import FloatArray, IntArray

METRICS = ("cosine", "euclidean")
ROWS = 4096  # of features at once, where a copy of them is needed

Floats = npt.NDArray[Any]  # float32 or float64


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of an array of features, copied only when asked for: features of a large set can stay in their file.

    Attributes:
        features: (n, D).
        row: (m,) which of them.
    """

    features: Floats
    row: IntArray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def shape(self) -> tuple[int, ...]:
        """(m, D)."""
        return (len(self.row), *self.features.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the features."""
        return self.features.dtype

    def __getitem__(self, at: IntArray) -> Floats:
        return np.asarray(self.features[self.row[at]])


Vectors = Floats | Rows


class Space(Protocol):
    """Distances between places of a ``Layout``."""

    def block(self, rows: slice, columns: slice) -> Floats:
        """All distances between two stretches of places, a new array (a, b)."""

    def pairs(self, first: IntArray, second: IntArray) -> Floats:
        """Distances of pairs of places, (p,)."""


class Features:
    """Distances between feature vectors.

    Args:
        vectors: (N, D) float32 or float64, by place; for ``cosine`` they have length 1.
        metric: ``cosine``, 1 - a·b; or ``euclidean``, |a - b|.
    """

    def __init__(self, vectors: Floats, metric: str = "cosine") -> None:
        self.vectors, self.metric = vectors, metric
        self.squares = np.einsum("nd,nd->n", vectors, vectors) if metric == "euclidean" else None

    def block(self, rows: slice, columns: slice) -> Floats:
        """All distances between two stretches of places; that of a place to itself is 0."""
        out: Floats = self.vectors[rows] @ self.vectors[columns].T
        if self.squares is None:
            np.subtract(1, out, out=out)
        else:
            out *= -2
            out += self.squares[rows, None]
            out += self.squares[columns]
            np.sqrt(np.maximum(out, 0, out=out), out=out)
        first, last = max(rows.start, columns.start), min(rows.stop, columns.stop)
        if first < last:
            both = np.arange(first, last)
            out[both - rows.start, both - columns.start] = 0
        return out

    def pairs(self, first: IntArray, second: IntArray) -> Floats:
        """Distances of pairs of places, (p,)."""
        out = np.empty(len(first), self.vectors.dtype)
        for lo in range(0, len(first), ROWS):
            a, b = self.vectors[first[lo : lo + ROWS]], self.vectors[second[lo : lo + ROWS]]
            if self.metric == "cosine":
                out[lo : lo + ROWS] = np.where(first[lo : lo + ROWS] == second[lo : lo + ROWS], 0, 1 - (a * b).sum(1))
            else:
                out[lo : lo + ROWS] = np.sqrt(np.square(a - b).sum(1))
        return out

    def scale(self, layout: Layout) -> float:
        """Typical distance of a query to a gallery picture of any group: the mean cosine distance, or the root of the
        mean squared Euclidean one; both follow from the mean vectors, with no pass over pairs.
        """
        is_query = np.zeros(len(self.vectors), bool)
        is_query[layout.place] = True
        mean = [_mean(self.vectors, side) for side in (is_query, ~is_query)]
        if self.squares is None:
            return float(1 - mean[0] @ mean[1])
        square = sum(float(self.squares[side].mean(dtype=np.float64)) for side in (is_query, ~is_query))
        return float(np.sqrt(max(square - 2 * float(mean[0] @ mean[1]), 0)))


@dataclass(frozen=True, eq=False)
class Matrix:
    """Distances that are given.

    Attributes:
        distance: (N, N) by row as in ``Layout.order``; queries first.
        order: (N,) row of each place.
    """

    distance: Floats
    order: IntArray

    def block(self, rows: slice, columns: slice) -> Floats:
        """All distances between two stretches of places."""
        a, b = self.order[rows], self.order[columns]
        if (np.diff(a) == 1).all() and (np.diff(b) == 1).all() and len(a) and len(b):  # much faster to copy
            return np.array(self.distance[a[0] : a[-1] + 1, b[0] : b[-1] + 1])
        return np.asarray(self.distance[np.ix_(a, b)])

    def pairs(self, first: IntArray, second: IntArray) -> Floats:
        """Distances of pairs of places, (p,)."""
        return np.asarray(self.distance[self.order[first], self.order[second]])


@dataclass(frozen=True, eq=False)
class Mean:
    """The weighted mean of several spaces.

    Attributes:
        spaces: what to average.
        factors: what to multiply the distances of each with: its weight, over its scale and the sum of weights.
    """

    spaces: Sequence[Space]
    factors: Sequence[float]

    def block(self, rows: slice, columns: slice) -> Floats:
        """All mean distances between two stretches of places."""
        out = self.spaces[0].block(rows, columns)
        out *= self.factors[0]
        for space, factor in zip(self.spaces[1:], self.factors[1:], strict=True):
            more = space.block(rows, columns)
            more *= factor
            out = np.add(out, more, out=out if out.dtype == np.result_type(out, more) else None)
        return out

    def pairs(self, first: IntArray, second: IntArray) -> Floats:
        """Mean distances of pairs of places, (p,)."""
        parts = [f * s.pairs(first, second) for s, f in zip(self.spaces, self.factors, strict=True)]
        return np.asarray(sum(parts[1:], parts[0]))


def make_space(
    layout: Layout,
    features: Sequence[tuple[Vectors, Vectors]],
    metric: str = "cosine",
    *,
    weights: Sequence[float] | None = None,
    euclidean: bool = False,
) -> Space:
    """The space of one set of features, or of the ensemble of several.

    Args:
        layout: the order of places.
        features: for each model, features of the queries (Q, D) and of the gallery (G, D).
        metric: ``cosine`` or ``euclidean``; vectors are brought to length 1 for the former.
        weights: one a model; 1 each by default. Distances are divided by their ``Features.scale`` first.
        euclidean: measure vectors that were brought to length 1 by |a - b|, which orders them as the cosine does.

    Raises:
        OptionError: no such metric, or weights that do not fit.
        InputError: features that are no finite numbers, or have no direction.
    """
    if metric not in METRICS:
        raise OptionError(f"no metric {metric!r}; one of: {', '.join(METRICS)}")
    given = [1.0] * len(features) if weights is None else [float(w) for w in weights]
    if len(given) != len(features):
        raise OptionError(f"{len(given)} weights for {len(features)} sets of features; give one for each")
    if not all(w >= 0 and np.isfinite(w) for w in given) or not sum(given):
        raise OptionError(f"weights {', '.join(f'{w:g}' for w in given)}: none may be negative, and not all 0")
    kind = "euclidean" if euclidean else metric
    spaces = [Features(_placed(layout, *sides, unit=metric == "cosine"), kind) for sides in features]
    if len(spaces) == 1:
        return spaces[0]
    scales = [max(space.scale(layout), float(np.finfo(np.float32).tiny)) for space in spaces]
    return Mean(spaces, [w / s / sum(given) for w, s in zip(given, scales, strict=True)])


def _placed(layout: Layout, query: Vectors, gallery: Vectors, unit: bool) -> Floats:
    """Features by place, checked, (N, D); the one copy of them that is made."""
    if len(query.shape) != 2 or len(gallery.shape) != 2 or query.shape[1] != gallery.shape[1]:
        raise InputError(f"features of shape {query.shape} and {gallery.shape}: not (n, D) of one D on both sides")
    kind = np.float32 if query.dtype.itemsize < 8 and gallery.dtype.itemsize < 8 else np.float64
    out = np.empty((len(layout.order), query.shape[1]), kind)
    queries = len(query)
    for lo in range(0, len(out), ROWS):
        part, row = out[lo : lo + ROWS], layout.order[lo : lo + ROWS]
        asked = row < queries
        part[asked], part[~asked] = query[row[asked]], gallery[row[~asked] - queries]
        length = np.sqrt(np.einsum("nd,nd->n", part, part, dtype=np.float64))
        bad = ~np.isfinite(length) | (unit & (length == 0))
        if bad.any():
            at = int(row[int(np.argmax(bad))])
            where = f"query {at}" if at < queries else f"gallery row {at - queries}"
            fact = "a vector of zeros, which has no direction" if length[int(np.argmax(bad))] == 0 else "not finite"
            raise InputError(f"features, {where}: {fact}; leave the picture out or embed it again")
        if unit:
            part /= length[:, None]
    return out


def _mean(vectors: Floats, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    """Mean vector of some rows, (D,), in float64."""
    rows = np.flatnonzero(chosen)
    parts = [vectors[rows[lo : lo + ROWS]].sum(0, dtype=np.float64) for lo in range(0, len(rows), ROWS)]
    return np.asarray(sum(parts, np.zeros(vectors.shape[1]))) / max(len(rows), 1)
