"""Whose each tracked box is: boxes matched to the ground truth, and the person that most of a tracklet's boxes show."""

from __future__ import annotations

import numpy as np

from reid_solve.evaluation.matching import best_matching
from reid_solve.evaluation.pairs import Pairs, distinct
from reid_solve.tracklets.table import IntArray

THRESHOLD = 0.5


def true_person(pairs: Pairs) -> IntArray:
    """True id under each tracked row, (n,), -1 for none.

    Every frame is matched for the largest sum of overlaps, whatever the ids; then matches under 0.5 fall away.
    """
    chosen = best_matching(pairs.gt_row, pairs.tracker_row, pairs.similarity) & (pairs.similarity >= THRESHOLD)
    person = np.full(len(pairs.tracker), -1)
    person[pairs.tracker_row[chosen]] = pairs.gt.id[pairs.gt_row[chosen]]
    return person


def most_common(group: IntArray, value: IntArray, groups: int) -> tuple[IntArray, IntArray]:
    """The value that most rows of each group have; among equals the one seen first.

    Args:
        group, value: (n,) in order of time, from 0; rows with a negative value do not count.
        groups: how many groups there are.

    Returns:
        value (groups,), -1 for a group without rows, and the number of rows that have it (groups,).
    """
    some = value >= 0
    key, place = distinct(group[some] * (int(value.max(initial=0)) + 1) + value[some])
    first = np.full(len(key), len(group))
    np.minimum.at(first, place, np.arange(len(place)))
    votes = np.bincount(place, minlength=len(key))
    of, what = np.divmod(key, int(value.max(initial=0)) + 1)
    order = np.lexsort((first, -votes, of))
    best = order[np.unique(of[order], return_index=True)[1]]
    winner, count = np.full(groups, -1), np.zeros(groups, np.int64)
    winner[of[best]] = what[best]
    count[of[best]] = votes[best]
    return winner, count


def first_seen(name: IntArray) -> IntArray:
    """Names (n,) as numbers from 0 in order of first appearance."""
    values, code = distinct(name)
    first = np.full(len(values), len(code))
    np.minimum.at(first, code, np.arange(len(code)))
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(first)] = np.arange(len(values))
    return rank[code]
