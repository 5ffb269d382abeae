"""Features and tables of pictures from files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.evaluation.retrieval.space import Floats
from reid_solve.tracklets import arrays
from reid_solve.tracklets.embeddings import embedding_column
from reid_solve.tracklets.errors import InputError

VECTORS = ("features", "embedding", "embeddings", "feature")
COLUMNS = ("path", "pid", "camid", "split", "action", "id", "clip", "time", "x", "y", "height")


def read_features(path: Path) -> tuple[Floats, Any]:
    """Read the features of some pictures.

    Args:
        path: .npy, an array (n, D); .npz, with an array ``features`` (n, D) and, if it likes, arrays (n,) of the
            columns in ``COLUMNS``; or .parquet, such columns and a list column ``features`` or
            ``embedding``.

    Returns:
        features (n, D) and a pa.Table (n rows) of what the file says about the pictures; None where that is nothing.

    Raises:
        InputError: not such a file.
    """
    ending = _ending(path)
    if ending == ".npy":
        return _checked(path, _npy(path)), None
    if ending == ".npz":
        return _of_arrays(path, _npz(path))
    if ending in {".parquet", ".pq"}:
        table = read_table(path)
        name = next((n for n in VECTORS if n in table.column_names), None)
        if name is None:
            raise InputError(f"{path}: no column {VECTORS[0]!r} or {VECTORS[1]!r} among {_list(table.column_names)}")
        lists, lost = embedding_column(table[name], str(path), name, lambda row: f"row {row}")
        if lost or lists.null_count:
            raise InputError(f"{path}: {lists.null_count} rows without finite features; leave these pictures out")
        vectors = arrays.values(lists.flatten()).reshape(table.num_rows, -1)
        rest = table.select([n for n in COLUMNS if n in table.column_names])
        return vectors, rest if "split" in rest.column_names else None
    raise InputError(f"{path}: features come as .npy, .npz or .parquet")


def read_table(path: Path) -> Any:
    """Read a table of pictures, .parquet or .csv.

    Raises:
        InputError: not such a file.
    """
    ending = _ending(path)
    try:
        if ending in {".parquet", ".pq"}:
            import pyarrow.parquet as pq

            with pq.ParquetFile(path) as file:
                return file.read()
        if ending == ".csv":
            from pyarrow import csv

            # names stay text: an action may be called 0017
            return csv.read_csv(path, convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in ("path", "split", "action", "clip")}
            ))  # fmt: skip
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(f"{path}: cannot be read ({reason}); write it again") from error
    raise InputError(f"{path}: tables of pictures come as .parquet or .csv")


def _ending(path: Path) -> str:
    """Of a file that is there, small letters."""
    if not path.is_file():
        raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    return path.suffix.lower()


def _npy(path: Path) -> Any:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path}: no array of numbers in a file of numpy, or cut short; write it again") from error


def _npz(path: Path) -> dict[str, Any]:
    name = ""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            out = {}
            for name in found.files:
                out[name] = found[name]
            return out
    except (ValueError, OSError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        fact = f"array {name!r} is damaged or holds Python objects" if name else "no archive of numpy, or cut short"
        raise InputError(f"{path}: {fact}; write it again") from error


def _of_arrays(path: Path, found: dict[str, Any]) -> tuple[Floats, Any]:
    matrices = [name for name, array in found.items() if array.ndim == 2 and array.dtype.kind == "f"]
    name = next((n for n in VECTORS if n in matrices), matrices[0] if len(matrices) == 1 else None)
    if name is None:
        have = _list([f"{n} {a.shape}" for n, a in found.items()])
        raise InputError(f"{path}: no array 'features' (n, D) of floating point; it has {have}")
    features = _checked(path, found[name])
    columns = {n: found[n] for n in COLUMNS if n in found}
    for column, array in columns.items():
        if array.shape != (len(features),):
            raise InputError(f"{path}: array {column!r} of shape {array.shape} beside {len(features)} features")
    if "split" not in columns:
        return features, None
    return features, pa.table({n: pa.array(array.tolist()) for n, array in columns.items()})


def _checked(path: Path, array: Any) -> Floats:
    if array.ndim != 2 or array.dtype.kind != "f" or not array.shape[1]:
        raise InputError(f"{path}: an array of {array.dtype} {array.shape}, not (n, D) of floating point")
    return array if array.dtype in (np.float32, np.float64) else np.asarray(array, np.float32)


def _list(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
