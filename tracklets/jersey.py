"""Shirt numbers: torsos are read one by one, and each tracklet's readings vote.

The steps are those of Koshkina and Elder (2024, "A General Framework for Jersey Number Recognition in Sports Video"):
is a number legible at all, where is the torso, which digits, and a vote by the product of probabilities. A number is 1
to 99 without a leading zero; a third digit makes a reading wrong, not short. Where a tracker has swapped people the
number changes, and each stretch has a vote of its own; where the vote is not clear, nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import truth
from reid_solve.tracklets.crops import crops, sample
from reid_solve.tracklets.labels import one_recording, roles_of_rows, with_labels
from reid_solve.tracklets.readers import DIGITS, NONE, Reader, Reading
from reid_solve.tracklets.stretches import stretches
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Note, Tracks
from reid_solve.tracklets.video import Picture, Video, probe

PER_TRACKLET = 16
EVERY_SECONDS = 0.5  # longest time between two crops: a back turns to the camera for a second or two
LOOK_SECONDS = 0.5  # readings nearer to each other are of one pose and one light, and count as one
TORSO = ((0.10, 0.55), (0.05, 0.95))  # of a box's height and width: where numbers are
SMALLEST = 40.0  # pixels of a box's height; a digit is a seventh of it, and fewer than six pixels are no digit
LEGIBLE = 0.5  # least probability that a number can be read, for a reading to count
WRONG = 0.1  # of legible readings, however sure the reader is
SURE = 0.95  # least probability of a number that is written: more than one look can give
NUMBERS = tuple(str(number) for number in range(1, 100))
UNNUMBERED = ("ball", "referee")
AT_A_TIME = 32


@dataclass(frozen=True)
class Numbers:
    """What was read.

    Attributes:
        tracks: the rows with `jersey` and `jersey_score`.
        reader: what read.
        crops: torsos that were looked at.
        legible: those of them in which a number could be read.
        numbered: tracklets that got a number, of
        tracklets: all.
    """

    tracks: Tracks
    reader: str
    crops: int
    legible: int
    numbered: int
    tracklets: int

    def summary(self) -> dict[str, Any]:
        """What was found, but for the rows, for JSON and for printing."""
        names = ("reader", "crops", "legible", "numbered", "tracklets")
        return {"rows": len(self.tracks), **{name: getattr(self, name) for name in names}}


def read_numbers(tracks: Tracks, video: Video | Path, reader: Reader, first: int | None = None) -> Numbers:
    """Read the shirt numbers of a clip; rows that have a number already keep it.

    Args:
        tracks: rows of one recording; referees and balls, where the table names them, are left out.
        video: what they were seen in.
        reader: see ``readers.py``.
        first: number that the table gives to the video's first frame; else as the table says.

    Raises:
        InputError: no such video, or not the one that the boxes are of; rows of several recordings; a reader that
            gives something else.
    """
    one_recording(tracks, "and this is one video")
    video = video if isinstance(video, Video) else probe(video)
    code, ids = tracks.codes("track_id")
    rows = sample(tracks, video, PER_TRACKLET, EVERY_SECONDS)
    rows = rows[(tracks.boxes[rows, 3] >= SMALLEST) & _numbered(tracks)[rows]]
    rows, reading = _read(tracks, video, rows, reader, first)
    chance, legible = number_chances(reading.digits), reading.legible >= LEGIBLE
    rows, chance = rows[legible & (chance.sum(axis=1) > 0.5)], chance[legible & (chance.sum(axis=1) > 0.5)]
    fps = tracks.clip.fps or video.fps
    evidence = look_evidence(code[rows], tracks.frame[rows], chance, max(round(LOOK_SECONDS * fps), 1))
    parts = stretches(code[rows], tracks.frame[rows], evidence)
    number, score = vote(parts.of_crop, evidence, len(parts.tracklet))
    part = parts.of_rows(code, tracks.frame)
    out = with_labels(tracks, "jersey", np.append(number, -1)[part], NUMBERS, np.append(score, 0.0)[part])
    if not len(rows):
        out = out.noted(Note("no-numbers", len(tracks), f"{reader.name} could read no number", "warning"))
    numbered = len(np.unique(parts.tracklet[number >= 0]))
    return Numbers(out, reader.name, len(legible), len(rows), numbered, len(ids))


def number_chances(digits: FloatArray) -> FloatArray:
    """Probabilities (n, 99) of the numbers 1 to 99 from log-probabilities (n, P, 11) of digits in places.

    What is missing to 1 is no number: nothing, a gap between digits, a leading zero, or a third digit.
    """
    chance = np.exp(digits)
    ends = chance[:, 2:, NONE].prod(axis=1)
    single = chance[:, 0, 1:DIGITS] * chance[:, 1, NONE, None]
    double = (chance[:, 0, 1:DIGITS, None] * chance[:, 1, None, :DIGITS]).reshape(len(digits), (DIGITS - 1) * DIGITS)
    return np.asarray(np.concatenate([single, double], axis=1) * ends[:, None])


def look_evidence(node: IntArray, frame: IntArray, chance: FloatArray, apart: int) -> FloatArray:
    """Log-probabilities (m, 99) of numbers that a reading is worth, so that their sum over a tracklet is its evidence.

    One in ten legible readings is wrong, which also keeps a single one from deciding all; readings of one look, less
    than ``apart`` frames long, share the weight of one.

    Args:
        node: (m,) tracklet of each reading.
        frame: (m,) its frame.
        chance: (m, 99) probabilities of the numbers.
        apart: frames.
    """
    share = chance / np.maximum(chance.sum(axis=1, keepdims=True), 1e-12)
    mixed: FloatArray = (1 - WRONG) * share + WRONG / len(NUMBERS)
    if not len(node):
        return mixed
    first = np.full(int(node.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, node, frame)
    look = np.column_stack([node, (frame - first[node]) // apart])
    _, same, readings = np.unique(look, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(np.log(mixed) / readings[same.ravel()][:, None])


def vote(group: IntArray, evidence: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
    """Index (count,) into ``NUMBERS`` of each group's number, -1 where it is not clear, and its probability (count,).

    Args:
        group: (m,) of each reading.
        evidence: (m, 99) from ``look_evidence``.
        count: number of groups.
    """
    total = np.zeros((count, len(NUMBERS)))
    np.add.at(total, group, evidence)
    chance = np.exp(total - total.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    score = chance.max(axis=1)
    return np.where(score >= SURE, chance.argmax(axis=1), -1), score


def torso(crop: Picture) -> Picture:
    """The part of a person's crop where a number is."""
    (top, bottom), (left, right) = TORSO
    height, width = crop.shape[:2]
    part = crop[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return part if part.size else crop


def _read(tracks: Tracks, video: Video, rows: IntArray, reader: Reader, first: int | None) -> tuple[IntArray, Reading]:
    """Rows (m,) that could be cut out, and what the reader makes of them."""
    seen: list[IntArray] = [np.zeros(0, np.int64)]
    parts: list[Reading] = []
    waiting: list[Picture] = []
    for which, pictures in crops(video, tracks, rows, first):
        seen.append(which)
        waiting += [torso(picture) for picture in pictures]
        if len(waiting) >= AT_A_TIME:
            parts.append(reader.read(waiting))
            waiting = []
    if waiting:
        parts.append(reader.read(waiting))
    parts = parts or [Reading(np.zeros((0, 2, DIGITS + 1)), np.zeros(0))]
    digits, legible = (np.concatenate([getattr(part, name) for part in parts]) for name in ("digits", "legible"))
    return np.concatenate(seen), Reading(digits, legible)


def _numbered(tracks: Tracks) -> BoolArray:
    """Rows (n,) of people who may have a number."""
    without = pc.is_in(roles_of_rows(tracks), value_set=arrays.strings(UNNUMBERED))
    return ~truth(without)
