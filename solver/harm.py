"""Do no harm: when the evidence is too weak or the tracklets too mixed, the tracker's own ids are the better answer.

Two questions, both answered from the clip itself, without labels. How pure are the tracklets? Where a tracker has put
many people into each of its ids, joining ids joins crowds. And: is what was decided expected to help, by its own
probabilities?
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.looks import learn_looks
from reid_solve.solver.solution import Solution, lifted_gain
from reid_solve.solver.switches import KEPT, around
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.split import risks
from reid_solve.tracklets.table import FloatArray, IntArray, Note, counted

LEAST_PURITY = 0.5  # below it most boxes of a typical tracklet are not of the person it stands for
JUMP_HEIGHTS = 1.0  # nobody moves by this in one step, against the camera and in the picture
TAKEN_HEIGHTS = 0.3  # somebody else's box this near to where he was has taken his place
CHUNK = 50_000
METHOD = "tracker"  # what a solution of kept ids calls its method
CODE = "kept-tracker-ids"


def estimate_purity(tracklets: Tracklets) -> float:
    """Share of boxes that belong to the person whom their tracklet mostly shows, as far as the clip can tell.

    At every risky place (``tracklets/split.py``) the tracker has changed its person with a probability: 5 %, the usual
    rate, times the odds of the looks before and after where there are embeddings. Where a box jumps and another id
    goes on in its place, it has for certain. The largest piece of each tracklet is its person's. Tracklets as the
    tracker made them, before they are cut.
    """
    if not len(tracklets):
        return 1.0
    risk = risks(tracklets).row
    changed = 1 / (1 + np.exp(KEPT + _alike(tracklets, risk)))
    jump = jumps(tracklets)
    certain = np.zeros(len(tracklets.frame), bool)
    certain[jump] = True
    certain[risk[changed > 0.5]] = True
    certain[tracklets.offsets[:-1]] = True
    begin = np.flatnonzero(certain)
    end = np.append(begin[1:], len(certain))
    # Inside a piece a change costs the shorter side; many of them cost no more than an even split by their number.
    piece = np.searchsorted(begin, risk, side="right") - 1
    doubtful = ~certain[risk]
    risk, piece, changed = risk[doubtful], piece[doubtful], changed[doubtful]
    loss = np.bincount(piece, changed * np.minimum(risk - begin[piece], end[piece] - risk), minlength=len(begin))
    size = (end - begin).astype(float)
    size = np.maximum(size - loss, size / (1 + np.bincount(piece, changed, minlength=len(begin))))
    largest = np.zeros(len(tracklets))
    np.maximum.at(largest, tracklets.node[begin], size)
    return float(largest.sum() / len(tracklets.frame))


def _alike(tracklets: Tracklets, row: IntArray) -> FloatArray:
    """Log-likelihood ratio (R,) that a tracklet looks like one person before a row and from it on; 0 if unknown."""
    seen, looks = tracklets.appearance, learn_looks(tracklets)
    if seen is None or looks is None:
        return np.zeros(len(row))
    (before, n), (after, m) = around(tracklets, seen, row)
    alike = looks.alike(looks.place(before), n, looks.place(after), m)
    return np.where((n > 0) & (m > 0), alike, 0.0)


def jumps(tracklets: Tracklets) -> IntArray:
    """Rows (J,) at which an id has jumped to another person while somebody else's box stands where it was.

    One or two steps, more than a body height, both in the picture and against the camera: a pan moves everybody in the
    picture, and where ids are shuffled the camera cannot be told.
    """
    x, y, w, h = tracklets.boxes.T
    centre, height = np.column_stack([x + w / 2, y + h / 2]), np.maximum(h, 1e-6)
    a = np.flatnonzero((np.diff(tracklets.node) == 0) & (np.diff(tracklets.frame) <= 2 * tracklets.step))
    b = a + 1
    position = tracklets.reference.position
    a = a[np.hypot(*(centre[b] - centre[a]).T) > JUMP_HEIGHTS * height[a]]
    a = a[np.hypot(*(position[a + 1] - position[a]).T) > JUMP_HEIGHTS * tracklets.unit_at(a)]
    by_frame = np.argsort(tracklets.frame, kind="stable")
    frames = tracklets.frame[by_frame]
    found = np.zeros(len(a), bool)
    for begin in range(0, len(a), CHUNK):
        here = a[begin : begin + CHUNK]
        frame = tracklets.frame[here + 1]
        low = np.searchsorted(frames, frame)
        count = np.searchsorted(frames, frame, side="right") - low
        which = np.repeat(np.arange(len(here)), count)
        other = by_frame[np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + low[which]]
        near = np.hypot(*(centre[other] - centre[here[which]]).T) < TAKEN_HEIGHTS * height[here[which]]
        near &= tracklets.node[other] != tracklets.node[here[which]]
        found[begin + which[near]] = True
    return np.asarray(a[found] + 1)


def expected_change(tracklets: Tracklets, graph: Graph, solution: Solution) -> float:
    """What the links between different tracks are expected to do to association accuracy, weighed by their boxes.

    A link that is right with probability p joins two halves of a person (accuracy from 1/2 to 1) or of two people
    (from 1/2 to 1/3): p / 2 - (1 - p) / 6 for the boxes of its smaller side; see ``Graph.gain``.
    """
    i, j = graph.pairs.i[solution.links], graph.pairs.j[solution.links]
    p = 1 / (1 + np.exp(-graph.log_odds[solution.links]))
    boxes = np.minimum(tracklets.length[i], tracklets.length[j]) * (tracklets.track[i] != tracklets.track[j])
    return float((boxes * (p / 2 - (1 - p) / 6)).sum())


def too_mixed(purity: float) -> str | None:
    """Why tracklets of this purity are not worth joining; None if they are."""
    if purity >= LEAST_PURITY:
        return None
    return f"only {purity:.0%} of the boxes seem to be of the person their id stands for, {LEAST_PURITY:.0%} are needed"


def harmful(tracklets: Tracklets, graph: Graph, solution: Solution) -> str | None:
    """Why the links that were taken are, all together, expected to do more harm than good; None if they are not."""
    joins = tracklets.track[graph.pairs.i[solution.links]] != tracklets.track[graph.pairs.j[solution.links]]
    if not joins.any() or expected_change(tracklets, graph, solution) > 0:
        return None
    return f"the {counted(int(joins.sum()), 'link')} that could be made would be expected to do more harm than good"


def keep_ids(graph: Graph) -> Solution:
    """A method that joins nothing: on tracklets that were not cut, the tracker's own answer."""
    most = float(np.maximum(graph.gain, 0).sum() + np.maximum(lifted_gain(graph), 0).sum())
    return Solution(np.arange(graph.count), np.zeros(0, np.int64), 0.0, most, METHOD)


def kept_note(why: str) -> Note:
    """Tell that a recording keeps its tracker's ids."""
    return Note(CODE, 1, f"the tracker's ids are kept: {why}; solve all the same with --force", "warning")
