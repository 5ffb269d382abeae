"""What ``boxmot materialize`` builds (``boxmot.dataset/v1``): a folder of parquet tables of detections, without tracks.

``samples/part-*.parquet`` has a row for each frame (sample_id, sequence_id, frame_index, width, height, ...),
``instances/`` one for each detection (instance_id, sample_id, x1, y1, x2, y2, score, class_id), ``embeddings/`` vectors
(instance_id, values) of some or all. The rows are joined by their keys; their order means nothing. ``manifest.json``
says how many rows each table has; the paths in it are not used.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.parquet import read_table
from reid_solve.tracklets.formats.registry import Loaded, Options, TableOrigin, reader
from reid_solve.tracklets.formats.sources import Folder, open_file
from reid_solve.tracklets.table import Clip, Note

NAME = "boxmot-dataset"
_PART = re.compile(r"part-\d{5,}\.parquet")
_SCHEMA = "boxmot.dataset/v1"
_LARGEST_MANIFEST = 1 << 26
_KEYS = {
    "samples": ("sample_id", "sequence_id", "frame_index"),
    "instances": ("instance_id", "sample_id", "x1", "y1", "x2", "y2"),
    "embeddings": ("instance_id", "values"),
}


def _is_build(source: Folder) -> bool:
    if not {"samples", "instances"} <= set(source.folders) or "manifest.json" not in source.files:
        return False
    try:
        return _SCHEMA.encode() in (source.path / "manifest.json").read_bytes()[:_LARGEST_MANIFEST]
    except OSError:
        return False


@reader(
    NAME,
    recognises=_is_build,
    takes="folder",
    about="what boxmot materialize builds: parquet tables of detections with embeddings, without track ids",
    extensions=(".parquet",),
)
def read_build(folder: Folder, options: Options) -> Loaded:
    """Join detections, frames and embeddings. There are no ids in it: track it first.

    Raises:
        InputError: a table is missing, damaged, or not whole; or boxes that stand askew.
    """
    try:
        return _joined(folder)
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{folder}: its tables do not fit together ({reason}); build it again") from error


def _joined(folder: Folder) -> Loaded:
    expected = _expected(folder)
    samples = _table(folder, "samples", expected)
    instances = _table(folder, "instances", expected)
    at = pc.index_in(arrays.whole(instances["sample_id"]), value_set=arrays.whole(samples["sample_id"]))
    if at.null_count:
        lost = instances["sample_id"][int(np.flatnonzero(~arrays.present(at))[0])].as_py()
        raise InputError(f"{folder}: detections of {lost!r}, which is not among the samples; build it again")
    columns = {
        name: samples[name].take(at) for name in samples.column_names if name not in {"sample_id", "width", "height"}
    }
    columns["sequence"] = arrays.whole(columns.pop("sequence_id")).dictionary_encode()
    columns["track_id"] = pa.nulls(instances.num_rows, pa.int64())
    columns |= {name: instances[name] for name in instances.column_names}
    if "embeddings" in folder.folders:
        vectors = _table(folder, "embeddings", expected)
        encoders = pc.unique(vectors["encoder_fingerprint"]) if "encoder_fingerprint" in vectors.column_names else []
        if len(encoders) > 1:
            raise InputError(f"{folder}: embeddings of {len(encoders)} encoders; keep those of one")
        where = pc.index_in(arrays.whole(instances["instance_id"]), value_set=arrays.whole(vectors["instance_id"]))
        columns["embedding"] = arrays.whole(vectors["values"]).take(where)
    table = pa.table(columns)
    text = "a build of detections has no track ids: track it with --detections"
    notes = (Note("no-ids", table.num_rows, text, "warning"),) if table.num_rows else ()
    width, height = (_only(samples, name) for name in ("width", "height"))
    clip = Clip(source=str(folder), format=NAME, width=width, height=height)
    return Loaded(table, clip, TableOrigin(table), notes)


def _expected(folder: Folder) -> dict[str, int]:
    """Rows of each table, as the manifest says."""
    path = folder.path / "manifest.json"
    try:
        content = json.loads(path.read_bytes())
        counts = {one["name"]: int(one["rows"]) for one in content["artifacts"]}
        kind = content.get("box_type", "aabb")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: damaged ({str(error)[:80]}); copy the folder again") from error
    if kind != "aabb":
        raise InputError(f"{folder}: boxes that stand askew (box_type {kind}); only upright ones can be tracked")
    return counts


def _table(folder: Folder, name: str, expected: dict[str, int]) -> Any:
    """All parts of one table."""
    inner = folder.folder(name)
    parts = [] if inner is None else [inner.path / part for part in inner.files if _PART.fullmatch(part)]
    tables = [read_table(open_file(part)) for part in parts]
    try:
        table = pa.concat_tables(tables)
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0] if tables else "no part-*.parquet in it"
        raise InputError(f"{folder.path / name}: {reason}; copy the folder again") from error
    missing = [key for key in _KEYS[name] if key not in table.column_names]
    if missing:
        raise InputError(f"{folder.path / name}: no column {', '.join(missing)}; build it again")
    if table.num_rows != expected.get(name, table.num_rows):
        raise InputError(
            f"{folder.path / name}: {table.num_rows} rows, the manifest says {expected[name]}; copy the folder again"
        )
    return table


def _only(samples: Any, name: str) -> int | None:
    """The one value of a column; None where there is none, or several."""
    if name not in samples.column_names:
        return None
    values = pc.unique(samples[name]) if pa.types.is_integer(samples.schema.field(name).type) else []
    return int(values[0].as_py()) if len(values) == 1 and values[0].is_valid else None
