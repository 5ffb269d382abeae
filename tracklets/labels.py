"""What pictures say about tracklets, written into the table: a label and its score for every row of a tracklet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import match
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks
from reid_solve.tracklets.write import check_target

# The words that trackers, detectors and annotators use for who somebody is; a "person" may be anybody.
ROLES = {
    "ball": "ball", "sports ball": "ball", "football": "ball", "soccer ball": "ball", "basketball": "ball",
    "referee": "referee", "ref": "referee", "umpire": "referee", "official": "referee", "main referee": "referee",
    "side referee": "referee", "player": "player",
    "goalkeeper": "goalkeeper", "goalie": "goalkeeper", "keeper": "goalkeeper",
}  # fmt: skip


def check_label_target(path: Path, source: Path | None = None) -> None:
    """Find out before the work begins whether labels can be written to a file.

    Raises:
        OutputError: see ``write.check_target``.
        OptionError: the format has no columns for them.
    """
    check_target(path, source)
    if not path.name.lower().endswith((".parquet", ".csv", ".csv.gz")):
        raise OptionError(f"{path}: this format has no place for labels; end it in .parquet or .csv")


def one_recording(tracks: Tracks, why: str) -> None:
    """Refuse a table of several recordings where one video is looked at.

    Raises:
        InputError: rows of more than one.
    """
    count = int(tracks.sequence.max(initial=0)) + 1
    if count > 1:
        raise InputError(f"{tracks.clip.source}: holds {count} recordings, {why}; give the rows of that one")


def roles_of_rows(tracks: Tracks) -> Any:
    """What the table's ``role``, or else its ``class_name``, says of each row: strings (n,) of ``ROLES``, or null."""
    said = pa.nulls(len(tracks), pa.string())
    for column in ("role", "class_name"):
        if column in tracks:
            words = pc.utf8_lower(pc.utf8_trim_whitespace(arrays.words(tracks.canonical[column])))
            at = pc.index_in(words, value_set=arrays.strings(list(ROLES)))
            said = pc.coalesce(said, arrays.strings(list(ROLES.values())).take(at))
    return said


def with_labels(tracks: Tracks, column: str, codes: IntArray, names: Sequence[str], score: FloatArray) -> Tracks:
    """Add a column of labels and its ``_score``; rows that have a label already keep it, and their score.

    Both stand in the user's table under the user's own names, if it has them.

    Args:
        tracks: rows (n,).
        column: ``team``, ``role`` or ``jersey``.
        codes: (n,) index into ``names``; -1 for no label.
        names: the labels.
        score: (n,) probability that the label is right.
    """
    label = arrays.strings(list(names) or [""]).take(arrays.column(np.maximum(codes, 0), codes < 0))
    given = _present(tracks, column)
    new = {
        column: (label, pa.string()),
        f"{column}_score": (arrays.column(score.astype(np.float32), (codes < 0) | given), pa.float32()),
    }
    canonical, source = tracks.canonical, tracks.source
    texts = frozenset(field.name for field in source.schema if arrays.is_text(_plain(field.type)))
    named = match(source.column_names, texts, tracks.clip.source, {}, tracks.clip.box_format).named
    for name, (values, kind) in new.items():
        canonical = _filled(canonical, name, values, kind)
        source = _filled(source, named.get(name, name) if name in tracks else name, values, kind)
    return replace(tracks, canonical=canonical, source=source)


def _present(tracks: Tracks, column: str) -> BoolArray:
    return arrays.present(tracks.canonical[column]) if column in tracks else np.zeros(len(tracks), np.bool_)


def _filled(table: Any, name: str, values: Any, kind: Any) -> Any:
    """A table whose column has new values where it had none."""
    at = table.schema.get_field_index(name)
    if at < 0:
        return table.append_column(name, values)
    old = arrays.whole(table[name])
    words = arrays.words(old) if kind == pa.string() else old.cast(kind, safe=False)
    whole = pc.coalesce(words, values.cast(kind))
    if pa.types.is_dictionary(old.type) and arrays.is_text(old.type.value_type):
        whole = whole.cast(old.type.value_type).dictionary_encode()
    return table.set_column(at, table.schema.field(at).with_type(whole.type).with_nullable(True), whole)


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
