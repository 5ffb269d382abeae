"""Boxes that somebody else detected -> the same rows with a tracker's ids; pictures only for a tracker that looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import ALIASES, BOX_LISTS, BOXES
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import IntArray, Note, Tracks, counted
from reid_solve.tracklets.track.linker import Kind, Linker, Progress, id_column, settled, untracked
from reid_solve.tracklets.track.roles import chosen, role_column
from reid_solve.tracklets.video import Picture, Video, ahead, first_frame, pictures, probe

FPS = 25.0  # where nobody says
_OF_OLD_IDS = {"unassigned", "split-candidate", "ids-made-distinct"}  # notes on ids that are not used


def link_given(
    video: Path | None,
    detections: Any,
    tracker: Kind,
    classes: Sequence[str | int] | None,
    conf: float,
    progress: Progress | None,
    reading: dict[str, Any],
) -> Tracks:
    """Link given boxes; see ``reid_solve.tracklets.detect.track``."""
    tracks = read(detections, ids=False, **reading)
    if classes is not None:
        tracks = _only(tracks, classes)
    film = None if video is None else probe(video)
    fps = tracks.clip.fps or (film.fps if film else FPS)
    recordings = np.unique(tracks.sequence)
    if tracker == "botsort" and len(recordings) > 1:
        raise OptionError(f"{tracks.clip.source}: {len(recordings)} recordings, and botsort looks at one video")
    x, y, w, h = tracks.boxes.T
    data = np.column_stack([x, y, x + w, y + h, tracks.score, np.zeros(len(x))]).astype(np.float32)
    ids = np.full(len(tracks), -1, np.int64)
    settings: dict[str, Any] = {}
    for recording in recordings:
        rows = np.flatnonzero((tracks.sequence == recording) & tracks.usable & (tracks.score >= conf))
        linker = Linker(tracker, fps)
        settings = linker.settings
        linked = np.full(len(rows), -1, np.int64)
        for here, pause, picture in _turns(tracks, rows, film if tracker == "botsort" else None, progress):
            linker.pause(pause)
            linked[here] = linker.update(data[rows[here]], picture)
        ids[rows] = np.where(linked < 0, -1, linked + max(int(ids.max()), 0))
    ids = settled(ids)
    return _relabelled(tracks, ids, film, fps, settings).noted(*untracked(ids, tracks.score))


def _turns(
    tracks: Tracks, rows: IntArray, film: Video | None, progress: Progress | None
) -> Iterator[tuple[IntArray, int, Picture | None]]:
    """Go through the frames that have rows; with a film, through those between them as well.

    Boxes of every fifth frame are as consecutive as those of every frame: the step is the greatest that fits them all.

    Yields:
        which of ``rows`` stand in the frame, how many steps without rows come before it, and its picture.
    """
    frame = tracks.frame[rows]
    order = np.argsort(frame, kind="stable")
    numbers, starts = np.unique(frame[order], return_index=True)
    if not len(numbers):
        return
    groups = np.split(order, starts[1:])
    steps = np.diff(numbers)
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    if film is None:
        pauses = np.concatenate([[0], steps // step - 1])
        for at, (here, pause) in enumerate(zip(groups, pauses.tolist(), strict=True), 1):
            yield here, pause, None
            if progress:
                progress(at, len(numbers))
        return
    base = first_frame(tracks)
    wanted = range(int(numbers[0]) - base, int(numbers[-1]) - base + 1, step)
    standing = dict(zip((numbers - base).tolist(), groups, strict=True))
    index = -1
    for at, (index, picture) in enumerate(ahead(pictures(film.path, wanted=wanted)), 1):
        yield standing.get(index, np.zeros(0, np.int64)), 0, picture
        if progress:
            progress(at, len(wanted))
    if index < wanted[-1]:
        raise InputError(
            f"{tracks.clip.source}: has boxes in frame {numbers[-1]}, and {film.path.name} ends before it; give the "
            "video that they were detected in"
        )


def _only(tracks: Tracks, classes: Sequence[str | int]) -> Tracks:
    """The rows of some classes."""
    name, names = tracks.codes("class_name") if "class_name" in tracks else (np.zeros(len(tracks), np.int64), [None])
    number, numbers = tracks.codes("class_id") if "class_id" in tracks else (np.zeros(len(tracks), np.int64), [None])
    pairs, kind = np.unique(np.column_stack([number, name]), axis=0, return_inverse=True)
    there = [(_value(numbers, a), _value(names, b)) for a, b in pairs.tolist()]
    if len(tracks) and there == [(None, None)]:
        raise OptionError(f"{tracks.clip.source}: --classes needs a column with the class, and there is none")
    kept = (
        np.isin(kind.reshape(-1), list(chosen(classes, there, tracks.clip.source))) if len(tracks) else np.ones(0, bool)
    )
    mask = arrays.column(kept)
    text = f"{counted(int((~kept).sum()), 'row')} of other classes than {', '.join(map(str, classes))} left out"
    notes = () if kept.all() else (Note("classes-filtered", int((~kept).sum()), text, "warning"),)
    return replace(tracks, canonical=tracks.canonical.filter(mask), source=tracks.source.filter(mask)).noted(*notes)


def _value(values: Any, code: int) -> Any:
    """What a code stands for; null for -1, and for a column that is not there."""
    value: Any = None if code < 0 else values[code]
    return value.as_py() if hasattr(value, "as_py") else value


def _relabelled(tracks: Tracks, ids: IntArray, film: Video | None, fps: float, settings: dict[str, Any]) -> Tracks:
    """The same rows under our names, with the ids (n,); columns that mean nothing to us come along."""
    canonical = tracks.canonical.set_column(tracks.canonical.column_names.index("track_id"), "track_id", id_column(ids))
    if "role" not in tracks and "class_name" in tracks:
        code, names = tracks.codes("class_name")
        role = role_column(code, [str(name) for name in names.to_pylist()])
        canonical = canonical if role is None else canonical.append_column("role", role)
    known = {alias for name in canonical.column_names for alias in (name, *ALIASES.get(name, ()))}
    known |= {side for group, _ in BOXES for side in group} | set(BOX_LISTS)
    table = canonical
    for name in tracks.source.column_names:
        if name.strip().lower() not in known:
            table = table.append_column(name, tracks.source[name])
    clip = tracks.clip
    clip = replace(
        clip,
        fps=fps,
        width=clip.width or (film.width if film else None),
        height=clip.height or (film.height if film else None),
        format="track",
        box_format=None,
        percent=False,
        metadata={**clip.metadata, "tracker": settings},
    )
    notes = tuple(note for note in tracks.notes if note.code not in _OF_OLD_IDS)
    return Tracks(canonical, table, clip, notes)
