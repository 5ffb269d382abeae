"""Appearance vectors: as a column of the table, or in a sidecar file that has a few rows for each tracklet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays, columns
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks

Matrix = npt.NDArray[np.float32]


def embedding_column(column: Any, source: str, name: str, place: Callable[[int], str]) -> tuple[Any, int]:
    """Check a column of lists.

    Returns:
        a large_list<float32> array (n,) of lists of one length, null where there is no direction in the numbers
        (missing, NaN, infinite or all zero), and how many rows were set to null for what was in them. Rows without an
        embedding take no room: often only every tenth has one.

    Raises:
        InputError: not lists of numbers, or of different lengths.
    """
    vectors, there = _matrix(column, source, name, place)
    telling = np.isfinite(vectors).all(axis=1) & (vectors != 0).any(axis=1)
    if not telling.all():
        vectors = vectors[telling]
    good = there.copy()
    good[there] = telling
    offsets = np.concatenate([[0], np.cumsum(good)]) * vectors.shape[1]
    validity = None if good.all() else pa.py_buffer(np.packbits(good, bitorder="little"))
    buffers = [validity, pa.py_buffer(offsets.astype(np.int64))]
    flat = arrays.column(vectors.reshape(-1))
    lists = pa.Array.from_buffers(pa.large_list(pa.float32()), len(good), buffers, children=[flat])
    return lists, int((~telling).sum())


def _matrix(column: Any, source: str, name: str, place: Callable[[int], str]) -> tuple[Matrix, BoolArray]:
    """The vectors (m, D) of the rows that have one, and which of the rows (n,) these are."""
    array = arrays.whole(column)
    kind = array.type
    if pa.types.is_null(kind):
        return np.zeros((0, 1), np.float32), np.zeros(len(array), np.bool_)
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise InputError(f"{source}: column {name!r} holds {kind}, not lists of numbers")
    there = arrays.present(array).copy()
    if not pa.types.is_fixed_size_list(kind):
        sizes = arrays.values(pc.list_value_length(array))
        there &= sizes > 0
        lengths = np.unique(sizes[there])
        if len(lengths) > 1:
            first = int(sizes[there][0])
            other = int(np.flatnonzero(there & (sizes != first))[0])
            raise InputError(
                f"{source}, {place(other)}: an embedding of {sizes[other]} numbers, while others have {first}; "
                "take all of them from one model"
            )
    flat = array.flatten()  # without the lists that are null
    if kind.value_type not in (pa.float32(), pa.float16(), pa.float64()):
        try:
            flat = flat.cast(pa.float32())
        except pa.ArrowException as error:
            raise InputError(f"{source}: column {name!r} holds {kind}, not lists of numbers") from error
    with np.errstate(over="ignore", invalid="ignore"):  # too large for 32 bits is infinite, and so missing
        numbers = arrays.values(flat).astype(np.float32)
    if flat.null_count:
        numbers = np.where(arrays.present(flat), numbers, np.float32(np.nan))
    count = int(there.sum())
    return numbers.reshape(count, -1) if count else np.zeros((0, 1), np.float32), there


def read_embeddings(path: str | os.PathLike[str]) -> Any:
    """Read a sidecar of embeddings: a parquet file with frame, track_id (or an alias of it) and embedding.

    Returns:
        a pa.Table with columns frame, track_id, embedding (lists of one length, no nulls) and, where the file
        has one, sequence; the number of rows left out (missing, NaN or zero vectors) is in its schema metadata under
        ``dropped``.

    Raises:
        InputError: not such a file, or vectors of different lengths.
    """
    from reid_solve.tracklets import casts, read
    from reid_solve.tracklets.formats.parquet import read_table
    from reid_solve.tracklets.formats.registry import TableOrigin

    file = read.open_file(Path(path))
    table = read_table(file)
    found = {
        key: next((c for alias in columns.ALIASES[key] for c in table.column_names if c.lower() == alias), None)
        for key in ("frame", "track_id", "embedding", "sequence")
    }
    missing = [key for key in ("frame", "track_id", "embedding") if found[key] is None]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)} among {', '.join(table.column_names)}")
    draft = casts.Draft(table, str(path), TableOrigin(table))
    frame, there = casts.integers(draft, "frame", str(found["frame"]))
    ids, _ = casts.ids(draft, "track_id", str(found["track_id"]))
    name = str(found["embedding"])
    vectors, _ = embedding_column(table[name], str(path), name, draft.place)
    out = {"frame": arrays.column(frame, ~there), "track_id": ids, "embedding": vectors}
    if found["sequence"] is not None:
        out["sequence"] = casts.labels(draft, str(found["sequence"]))
    good = there & arrays.present(ids) & arrays.present(vectors)
    kept = pa.table(out).filter(arrays.column(good))
    return kept.replace_schema_metadata({"source": str(path), "dropped": str(int((~good).sum()))})


@dataclass(frozen=True)
class Attached:
    """Embeddings that found their detection."""

    rows: IntArray  # (m,) positions in the tracks
    vectors: Matrix  # (m, D)
    notes: tuple[Note, ...]


def attach(tracks: Tracks, sidecar: Any) -> Attached:
    """Join a sidecar to tracks by (sequence,) frame and id; an id may be 7 in one and "7" in the other.

    Args:
        tracks: read tracks; of two rows with one frame and id the first is taken.
        sidecar: what ``read_embeddings`` returned.

    Raises:
        InputError: nothing matches.
    """
    metadata = {key.decode(): value.decode() for key, value in (sidecar.schema.metadata or {}).items()}
    source = metadata.get("source", "embeddings")
    ours, theirs = _keys(tracks, sidecar)
    order = np.argsort(ours, kind="stable")
    at = np.minimum(np.searchsorted(ours[order], theirs), max(len(ours) - 1, 0))
    hit = (theirs >= 0) & (ours[order][at] == theirs) if len(ours) else np.zeros(len(theirs), np.bool_)
    if not hit.any():
        raise InputError(
            f"{source}: none of its {len(theirs)} embeddings has a frame and id that occur in {tracks.clip.source}; "
            "make both from the same tracks"
        )
    notes = []
    dropped, lost = int(metadata.get("dropped", 0)), int((~hit).sum())
    if dropped:
        notes.append(Note("missing-embeddings", dropped, f"{source}: {dropped} empty, NaN or zero embeddings left out"))
    if lost:
        text = f"{source}: {lost} of {len(theirs)} embeddings match no row by frame and id; left out"
        notes.append(Note("unmatched-embeddings", lost, text, "warning"))
    vectors = arrays.whole(sidecar["embedding"]).flatten()
    matrix = arrays.values(vectors).reshape(sidecar.num_rows, -1)[hit]
    return Attached(order[at[hit]].astype(np.int64), matrix, tuple(notes))


def _keys(tracks: Tracks, sidecar: Any) -> tuple[IntArray, IntArray]:
    """One number for each (sequence, frame, id) on both sides, -1 and -2 where it cannot match."""
    frames = arrays.values(sidecar["frame"])
    ours, theirs = tracks.frame, frames
    joint = ["track_id"] + (["sequence"] if "sequence" in tracks and "sequence" in sidecar.column_names else [])
    low = int(min(ours.min(initial=0), theirs.min(initial=0)))
    ours, theirs = ours - low, theirs - low
    bad_ours, bad_theirs = np.zeros(len(ours), np.bool_), np.zeros(len(theirs), np.bool_)
    for name in joint:
        code, names = tracks.codes(name)
        other, values = arrays.whole(sidecar[name]), names
        if other.type != values.type:
            other, values = arrays.words(other), arrays.words(values)
        match = pc.index_in(other, value_set=values)
        found = np.where(arrays.present(match), arrays.values(match), -1).astype(np.int64)
        bad_ours |= code < 0
        bad_theirs |= found < 0
        ours, theirs = ours * (len(names) + 1) + code, theirs * (len(names) + 1) + found
    return np.where(bad_ours, -1, ours), np.where(bad_theirs, -2, theirs)
