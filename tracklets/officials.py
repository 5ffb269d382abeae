"""Roles by kit and place: who wears a team's kit is a player; who wears another may be a goalkeeper or a referee.

A kit does not say which. So a role other than "player" and "other" is given only where people and places leave no other
reading: referees are several people in one such kit, at once, one of them among the players; a goalkeeper is alone in
his, and the outermost of all towards one end, but not along the touchline, nearly all the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks

SAME_KIT = 2.0  # standard deviations between two people in one kit, at most, root mean square over features
AT_ONCE_SECONDS = 1.0  # that two people in one kit are seen together
AMONG_SECONDS = 2.0  # that one of them stands among the players
WATCHED_SECONDS = 10.0  # that a goalkeeper is seen with players, at least
OUTERMOST = 0.9  # share of that time in which he is the last man
CROWD = 6  # players in a frame, for somebody to be among them or beyond them
INNER = (0.2, 0.8)  # quantiles of the players' places, in the picture, that are among them
DEFAULT_FPS = 25.0


def officials(tracks: Tracks, code: IntArray, team: IntArray, other: BoolArray, chance: FloatArray,
              colour: FloatArray, spread: FloatArray) -> tuple[npt.NDArray[np.object_], FloatArray]:  # fmt: skip
    """Roles of tracklets.

    Args:
        tracks: rows (n,).
        code: (n,) their tracklets, -1 for none.
        team: (N,) 0 or 1; -1 for no team.
        other: (N,) who wears another kit for certain.
        chance: (N, 3) probabilities of the kits, and of another.
        colour: (N, F) of the kits.
        spread: (F,) of people about their kit.

    Returns:
        role (N,), "" where nothing is said, and its probability (N,).
    """
    role = np.full(len(team), "", object)
    role[team >= 0] = "player"
    role[other] = "other"
    score = np.where(team >= 0, chance[:, :2].max(axis=1), chance[:, 2])
    fps = tracks.clip.fps or DEFAULT_FPS
    rows = np.flatnonzero((code >= 0) & tracks.usable)
    place = _place(tracks, rows, code[rows], team)
    for kit in _kits(np.flatnonzero(other), colour, spread):
        mine = np.isin(code[rows], kit)
        frame, among, sideways = tracks.frame[rows[mine]], place[mine, 0], place[mine, 1]
        together = np.unique(frame, return_counts=True)[1]
        watched = ~np.isnan(among)
        inside = watched & (among > INNER[0]) & (among < INNER[1]) & (sideways > 0) & (sideways < 1)
        if (together > 1).sum() >= AT_ONCE_SECONDS * fps:
            if inside.sum() >= AMONG_SECONDS * fps:
                role[kit] = "referee"
        elif watched.sum() >= WATCHED_SECONDS * fps:
            last = max((among[watched] == 0).mean(), (among[watched] == 1).mean())
            along = (sideways[watched] > 0) & (sideways[watched] < 1)
            if last >= OUTERMOST and along.mean() >= OUTERMOST:
                role[kit] = "goalkeeper"
    return role, np.where(role == "", 0.0, score)


def _kits(who: IntArray, colour: FloatArray, spread: FloatArray) -> list[IntArray]:
    """Tracklets grouped by kit: any two of a group are alike (complete linkage)."""
    if len(who) < 2:
        return [who] if len(who) else []
    from scipy.cluster.hierarchy import fcluster, linkage

    scaled = colour[who] / (spread * np.sqrt(2 * colour.shape[1]))  # so that distances are root mean squares
    group = fcluster(linkage(scaled, "complete"), SAME_KIT, "distance")
    return [who[group == one] for one in np.unique(group)]


def _place(tracks: Tracks, rows: IntArray, node: IntArray, team: IntArray) -> FloatArray:
    """Share (m, 2) of the frame's team players left of, and above, each row's feet; NaN where there are too few.

    Shares are of the others: 0 and 1 mean that nobody is further out.
    """
    boxes = tracks.boxes[rows]
    feet = np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]])
    frames, at = np.unique(tracks.frame[rows], return_inverse=True)
    plays = team[node] >= 0
    others = np.bincount(at[plays], minlength=len(frames))[at] - plays
    out = np.full((len(rows), 2), np.nan)
    for axis in range(2):
        order = np.lexsort((feet[:, axis], at))
        before: IntArray = np.cumsum(plays[order]) - plays[order]
        first = np.searchsorted(at[order], np.arange(len(frames)))
        left = np.empty(len(rows))
        left[order] = before - before[first][at[order]]
        out[:, axis] = np.where(others >= CROWD, left / np.maximum(others, 1), np.nan)
    return out
