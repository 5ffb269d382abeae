"""Two rows of one frame with one id: the same row twice is dropped, different boxes are the user's decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import Draft, plain
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import IntArray, counted


def resolve(draft: Draft, on_duplicate: str, column: str) -> None:
    """Drop identical rows; then refuse, thin out or split what is left twice.

    Args:
        draft: with all its columns.
        on_duplicate: see ``reid_solve.tracklets.read.read``.
        column: of the user's table, that holds the ids.

    Raises:
        InputError: one id has two boxes in a frame and ``on_duplicate`` is "error".
    """
    group = _groups(draft)
    if group is None:
        return
    twice = np.flatnonzero(group >= 0)
    content = _content(draft.table.take(arrays.column(twice)))
    order = np.lexsort((twice, content, group[twice]))
    same = (np.diff(group[twice][order]) == 0) & (np.diff(content[order]) == 0)
    if same.any():
        kept = np.ones(len(group), np.bool_)
        kept[twice[order[1:][same]]] = False
        draft.keep(kept)
        draft.note(
            "identical-duplicates",
            int((~kept).sum()),
            f"{counted(int((~kept).sum()), 'row')} repeating another row exactly: dropped",
        )
        group = _groups(draft)
        if group is None:
            return
    rows = np.flatnonzero(group >= 0)
    if on_duplicate == "error":
        raise _conflict(draft, group, rows)
    score = arrays.floats(draft.columns["score"])[rows] if "score" in draft.columns else np.zeros(len(rows))
    if on_duplicate == "keep-best":
        order = np.lexsort((rows, -np.nan_to_num(score, nan=-np.inf), group[rows]))
        kept = np.ones(len(group), np.bool_)
        kept[rows[order[1:][np.diff(group[rows][order]) == 0]]] = False
        draft.keep(kept)
        count = int((~kept).sum())
        draft.note(
            "duplicates-dropped",
            count,
            f"{counted(count, 'row')} with an id that has a better one in the frame: dropped",
        )
    else:
        _split(draft, group, rows, column)


def _groups(draft: Draft) -> IntArray | None:
    """Number the (sequence, frame, id) that occur more than once, (n,), -1 elsewhere; None where there are none."""
    key = _keys(draft)
    assigned = np.flatnonzero(key >= 0)
    keys = key[assigned]
    if (np.diff(keys) > 0).all():
        return None  # sorted already, the usual case
    order = np.argsort(keys, kind="stable")
    repeats = np.diff(keys[order]) == 0
    if not repeats.any():
        return None
    group = np.full(len(key), -1, np.int64)
    member = np.zeros(len(order), np.bool_)
    member[1:] |= repeats
    member[:-1] |= repeats
    number = np.cumsum(np.concatenate([[True], ~repeats]))
    group[assigned[order[member]]] = number[member]
    return group


def _keys(draft: Draft) -> IntArray:
    """One whole number for each (sequence, frame, id), (n,); -1 where there is no id."""
    frame = arrays.values(draft.columns["frame"])
    if not len(frame):
        return np.zeros(0, np.int64)
    frame = frame - frame.min()
    if frame.max() > 2**24:  # times rather than frame numbers: count the distinct ones
        frame = np.unique(frame, return_inverse=True)[1].astype(np.int64)
    key = frame
    for name in ("sequence", "track_id"):
        if name not in draft.columns:
            continue
        indices = draft.columns[name].dictionary_encode().indices
        code = np.where(arrays.present(indices), arrays.values(indices), -1).astype(np.int64)
        missing = code < 0
        span = int(code.max(initial=0)) + 1
        # 2^24 frames, 2^31 ids and a few thousand sequences stay below 2^63
        key = key * (span + (name == "sequence")) + (code + (name == "sequence"))
        if name == "track_id":
            key = np.where(missing, -1, key)
    return key


def _content(table: Any) -> IntArray:
    """Number distinct rows by all their columns, (n,); lists (embeddings) do not count."""
    code = np.zeros(table.num_rows, np.int64)
    for column in table.columns:
        array = arrays.whole(column)
        if pa.types.is_nested(array.type) or pa.types.is_null(array.type):
            continue
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        index = np.where(arrays.present(encoded.indices), arrays.values(encoded.indices), -1).astype(np.int64) + 1
        code = np.unique(code * (int(index.max(initial=0)) + 1) + index, return_inverse=True)[1].astype(np.int64)
    return code


def _conflict(draft: Draft, group: IntArray, rows: IntArray) -> InputError:
    first = rows[0]
    second = rows[group[rows] == group[first]][1]
    frame = arrays.values(draft.columns["frame"])[first]
    track = draft.columns["track_id"][int(first)].as_py()
    cases = len(np.unique(group[rows]))
    more = f" ({cases} such cases)" if cases > 1 else ""
    return InputError(
        f"{draft.source}, {draft.place(int(first))} and {draft.place(int(second))}: frame {frame} has id {track} "
        f"twice, with different boxes{more}; choose --on-duplicate keep-best (highest score) or split (a new id)"
    )


def _split(draft: Draft, group: IntArray, rows: IntArray, column: str) -> None:
    """Give the second, third, ... row of an (id, frame) a new id, the same one in every frame.

    Also in the user's table: what is written of it could not be read again otherwise.
    """
    order = np.lexsort((rows, group[rows]))
    start = np.concatenate([[True], np.diff(group[rows][order]) != 0])
    place = np.arange(len(order))
    nth = place - np.maximum.accumulate(np.where(start, place, 0))
    moved, nth = rows[order[nth > 0]], nth[nth > 0]
    ids = draft.columns["track_id"]
    if arrays.is_text(ids.type):
        new = ids.to_pylist()
        for row, n in zip(moved, nth, strict=True):
            new[row] = f"{new[row]}#{n + 1}"
        draft.columns["track_id"] = pa.array(new, pa.string())
    else:
        whole = arrays.values(ids).copy()
        pairs = np.column_stack([whole[moved], nth])
        whole[moved] = whole.max() + 1 + np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
        draft.columns["track_id"] = arrays.column(whole, ~arrays.present(ids))
    _put(draft, column, np.sort(moved))
    draft.note(
        "duplicates-split",
        len(moved),
        f"{counted(len(moved), 'row')} with an id that is already in the frame: given a new id",
    )


def _put(draft: Draft, column: str, rows: IntArray) -> None:
    """Write the new ids of some rows into the user's column, in its own type if that can hold them."""
    old, new = plain(draft.table[column]), draft.columns["track_id"].take(arrays.column(rows))
    try:
        new = new.cast(old.type)
    except pa.ArrowException:
        old = old.cast(new.type)
    mask = np.zeros(len(old), np.bool_)
    mask[rows] = True
    at = draft.table.column_names.index(column)
    draft.table = draft.table.set_column(at, column, pc.replace_with_mask(old, arrays.column(mask), new))
