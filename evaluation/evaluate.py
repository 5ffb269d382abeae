"""Score tracks against ground truth: one clip, a table of several, or two folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.evaluation import clips as names
from reid_solve.evaluation.pairs import Rows, pair_boxes
from reid_solve.evaluation.scores import Scores, score, summary
from reid_solve.evaluation.sides import predicted, sequences, true
from reid_solve.evaluation.truth import true_person
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks


@dataclass(frozen=True)
class Evaluation:
    """Scores by clip and pooled.

    Attributes:
        clips: scores of each clip, by name.
        notes: rows and clips left out, and what reading the files repaired.
    """

    clips: Mapping[str, Scores]
    notes: tuple[Note, ...] = ()

    @cached_property
    def pooled(self) -> Scores:
        """All clips as one, weighed by their boxes (TrackEval's COMBINED_SEQ)."""
        first, *others = self.clips.values()
        return sum(others, start=first)

    def to_dict(self) -> dict[str, Any]:
        """The pooled scores, ``clips`` with one row a clip, and ``notes``; shares in per cent. What ``--json``
        prints.
        """
        return {
            **summary(self.pooled),
            "clips": [{"clip": name, **scores.scalars()} for name, scores in self.clips.items()],
            "notes": [{"code": n.code, "count": n.count, "text": n.text, "kind": n.kind} for n in self.notes],
        }


def evaluate(pred: Any, gt: Any, *, ceiling: bool = False, tracker: str | None = None) -> Evaluation:
    """Score who is who.

    HOTA, CLEAR and Identity equal TrackEval's to rounding. People are told apart by the column ``identity`` of the
    predictions if there is one, else by ``track_id``; in the ground truth by ``gt_id`` if there is one, else by
    ``track_id``. Both may be one table.

    Args:
        pred: ``Tracks``, an object with ``tracks``, or anything ``reid_solve.tracklets.read`` takes: a path, a
            DataFrame, ...; with a ``sequence`` column several clips at once. Or a folder of clips, each ``NAME.ext``
            or a folder ``NAME/`` with one track file.
        gt: as ``pred``; a folder holds ``NAME.ext``, ``NAME/gt.txt`` or ``NAME/gt/gt.txt``. Clips are paired by name.
        ceiling: also score what merging alone, and curing every error of identity, could reach with these boxes.
        tracker: in folders ``NAME/`` of the predictions take the file ``TRACKER.*``.

    Raises:
        InputError: an id twice in a frame, or ground truth without predictions.
    """
    scores: dict[str, Scores] = {}
    notes: list[Note] = []
    for name, p, p_rows, g, g_rows in _clips(pred, gt, tracker, notes):
        p_side, g_side = predicted(p, name, p_rows), true(g, name, g_rows)
        notes += [*p_side.notes, *g_side.notes]
        scores[name] = score(pair_boxes(g_side.rows, p_side.rows), p_side.tracklet, ceiling=ceiling)
    return Evaluation(scores, tuple(notes))


def people_of(tracks: Tracks, gt: Tracks) -> IntArray:
    """Who really is in each row, whatever its id: boxes matched to the ground truth frame by frame, at 0.5 or more.

    Args:
        tracks: rows with or without ids.
        gt: the true rows; with a ``sequence`` column on both sides, paired by it.

    Returns:
        (n,) number of the true person in each row, by first appearance in the clip; -1 where nobody is.
    """
    person, people = np.full(len(tracks), -1), 0
    for name, p, p_rows, g, g_rows in _tables(tracks, gt, []):
        rows = np.arange(len(p)) if p_rows is None else np.flatnonzero(p_rows)
        pairs = pair_boxes(true(g, name, g_rows).rows, Rows(p.frame[rows], np.arange(len(rows)), p.boxes[rows]))
        found = true_person(pairs)
        person[rows[pairs.tracker_order]] = np.where(found >= 0, people + found, -1)
        people += len(pairs.gt_counts)
    return person


Clip = tuple[str, Tracks, BoolArray | None, Tracks, BoolArray | None]


def _clips(pred: Any, gt: Any, tracker: str | None, notes: list[Note]) -> Iterator[Clip]:
    """Clips by name, each with tracks and rows of both sides; a folder is read clip by clip."""
    gt_path = Path(gt) if isinstance(gt, str | PathLike) else None
    if gt_path is None or not names.is_folder_of_clips(gt_path):
        if gt_path is not None and gt_path.is_dir() and isinstance(pred, str | PathLike):
            pred = names.same_clip(Path(pred), gt_path)
        p = _tracks(pred, tracker, notes)
        g = _tracks(gt if gt_path is None else names.gt_file(gt_path), None, notes)
        yield from _tables(p, g, notes)
        return
    if not isinstance(pred, str | PathLike) or not Path(pred).is_dir():
        raise InputError(f"{gt_path} is a folder of clips, the predictions are not; give a folder of the same clips")
    p_files, g_files = names.in_folder(Path(pred), gt=False), names.in_folder(gt_path, gt=True)
    both, extra = names.paired(list(p_files), list(g_files), str(pred))
    _without_truth(extra, notes)
    for name in both:
        p = _tracks(names.pred_file(p_files[name], tracker), None, notes)
        g = _tracks(names.gt_file(g_files[name]), None, notes)
        yield from _tables(p, g, notes, name)


def _tables(pred: Tracks, gt: Tracks, notes: list[Note], name: str | None = None) -> Iterator[Clip]:
    """Clips of two tables: paired by sequence where both have one, else one clip."""
    p_rows, g_rows = sequences(pred), sequences(gt)
    if p_rows is None or g_rows is None:
        several = p_rows or g_rows or {}
        if len(several) > 1:
            which, other = (pred, gt) if p_rows else (gt, pred)
            raise InputError(
                f"{which.clip.source} has {len(several)} sequences, {other.clip.source} has no column 'sequence'; "
                "add one there, or split the file"
            )
        yield name or _name(pred, gt), pred, None, gt, None
        return
    both, extra = names.paired(list(p_rows), list(g_rows), pred.clip.source)
    _without_truth(extra, notes)
    for sequence in both:
        called = sequence if name in (None, sequence) else f"{name}/{sequence}"
        yield called, pred, p_rows[sequence], gt, g_rows[sequence]


def _tracks(source: Any, tracker: str | None, notes: list[Note]) -> Tracks:
    """Read a source if it is not read yet, and keep what reading repaired; warnings changed nothing that is scored."""
    if isinstance(source, str | PathLike):
        source = names.pred_file(Path(source), tracker)
    inner = getattr(source, "tracks", source)
    if not isinstance(inner, Tracks):
        from reid_solve.tracklets.read import read

        inner = read(inner)
    repairs = [note for note in inner.notes if note.kind == "repair"]
    notes += [Note(note.code, note.count, f"{inner.clip.source}: {note.text}") for note in repairs]
    return inner


def _name(pred: Tracks, gt: Tracks) -> str:
    """After the file of the predictions, or that of the ground truth where those are not from a file."""
    for tracks in (pred, gt):
        if Path(tracks.clip.source).suffix:
            return names.clip_name(Path(tracks.clip.source))
    return "clip"


def _without_truth(clips: list[str], notes: list[Note]) -> None:
    if clips:
        what = "1 clip" if len(clips) == 1 else f"{len(clips)} clips"
        text = f"no ground truth for {what}, left out: {names.listed(clips)}"
        notes.append(Note("no-ground-truth", len(clips), text, "warning"))
