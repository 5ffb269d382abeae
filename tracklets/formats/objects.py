"""Tables that a program already has in memory: pandas, pyarrow, polars and whatever speaks Arrow's C interface."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.parquet import read_metadata
from reid_solve.tracklets.formats.registry import Loaded, Options, TableOrigin, reader
from reid_solve.tracklets.table import Clip


def _is_pandas(source: Any) -> bool:
    # By name, because asking pandas would import it.
    return type(source).__name__ == "DataFrame" and type(source).__module__.partition(".")[0] == "pandas"


@reader("pandas", recognises=_is_pandas, takes="object")
def read_pandas(source: Any, options: Options) -> Loaded:
    """Take a DataFrame; named index levels count as columns."""
    named = any(name is not None for name in source.index.names)
    try:
        table = pa.Table.from_pandas(source, preserve_index=named)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"DataFrame: a column of mixed types ({'; '.join(map(str, error.args))})") from error
    return Loaded(table, Clip(source="DataFrame", format="pandas"), TableOrigin(table))


def _speaks_arrow(source: Any) -> bool:
    return not _is_pandas(source) and (isinstance(source, pa.RecordBatch) or hasattr(source, "__arrow_c_stream__"))


@reader("arrow", recognises=_speaks_arrow, takes="object")
def read_arrow(source: Any, options: Options) -> Loaded:
    """Take a pyarrow Table or RecordBatch, or another object that exports Arrow data."""
    if isinstance(source, pa.RecordBatch):
        table = pa.Table.from_batches([source])
    else:
        table = source if isinstance(source, pa.Table) else pa.table(source)
    clip = Clip(source="table", format="arrow", metadata=read_metadata(table))
    return Loaded(table, clip, TableOrigin(table))
