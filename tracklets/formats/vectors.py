"""Vectors of detections, out of pickles: boxes and embeddings, a number at a time or a whole array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.nested import named
from reid_solve.tracklets.formats.unpickle import Array
from reid_solve.tracklets.table import FloatArray, IntArray


def unwrapped(value: Any) -> Any:
    """An array that was pickled, as numpy's own."""
    return value.values if isinstance(value, Array) else value


def vectors_of(
    values: Sequence[Any], budget: int, source: str, name: str, path: Callable[[int], str]
) -> tuple[IntArray, FloatArray]:
    """The rows (m,) that have a vector, and the vectors (m, d), all of one length.

    Raises:
        InputError: something else than numbers, different lengths, or together more numbers than the pickles have
            bytes, which only a trap has.
    """
    there = [(row, unwrapped(value)) for row, value in enumerate(values)]
    there = [(row, value) for row, value in there if value is not None and not isinstance(value, float)]
    size = int(np.size(there[0][1])) if there and isinstance(there[0][1], np.ndarray) else 4
    if there and isinstance(there[0][1], list | tuple):
        size = len(there[0][1])
    if size * len(there) > budget:
        raise InputError(f"{source}: {name} has more numbers than the file has bytes, which is a trap; write parquet")
    vectors = np.zeros((len(there), size))
    for at, (row, value) in enumerate(there):
        try:
            if isinstance(value, np.ndarray) and value.dtype != object:
                vectors[at] = value.reshape(-1)
            else:
                vectors[at] = [float(number) for number in value]
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"{source}, {path(row)}: {name} is {named(value)}, not {size} numbers as in other rows; correct it"
            ) from error
    return np.array([row for row, _ in there], np.int64), vectors


def list_column(rows: IntArray, vectors: FloatArray, n: int) -> Any:
    """Vectors (m, d) of some rows as a column (n,) of lists; those without take no room."""
    there = np.zeros(n, np.bool_)
    there[rows] = True
    ends = np.concatenate([[0], np.cumsum(there)]) * vectors.shape[1]
    validity = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    flat = arrays.column(vectors.astype(np.float32).reshape(-1))
    buffers = [validity, pa.py_buffer(ends.astype(np.int64))]
    return pa.Array.from_buffers(pa.large_list(pa.float32()), n, buffers, children=[flat])
