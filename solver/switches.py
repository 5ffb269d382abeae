"""Cutting tracklets where the tracker may have changed to another person.

At every risky place (``tracklets/split.py``) the looks before and after are compared. Unless they clearly speak for
one person the tracklet is cut, and at a crossing the partner too. The cut is a question, not an answer: the graph
offers to join the pieces again, at the odds that a tracker keeps its person there, and the solver decides with
everything else.
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.looks import learn_looks
from reid_solve.tracklets.appearance import Appearance, sums
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.split import SHORTEST_SECONDS, cut, risks
from reid_solve.tracklets.table import FloatArray, IntArray

SURE = 2.0  # nats; where looks speak for one person this much nothing is asked
WINDOW_SECONDS = 4.0  # of looks before and after
KEPT = float(np.log(0.95 / 0.05))  # log-odds that a tracker keeps its person at a risky place


def cut_at_switches(tracklets: Tracklets) -> Tracklets:
    """Cut where looks may have changed; without embeddings nothing is cut."""
    seen, looks = tracklets.appearance, learn_looks(tracklets)
    if seen is None or looks is None:
        return tracklets
    risk = risks(tracklets)
    (before, n), (after, m) = around(tracklets, seen, risk.row)
    alike = looks.alike(looks.place(before), n, looks.place(after), m)
    suspicious = np.flatnonzero((alike < SURE) & (n > 0) & (m > 0))
    suspicious = suspicious[np.argsort(alike[suspicious], kind="stable")]
    return cut(tracklets, _spaced(tracklets, risk.row[suspicious], risk.other[suspicious]))


def around(tracklets: Tracklets, seen: Appearance, row: IntArray) -> tuple[tuple[FloatArray, IntArray], ...]:
    """Mean embedding (R, D) of so many (R,) in a window before each row, and from it on."""
    node, frame = tracklets.node[row], tracklets.frame[row]
    reach = round(WINDOW_SECONDS * tracklets.fps)
    begin, end = tracklets.row_from(node, frame - reach), tracklets.row_from(node, frame + reach)
    at = [np.searchsorted(seen.row, bound) for bound in (begin, row, end)]
    sides = []
    for low, high in ((at[0], at[1]), (at[1], at[2])):
        count = high - low
        sides.append((sums(seen.vector, low, high) / np.maximum(count, 1)[:, None], count))
    return tuple(sides)


def _spaced(tracklets: Tracklets, rows: IntArray, others: IntArray) -> IntArray:
    """Rows to cut at, most suspicious first, each with its partner's, none too near to another cut or an end."""
    margin = SHORTEST_SECONDS * tracklets.fps
    chosen: dict[int, list[int]] = {}
    for row, other in zip(rows.tolist(), others.tolist(), strict=True):
        for place in (row,) if other < 0 else (row, other + 1):
            node = int(tracklets.node[min(place, len(tracklets.node) - 1)])
            if place >= len(tracklets.node) or (place != row and tracklets.node[other] != node):
                continue
            frame = int(tracklets.frame[place])
            walls = (int(tracklets.first[node]), int(tracklets.last[node]), *chosen.get(node, ()))
            if min(abs(frame - wall) for wall in walls) >= margin:
                chosen.setdefault(node, []).append(frame)
    nodes = np.array([node for node, frames in chosen.items() for _ in frames], np.int64)
    frames = np.array([frame for frames in chosen.values() for frame in frames], np.int64)
    return np.sort(tracklets.row_at(nodes, frames))
