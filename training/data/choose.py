"""Which boxes of a track become pictures, who is held out, and what is asked of whom.

The recipe for SportsMOT that CLIP-ReID was trained with: B = min(8, max(4, round(L / 100))) equal parts of a track of L
boxes, and of each part one box by lot. Two things are done otherwise, since scores would flatter:

- Whole matches are held out. There, the clips of one match were in both halves, and so were its players.
- A query and the gallery pictures of the same person are never neighbours in time. There, they were frames of one
  tracklet from adjoining parts. Here a track is cut: where its person is out of the picture for longest if that is for
  ``APART`` seconds, else in the middle, where as much is left out. Queries are from before, the gallery from after. Who
  is not seen on both sides is in the gallery alone, for others to be told from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import BoolArray, IntArray

APART = 2.0  # seconds; a player's look and pose, and the light on him, repeat within less
FEWEST, MOST, A_PART = 4, 8, 100  # parts of a track, and boxes to a part in between
TRAIN, QUERY, GALLERY = "train", "query", "gallery"


@dataclass(frozen=True)
class Picks:
    """Boxes that become pictures.

    Attributes:
        row: (m,) rows, ascending.
        split: (m,) train, query or gallery.
        alone: persons who are in the gallery only.
    """

    row: IntArray
    split: np.ndarray[tuple[int], np.dtype[np.str_]]
    alone: int = 0


def held_out(match: list[str], people: list[int], share: float, seed: int) -> set[str]:
    """Matches to hold out, so that about a share of the people are in them; by lot.

    Args:
        match, people: of each clip, its match and how many people are in it.
        share: of all people; 0 holds nothing out.

    Raises:
        OptionError: there is but one match.
    """
    names = sorted(set(match))
    if share <= 0:
        return set()
    if len(names) < 2:
        raise OptionError(
            f"all clips are of one match ({names[0]}), and a test must be of another; add clips, or say --held-out 0"
        )
    total = {name: sum(n for m, n in zip(match, people, strict=True) if m == name) for name in names}
    wanted = share * sum(total.values())
    out: set[str] = set()
    got = 0
    for name in np.random.default_rng(seed).permutation(names).tolist():
        # Another one if that comes nearer to the share than stopping here; one in any case, and never all.
        if out and abs(got + total[name] - wanted) >= abs(got - wanted):
            continue
        if len(out) < len(names) - 1:
            out.add(name)
            got += total[name]
    return out


def pick(person: IntArray, frame: IntArray, fps: float, test: bool, rng: np.random.Generator) -> Picks:
    """Choose boxes of one clip.

    Args:
        person: (n,) of each box, from 0.
        frame: (n,).
        fps: frames a second.
        test: whether the clip is held out.
    """
    order = np.lexsort((frame, person))
    ends = np.flatnonzero(np.diff(person[order], append=-1))
    rows: list[IntArray] = []
    splits: list[str] = []
    alone = 0
    for track in np.split(order, ends[:-1] + 1) if len(order) else []:
        parts = min(MOST, max(FEWEST, round(len(track) / A_PART)))
        if not test:
            found = [(TRAIN, _by_lot(track, parts, rng))]
        else:
            before, after = cut(frame[track], fps)
            if not (before.any() and after.any()):
                alone += 1
                found = [(GALLERY, _by_lot(track, parts, rng))]
            else:
                asked = max(1, parts // 4)
                found = [
                    (QUERY, _by_lot(track[before], asked, rng)),
                    (GALLERY, _by_lot(track[after], parts - asked, rng)),
                ]
        for split, chosen in found:
            rows.append(chosen)
            splits += [split] * len(chosen)
    row = np.concatenate([np.empty(0, np.int64), *rows])
    order = np.argsort(row, kind="stable")
    return Picks(row[order], np.array(splits, np.str_)[order], alone)


def cut(frame: IntArray, fps: float) -> tuple[BoolArray, BoolArray]:
    """Divide a track's frames (n,), ascending, into those for queries and for the gallery, ``APART`` seconds apart.

    Returns:
        two masks (n,); one is empty where the track is too short.
    """
    least = APART * fps
    gap = np.diff(frame)
    widest = int(np.argmax(gap)) if len(gap) else 0
    if len(gap) and gap[widest] >= least:
        last, first = frame[widest], frame[widest + 1]
    else:
        middle = (frame[0] + frame[-1]) / 2
        last, first = middle - least / 2, middle + least / 2
    return frame <= last, frame >= first


def _by_lot(track: IntArray, parts: int, rng: np.random.Generator) -> IntArray:
    """One of each of so many equal parts; all where there are no more."""
    edges = np.linspace(0, len(track), min(parts, len(track)) + 1).astype(np.int64)
    return track[rng.integers(edges[:-1], edges[1:])]
