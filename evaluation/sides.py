"""The rows of a table that are scored, under the id that is scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reid_solve.evaluation.pairs import Rows, distinct
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks


@dataclass(frozen=True)
class Side:
    """One side of one clip.

    Attributes:
        rows: what is scored, with ids as codes.
        tracklet: (n,) what the tracker called each row, as codes; the id itself on the true side and where there is
            only one.
        notes: rows left out.
    """

    rows: Rows
    tracklet: IntArray
    notes: tuple[Note, ...] = ()


def predicted(tracks: Tracks, clip: str, rows: BoolArray | None = None) -> Side:
    """The tracked side: who each row is by ``identity``, or by ``track_id`` where no identity is known.

    Rows without an id are nobody's and are left out; a note counts them.

    Args:
        tracks: one or more clips.
        clip: name of this one, for messages.
        rows: (n,) which rows belong to it; None for all.
    """
    return _side(tracks, clip, "identity" if "identity" in tracks else "track_id", rows, "predictions")


def true(tracks: Tracks, clip: str, rows: BoolArray | None = None) -> Side:
    """The true side: ``gt_id``, or ``track_id`` of a file that is ground truth throughout.

    In the latter a score of 0 is the MOTChallenge flag 'do not consider': such rows are left out, as TrackEval does;
    a note counts them.
    """
    if "gt_id" in tracks:
        return _side(tracks, clip, "gt_id", rows, "ground truth")
    flagged = tracks.score == 0
    kept = ~flagged if rows is None else rows & ~flagged
    dropped = int((flagged if rows is None else rows & flagged).sum())
    side = _side(tracks, clip, "track_id", kept, "ground truth")
    if not dropped:
        return side
    text = f"{clip}: {dropped} rows of the ground truth are flagged 0, not to be considered; left out"
    return Side(side.rows, side.tracklet, (Note("flagged-zero", dropped, text), *side.notes))


def sequences(tracks: Tracks) -> dict[str, BoolArray] | None:
    """Rows (n,) of each sequence, by name in order of name; None without a ``sequence`` column."""
    if "sequence" not in tracks:
        return None
    code, names = tracks.codes("sequence")
    if (code < 0).any():
        raise InputError(f"{tracks.clip.source}: {int((code < 0).sum())} rows have no sequence; give every row one")
    return {name: code == number for name, number in sorted((str(n), i) for i, n in enumerate(names.to_pylist()))}


def _side(tracks: Tracks, clip: str, column: str, rows: BoolArray | None, kind: str) -> Side:
    code, names = tracks.codes(column)
    asked = np.ones(len(tracks), bool) if rows is None else rows
    kept = asked & (code >= 0)
    side = Rows(tracks.frame[kept], code[kept], tracks.boxes[kept])
    _refuse_twice(side, names, f"{clip}: {kind}", column)
    tracklet = side.id if column != "identity" else _tracklet(tracks, kept, code)
    nobody = int(asked.sum()) - len(side)
    text = f"{clip}: {nobody} rows of the {kind} have no {column}; left out"
    return Side(side, tracklet, (Note(f"no-{column.replace('_', '-')}", nobody, text, "warning"),) if nobody else ())


def _tracklet(tracks: Tracks, kept: BoolArray, identity: IntArray) -> IntArray:
    """Track ids; rows that the tracker left without one go by their identity."""
    code, names = tracks.codes("track_id")
    return np.where(code >= 0, code, len(names) + identity)[kept]


def _refuse_twice(rows: Rows, names: Any, place: str, column: str) -> None:
    """Nobody is in two places at once: scores are not defined then, and TrackEval refuses too."""
    key = distinct(rows.frame)[1] * (int(rows.id.max(initial=0)) + 1) + rows.id
    order = np.argsort(key, kind="stable")
    again = order[1:][key[order[1:]] == key[order[:-1]]]
    if len(again):
        row = again[np.argmin(again)]
        raise InputError(
            f"{place}: frame {rows.frame[row]} has {column} {names[int(rows.id[row])].as_py()} twice"
            f"{f' ({len(again)} such rows)' if len(again) > 1 else ''}; keep one box per {column} and frame"
        )
