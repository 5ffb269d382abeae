"""How sure the answer is of itself: the probability that what was decided about a tracklet is right.

Two decisions make a tracklet's place in its identity: what came before it, and what follows. Either is another tracklet
or nobody. A decision's evidence is what its undoing would cost by the solver's own account: the log-odds of the link
among its rivals and, since the cut would part the whole chain there, the lifted evidence across it; for 'nobody' the
log-odds of what the candidates leave over. Those sums are too sure of themselves (cues read the same box, pairs of one
chain tell much the same), so they are weighed before they become a probability, as scores are calibrated in speaker
recognition (Brümmer and du Preez 2006, linear in the log-odds). The weights are a prior that is shipped.
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.graph import PINNED, Graph
from reid_solve.solver.result import Solved
from reid_solve.solver.solution import Solution, chain_order, lifted_gain
from reid_solve.tracklets.table import FloatArray

# How much each kind of evidence counts, in the order of ``evidence``. A logistic regression on the decisions about
# 10,745 tracklets of the development clips: 20 SoccerNet clips under three trackers, without embeddings and with two
# kinds of simulated ones. ``benchmarks/calibration.py --fit`` prints them, and the error with the scored clip left out.
WEIGHTS = np.array([0.31, 0.25, 0.61, -0.05, 0.59, 0.03, -0.49, 0.33])
CERTAIN = 1e-4  # marginals are kept this far from 0 and 1
ACROSS = 6.0  # nats; no more is believed of the evidence across a cut
SECONDS = (0.04, 30.0)  # what the weights were learnt from; longer tracklets are taken for as long


def confidence(solved: Solved) -> FloatArray:
    """Probability (N,) that both decisions about each tracklet are right: ``identity_score``.

    The event: the tracklet that comes before it in its identity is the last one before it that truly shows the same
    person, and the tracklet that follows is the next one that does; where the identity begins or ends with it, there is
    none. 'Truly' is meant of whole tracklets (pieces, where they were cut), each standing for the person whom most of
    its boxes show; a tracklet of nobody is right on its own. It is not the probability that the whole identity is one
    person: that is, that every link of its chain is right.

    The two decisions are taken as independent. What a person said (must-links) is as certain as it was pinned.
    """
    return np.asarray(np.prod(decisions(solved), axis=0))


def decisions(solved: Solved, weights: FloatArray = WEIGHTS) -> FloatArray:
    """Probability (2, N) that what follows (0) and what came before (1) is right."""
    p = 1 / (1 + np.exp(-evidence(solved) @ weights))
    graph, links = solved.graph, solved.solution.links
    if PINNED in graph.terms:
        said = links[graph.terms[PINNED][links] != 0]
        for side, node in enumerate((graph.pairs.i, graph.pairs.j)):
            p[side, node[said]] = 1 / (1 + np.exp(-graph.log_odds[said]))
    return np.asarray(p)


def evidence(solved: Solved) -> FloatArray:
    """What speaks for both decisions, (2, N, 8).

    For a link: its log-odds among its rivals, the lifted evidence across it, 1 if looks were compared, 1. For 'nobody':
    the log-odds of what the candidates leave over, 1 if looks were compared, 1. Zeros where the other kind was decided.
    Last, the logarithm of the seconds for which the tracklet is seen; of a link's two, the shorter one.
    """
    tracklets, graph, links = solved.tracklets, solved.graph, solved.solution.links
    looks = float("appearance" in graph.terms)
    seconds = np.log(np.clip(tracklets.length * tracklets.step / tracklets.fps, *SECONDS))
    offered = graph if solved.considered is None else solved.considered  # what was withheld may be true all the same
    chance = 1 / (1 + np.exp(-offered.log_odds))
    linked = np.stack([
        _log_odds(1 / (1 + np.exp(-graph.log_odds[links]))), np.clip(across(graph, solved.solution), -ACROSS, ACROSS),
        np.full(len(links), looks), np.ones(len(links)),
    ], axis=1)  # fmt: skip
    out = np.zeros((2, graph.count, len(WEIGHTS)))
    i, j = graph.pairs.i[links], graph.pairs.j[links]
    for side, (node, other, end) in enumerate(((i, j, offered.pairs.i), (j, i, offered.pairs.j))):
        left = np.asarray(1 - np.bincount(end, chance, minlength=graph.count), float)
        out[side, :, 4], out[side, :, 5], out[side, :, 6], out[side, :, 7] = _log_odds(left), looks, 1.0, seconds
        out[side, node, :4], out[side, node, 4:7] = linked, 0.0
        out[side, node, 7] = np.minimum(seconds[node], seconds[other])
    return out


def across(graph: Graph, solution: Solution) -> FloatArray:
    """Lifted evidence (L,) that the objective would lose if a chain were cut at each of its links.

    That is the lifted gain between everything before and everything after, but for the two tracklets that are linked:
    what they look like is in the link's own log-odds.
    """
    order = np.lexsort((chain_order(graph), solution.identity))
    place = np.empty(graph.count, np.int64)
    place[order] = np.arange(graph.count)
    gain, together = lifted_gain(graph), graph.together
    same = np.flatnonzero(solution.identity[together.i] == solution.identity[together.j])
    ends = np.sort(place[np.column_stack([together.i[same], together.j[same]])], axis=1)
    same, ends = same[ends[:, 1] - ends[:, 0] > 1], ends[ends[:, 1] - ends[:, 0] > 1]
    change = np.bincount(ends[:, 0], gain[same], minlength=graph.count)
    change -= np.bincount(ends[:, 1], gain[same], minlength=graph.count)
    return np.asarray(np.cumsum(change)[place[graph.pairs.i[solution.links]]])


def _log_odds(p: FloatArray) -> FloatArray:
    p = np.clip(p, CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(p) - np.log1p(-p))
