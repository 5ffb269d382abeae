"""One side of a rendered video: a table's rows in the video's frames and pixels, and what does not fit."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.evaluation.pairs import Rows, pair_boxes
from reid_solve.report import colours
from reid_solve.report.kit_colours import kit_colours
from reid_solve.report.marks import NOBODY, Marks, marks
from reid_solve.report.recording import recording
from reid_solve.tracklets.boxes import centres_outside
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import IntArray, Note, Tracks, counted
from reid_solve.tracklets.video import Video, first_frame

SAME = 0.5  # overlap (IoU) of two boxes that are of one person


@dataclass(frozen=True)
class Side:
    """A table ready for drawing, its name, its caption, and the video's frame of each of its rows (n,)."""

    marks: Marks
    name: str
    caption: str
    notes: tuple[Note, ...]
    frame: IntArray


def other_table(solved: Tracks, identities: Any, compare: Any, reading: dict[str, Any]) -> tuple[Tracks, str]:
    """Read the table to compare with, and say which column to draw: the tracker's ids where the two tables are one.

    Args:
        solved: what ``identities`` was read to.
        reading: options of ``read``.
    """
    both = isinstance(identities, str | os.PathLike) and isinstance(compare, str | os.PathLike)
    if compare is identities or (both and Path(identities).resolve() == Path(compare).resolve()):
        return solved, "track_id"
    return read(compare, **reading), "identity"


def side_of(
    tracks: Tracks, column: str, film: Video, size: tuple[int, int], first: int | None, sequence: str | None
) -> Side:
    """Bring a table's rows into the video's frames and the picture's pixels; say what does not fit.

    Args:
        column: "identity", or "track_id", which stands in where there is no identity.
        film: the video.
        size: width and height of the picture that is drawn on.
        first: the number of the video's first frame; None: as the table's format says.
        sequence: which recording, where there are several.

    Raises:
        InputError: no row lies in the video.
        OptionError: no such recording, or one has to be chosen.
    """
    column = column if column in tracks else "track_id"
    source, clip = tracks.clip.source, tracks.clip
    rows = recording(tracks, sequence)
    first = first_frame(tracks) if first is None else first
    notes = [*tracks.notes]
    frame = tracks.frame - first
    # Where the number of frames is an estimate, a second more does no harm.
    end = film.count + (0 if film.exact else film.fps) if film.count else np.inf
    early, late = rows & (frame < 0), rows & (frame >= end)
    inside = rows & ~early & ~late
    if rows.any() and not inside.any():
        span = f"{tracks.frame[rows].min()} to {tracks.frame[rows].max()}"
        raise InputError(
            f"{source}: no row lies in the video's {film.count} frames from {first} on (its frames: {span}); "
            "say which number the first frame has with --first-frame"
        )
    if early.any():
        text = f"{counted(int(early.sum()), 'row')} before the video's first frame, {first}, not drawn"
        notes.append(Note("before-the-video", int(early.sum()), text, "warning"))
    own = (clip.width, clip.height) if clip.width and clip.height else (film.width, film.height)
    if own != (film.width, film.height):
        text = f"boxes scaled from {own[0]}x{own[1]} to the video's {film.width}x{film.height}"
        notes.append(Note("boxes-scaled", int(rows.sum()), text))
    outside = int((centres_outside(list(tracks.boxes.T), own) & rows).sum())
    if outside and not (clip.width and clip.height):  # else the reader has said so
        text = f"the box's centre is outside the {own[0]}x{own[1]} picture in {counted(outside, 'row')}"
        notes.append(Note("boxes-outside", outside, f"{text}; is it another video, or one of another size?", "warning"))
    # Scaled boxes do not fit the video in which the shirts would be looked up.
    kits = kit_colours(tracks, inside, film, first) if own == (film.width, film.height) else {}
    drawn = marks(tracks, column, first, (size[0] / own[0], size[1] / own[1]), inside, kits)
    name, number = Path(source).name, len(drawn.names)
    people = f"{number} {'identity' if number == 1 else 'identities'}"
    caption = f"{name}: {people if column == 'identity' else counted(number, 'track id')}"
    return Side(drawn, name, caption, tuple(notes), frame[rows])


def late_rows(frame: IntArray, frames: int) -> list[Note]:
    """Rows that lie beyond the video, known for sure only when it has been read."""
    late = int((frame >= frames).sum())
    text = f"{counted(late, 'row')} beyond the video's {frames} frames not drawn"
    return [Note("beyond-the-video", late, text, "warning")] if late else []


def alike(before: Side, after: Side) -> Side:
    """Give an id the colour of the identity that it mostly is; of an identity's ids, only the one with most boxes.

    So somebody whom the tracker lost changes colour on one side and not on the other.
    """
    left, right = before.marks, after.marks
    theirs, ours = np.flatnonzero(left.who != NOBODY), np.flatnonzero(right.who != NOBODY)
    pairs = pair_boxes(_rows(right, ours), _rows(left, theirs))
    close = pairs.similarity >= SAME
    at_left = theirs[pairs.tracker_order[pairs.tracker_row[close]]]
    at_right = ours[pairs.gt_order[pairs.gt_row[close]]]
    shared = np.zeros((len(left.names) + 1, len(right.names) + 1))  # one more of each: argmax wants something
    np.add.at(shared, (left.who[at_left], right.who[at_right]), 1)
    best = shared.argmax(axis=1)[:-1]
    mutual = shared[:-1].any(axis=1) & (shared.argmax(axis=0)[best] == np.arange(len(best)))
    free = count(len(right.names))
    own = [right.colour[b] if same else colours.nth(next(free)) for b, same in zip(best, mutual, strict=True)]
    ring = own if left.ring is left.colour else left.ring
    return replace(before, marks=replace(left, colour=own, ring=ring))


def _rows(drawn: Marks, rows: IntArray) -> Rows:
    return Rows(drawn.frame[rows], drawn.who[rows], drawn.boxes[rows])
