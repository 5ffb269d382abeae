"""Arrow columns as numpy arrays and back, without a copy where there is one to save.

pyarrow's own conversions (``to_numpy``, ``pa.array``, ``pa.scalar``) import pandas when it is installed: a third of a
second that ``reid-solve --help`` and a small file should not pay. These go through the buffers instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BoolArray = npt.NDArray[np.bool_]

_DTYPES = {
    pa.int8(): np.int8, pa.int16(): np.int16, pa.int32(): np.int32, pa.int64(): np.int64,
    pa.uint8(): np.uint8, pa.uint16(): np.uint16, pa.uint32(): np.uint32, pa.uint64(): np.uint64,
    pa.float16(): np.float16, pa.float32(): np.float32, pa.float64(): np.float64,
}  # fmt: skip


def whole(column: Any) -> Any:
    """One contiguous array of a (chunked) column."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.nulls(0, column.type)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pa.concat_arrays(column.chunks)


def present(column: Any) -> BoolArray:
    """Which values are not null, (n,)."""
    array = whole(column)
    if array.null_count == 0:
        return np.ones(len(array), np.bool_)
    if pa.types.is_null(array.type):
        return np.zeros(len(array), np.bool_)
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(np.bool_)


def values(column: Any) -> npt.NDArray[Any]:
    """A numeric column as numpy, (n,), in its own type; what stands at a null is arbitrary (see ``present``)."""
    array = whole(column)
    dtype = _DTYPES[array.type]
    if len(array) == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]


def floats(column: Any) -> npt.NDArray[np.float64]:
    """A numeric column as float64, (n,), NaN where null."""
    array = whole(column)
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan)
    numbers = values(array).astype(np.float64, copy=False)
    return numbers if array.null_count == 0 else np.where(present(array), numbers, np.nan)


def column(numbers: npt.NDArray[Any], mask: BoolArray | None = None) -> Any:
    """An Arrow array of numbers or booleans, (n,); null where the mask is true."""
    validity = None if mask is None or not mask.any() else pa.py_buffer(np.packbits(~mask, bitorder="little"))
    if numbers.dtype == np.bool_:
        data = pa.py_buffer(np.packbits(numbers, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(numbers), [validity, data])
    kind = pa.from_numpy_dtype(numbers.dtype)
    return pa.Array.from_buffers(kind, len(numbers), [validity, pa.py_buffer(np.ascontiguousarray(numbers))])


def strings(words: Sequence[str]) -> Any:
    """An Arrow string array of a few words."""
    encoded = [word.encode() for word in words]
    ends = np.cumsum([0, *(len(word) for word in encoded)], dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(words), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))])


def words(column: Any) -> Any:
    """A column as plain strings: dictionaries decoded, numbers printed."""
    array = whole(column)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    return array if array.type == pa.string() else array.cast(pa.string())


def without_views(table: pa.Table) -> pa.Table:
    """The same table with string and binary views (as polars hands over) as plain ones, on which Arrow can compute."""
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    for k, field in enumerate(table.schema):
        if field.type in plain:
            table = table.set_column(k, field.name, table.column(k).cast(plain[field.type]))
    return table


def value_type(kind: Any) -> Any:
    """What a column of an Arrow type holds, dictionaries looked through."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is some kind of string."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
