"""Who is in which lane of a timeline, and when: detections turned into bars, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.table import IntArray

NOBODY = -1
HICCUP = 5  # frames: shorter holes in a lane are bridged, shorter visits of another person are passers-by


@dataclass(frozen=True)
class Seen:
    """Which id was seen in which frame, one row a detection.

    Attributes:
        frame: (n,) frame numbers, in any order.
        id: (n,) codes from 0; -1 for a row without an id, which is not drawn.
        person: (n,) codes of who it is, for the colour; -1 for nobody known.
        names: what to call id k in the margin, or nothing.
    """

    frame: IntArray
    id: IntArray
    person: IntArray
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Panel:
    """Bars of the drawn lanes, one row a bar; a lane's bars are next to each other and in order of time."""

    ids: int
    hidden: int  # lanes left out
    lane: IntArray
    first: IntArray
    last: IntArray
    person: IntArray
    labels: list[str]
    swaps: int  # changes of person inside a lane, in all lanes, drawn or not


def order(person: IntArray, frame: IntArray) -> list[int]:
    """People in the order in which they first appear."""
    codes, at = np.unique(person[np.lexsort((person, frame))], return_index=True)
    return [int(code) for code in codes[np.argsort(at, kind="stable")] if code != NOBODY]


def lay_out(seen: Seen, people: list[int], max_lanes: int) -> Panel:
    """Lay out the lanes of one panel: by person, in the order of ``people``, then by first frame."""
    rows = np.lexsort((seen.frame, seen.id))
    rows = rows[seen.id[rows] >= 0]
    ids, frame = seen.id[rows], seen.frame[rows]
    names, lane, length = np.unique(ids, return_inverse=True, return_counts=True)
    person = _settle(lane, seen.person[rows])
    swapped = (np.diff(lane) == 0) & (np.diff(person) != 0)
    swaps = int(swapped.sum())

    # A lane stands with the person it shows most, by that person's place; lanes of one person by time.
    place = {code: k for k, code in enumerate(people)} | {NOBODY: len(people)}
    rank = np.array([place[int(code)] for code in person], np.int64)
    votes, count = np.unique(lane * len(place) + rank, return_counts=True)
    best = np.lexsort((-count, votes // len(place)))
    main = (votes % len(place))[best][np.searchsorted((votes // len(place))[best], np.arange(len(names)))]
    first = frame[np.searchsorted(lane, np.arange(len(names)))]
    shown = np.sort(np.argsort(-length, kind="stable")[:max_lanes])
    shown = shown[np.lexsort((first[shown], main[shown]))]
    row = np.full(len(names), -1)
    row[shown] = np.arange(len(shown))

    keep = row[lane] >= 0
    lane, frame, person = row[lane[keep]], frame[keep], person[keep]
    # Holes of a few frames are a tracker's hiccup and below a pixel: the bar goes on.
    cut = np.flatnonzero((np.diff(lane) != 0) | (np.diff(person) != 0) | (np.diff(frame) > HICCUP))
    head, tail = np.r_[0, cut + 1][: len(lane)], np.r_[cut, len(lane) - 1][: len(lane)]
    bars = np.lexsort((frame[head], lane[head]))
    head, tail = head[bars], tail[bars]
    labels = [seen.names[names[k]] if seen.names else "" for k in shown]
    return Panel(len(names), len(names) - len(shown), lane[head], frame[head], frame[tail], person[head], labels, swaps)


def _settle(lane: IntArray, person: IntArray) -> IntArray:
    """Rows whose box fits nobody take the person before them in their lane, or the next: a bad box is no error of who.

    So does a person who shows for a few boxes only: the annotated box of a passer-by happened to fit better.
    """
    person = person.copy()
    cut = np.flatnonzero((np.diff(lane) != 0) | (np.diff(person) != 0)) + 1
    for start, stop in zip([0, *cut], [*cut, len(lane)], strict=True):
        if start < len(lane) and (person[start] == NOBODY or stop - start < HICCUP):
            before = person[start - 1] if start and lane[start - 1] == lane[start] else NOBODY
            if before != NOBODY:
                person[start:stop] = before
    for at in np.flatnonzero(person == NOBODY)[::-1]:
        if at + 1 < len(lane) and lane[at + 1] == lane[at]:
            person[at] = person[at + 1]
    return person
