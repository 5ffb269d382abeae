"""Embeddings of some rows, pooled per tracklet.

The mean cosine similarity over all pairs of crops of two tracklets equals the product of their mean unit embeddings,
so sums are kept and frames are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.table import FloatArray, IntArray

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Appearance:
    """What the embedder saw of one recording.

    Attributes:
        row: (m,) rows of the tracklets (not of the table) that have an embedding, ascending.
        node: (m,) their tracklets.
        vector: (m, D) unit embeddings, less the recording's mean embedding: what everybody shares (light, lens,
            grass) tells nobody apart.
        count: number of tracklets.
    """

    row: IntArray
    node: IntArray
    vector: Vectors
    count: int

    @classmethod
    def of_rows(cls, rows: IntArray, node: IntArray, given: tuple[IntArray, Vectors] | None,
                table_rows: int) -> Appearance | None:  # fmt: skip
        """Pick one recording's embeddings.

        Args:
            rows: (n,) rows of the table that the recording's tracklets own, and node (n,) their tracklets.
            node: see ``rows``.
            given: rows (m,) of the table and their embeddings (m, D).
            table_rows: length of the table.
        """
        if given is None:
            return None
        where = np.full(table_rows, -1)
        where[rows] = np.arange(len(rows))
        row = where[given[0]]
        keep = np.flatnonzero(row >= 0)
        keep = keep[np.argsort(row[keep], kind="stable")]
        if not len(keep):
            return None
        vector = np.asarray(given[1][keep], np.float32)
        vector = vector / np.maximum(np.linalg.norm(vector, axis=1, keepdims=True), 1e-12)
        vector = vector - vector.mean(axis=0)
        row = row[keep]
        return cls(row, node[row], vector, int(node.max(initial=-1)) + 1)

    @cached_property
    def seen(self) -> IntArray:
        """Embeddings per tracklet, (N,)."""
        return np.bincount(self.node, minlength=self.count)

    @cached_property
    def mean(self) -> FloatArray:
        """Mean vector per tracklet, (N, D); zeros where nothing was seen."""
        return pool(self.vector, self.node, self.count)


def pool(vector: Vectors, group: IntArray, count: int) -> FloatArray:
    """Mean vector of each group, (count, D) float64; ``group`` (m,) ascending; zeros for an empty group."""
    out = np.zeros((count, vector.shape[1]))
    if len(group):
        begins = np.flatnonzero(np.diff(group, prepend=-1))
        size = np.diff(np.append(begins, len(group)))
        out[group[begins]] = np.add.reduceat(vector, begins, axis=0, dtype=np.float64) / size[:, None]
    return out


def sums(vector: Vectors, low: IntArray, high: IntArray) -> FloatArray:
    """Sums (R, D) in float64 of the vectors ``low[r]`` to ``high[r]``, without the latter; 0 <= low <= high <= m.

    Running sums would take twice the memory of all vectors, which of a whole match are gigabytes.
    """
    out = np.zeros((len(low), vector.shape[1]))
    some = np.flatnonzero(high > low)
    some = some[np.argsort(low[some], kind="stable")]  # what lies between two windows is summed up, too: keep it short
    if not len(some):
        return out
    last = high[some] == len(vector)  # reduceat wants an index that exists
    bounds = np.column_stack([low[some], high[some] - last]).ravel()
    out[some] = np.add.reduceat(vector, bounds, axis=0, dtype=np.float64)[::2]
    missed = some[last & (high[some] - 1 > low[some])]
    out[missed] += vector[-1]
    return out
