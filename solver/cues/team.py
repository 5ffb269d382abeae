"""Team and role as the table names them: soft evidence, since a label can be wrong, and never the kit twice.

Labels say what kit somebody wears, and so does a part of what embeddings say (``solver/looks.py``). Of two
measurements of one thing that err together the stronger is all there is: where both tracklets have been embedded, a
label only adds what it says beyond the looks of the kit.
"""

from __future__ import annotations

import numpy as np

from reid_solve.solver.cues.registry import Scorer, cue
from reid_solve.solver.looks import learn_looks
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

WRONG = 0.02  # chance that a tracklet's majority label is wrong


@cue("team")
def team(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of the two tracklets' team labels."""
    return beyond_the_kit(tracklets, label_ratio(tracklets, "team"))


@cue("role")
def role(tracklets: Tracklets) -> Scorer | None:
    """Log-likelihood ratio of the two tracklets' role labels (player, goalkeeper, referee, ...)."""
    return beyond_the_kit(tracklets, label_ratio(tracklets, "role"))


def label_ratio(tracklets: Tracklets, column: str) -> Scorer | None:
    """Log of p(labels | same) / p(labels | different), labels being each tracklet's mean label distribution.

    A person keeps a label but for mistakes; two people's labels are drawn independently from the clip's own shares.
    A label that has a ``_score`` beside it counts with that probability, and with the rest as if it were unknown. A
    tracklet without labels says nothing (0).
    """
    if column not in tracklets.tracks:
        return None
    code, values = tracklets.tracks.codes(column)
    code = code[tracklets.rows]
    known = code >= 0
    if not known.any() or len(values) < 2:
        return None
    trust = _trust(tracklets, f"{column}_score")
    votes, total = np.zeros((len(tracklets), len(values))), np.zeros(len(tracklets))
    np.add.at(votes, (tracklets.node[known], code[known]), trust[known])
    np.add.at(total, tracklets.node[known], 1)
    share = votes.sum(axis=0) / max(float(votes.sum()), 1e-9)
    mean = votes / np.maximum(total, 1)[:, None]
    belief = (1 - WRONG) * mean + (1 - (1 - WRONG) * mean.sum(axis=1, keepdims=True)) * share

    def score(pairs: Pairs) -> FloatArray:
        return np.asarray(np.log((belief[pairs.i] * belief[pairs.j] / np.maximum(share, 1e-12)).sum(axis=1)))

    return score


def beyond_the_kit(tracklets: Tracklets, labels: Scorer | None) -> Scorer | None:
    """What labels say beyond what the embeddings of both tracklets say of their kits.

    With a ratio t of labels and k of the kits in embeddings, k + the answer is the larger of the two where both speak
    for one person, the smaller where both speak against, and their sum where they contradict each other.
    """
    seen, looks = tracklets.appearance, learn_looks(tracklets)
    if labels is None or seen is None or looks is None:
        return labels
    said = labels
    kits = len(looks.model.between)
    place = looks.place(seen.mean)[:, :kits]

    def score(pairs: Pairs) -> FloatArray:
        i, j = pairs.i, pairs.j
        t = said(pairs)
        k = looks.kit * looks.model.ratio_of_pairs(place, seen.seen, i, j)[0]
        known = (seen.seen[i] > 0) & (seen.seen[j] > 0) & (np.sign(t) == np.sign(k))
        return np.where(known, np.sign(t) * np.maximum(np.abs(t) - np.abs(k), 0), t)

    return score


def _trust(tracklets: Tracklets, column: str) -> FloatArray:
    """Scores (n,) of labels, 1 where there is none."""
    if column not in tracklets.tracks:
        return np.ones(len(tracklets.rows))
    score = arrays.floats(tracklets.tracks.canonical[column])[tracklets.rows]
    return np.where(np.isnan(score), 1.0, np.clip(score, 0, 1))
