"""Camera cuts from the tracks alone: moments at which nobody goes on.

A tracker loses everybody at a cut and finds other people, elsewhere. A pan keeps most people; a tracker that starts
over keeps none of its ids, but the boxes stay where they were. So a cut is a moment at which (nearly) all tracklets end
and new ones start, and the new ones are not in the places of the old.
"""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.overlaps import iou
from reid_solve.tracklets.table import IntArray

WINDOW_SECONDS = 0.2  # trackers need some frames to confirm a newcomer, and may miss somebody in the last ones
MIN_PEOPLE = 3  # that leave, or that appear; two people may well do so by chance
MAX_CROSSING = 0.1  # share of the people who go on: a tracker may pick up a stranger where somebody stood
SAME_PLACE_IOU = 0.3
MAX_SAME_PLACE = 0.5  # share of the newcomers that stand where somebody has just vanished; more is no cut


def cuts(tracklets: Tracklets) -> IntArray:
    """Frames (C,) after which a camera cut lies, ascending: the last frame that belongs to the shot before.

    Says nothing where fewer than three people vanish and fewer than three appear.
    """
    if len(tracklets) < 2:
        return np.zeros(0, np.int64)
    first, last = np.sort(tracklets.first), np.sort(tracklets.last)
    window = max(round(WINDOW_SECONDS * tracklets.fps), tracklets.step)
    frame, exact = np.unique(last[last < last[-1]], return_counts=True)
    ended = _until(last, frame) - _until(last, frame - window)
    crossing = _until(first, frame) - _until(last, frame)
    # Frames in which nobody is seen at all (a black picture, a tracker that waits) do not count as time.
    follows = np.where(crossing == 0, first[np.minimum(_until(first, frame), len(first) - 1)], frame)
    until = np.maximum(follows, frame) + window
    started = _until(first, until) - _until(first, frame)
    people = np.minimum(ended, started) + crossing
    possible = (np.maximum(ended, started) >= MIN_PEOPLE) & (np.minimum(ended, started) >= 1)
    possible &= crossing <= MAX_CROSSING * people
    at = np.flatnonzero(possible)
    found: list[int] = []
    # One cut gives several candidates within a window: the one that fewest cross and at which most end is it.
    for k in at[np.lexsort((frame[at], -exact[at], crossing[at]))]:
        if all(abs(int(frame[k]) - other) > window for other in found) and _elsewhere(
            tracklets, int(frame[k]), window, int(until[k])
        ):
            found.append(int(frame[k]))
    return np.array(sorted(found), np.int64)


def cut_between(cuts: IntArray, before: IntArray, after: IntArray) -> np.ndarray:
    """Whether a cut lies between two frames, (n,) bool, for frames ``before`` < ``after``, (n,) each."""
    return np.searchsorted(cuts, before) < np.searchsorted(cuts, after)


def _until(sorted_frames: IntArray, frame: IntArray) -> IntArray:
    """How many lie at or before each frame."""
    return np.searchsorted(sorted_frames, frame, side="right")


def _elsewhere(tracklets: Tracklets, frame: int, window: int, until: int) -> bool:
    """Whether those who start after a frame, until another, stand elsewhere than those who ended in a window before."""
    ended = np.flatnonzero((tracklets.last > frame - window) & (tracklets.last <= frame))
    started = np.flatnonzero((tracklets.first > frame) & (tracklets.first <= until))
    old = tracklets.boxes[tracklets.offsets[ended + 1] - 1]
    new = tracklets.boxes[tracklets.offsets[started]]
    same = (iou(old[:, None], new[None]) >= SAME_PLACE_IOU).any(axis=0)
    return bool(same.mean() <= MAX_SAME_PLACE)
