"""Moves of the local search that give a tracklet another successor: cut, join, or exchange the ends of two chains.

``best_...`` prices, ``take_...`` does what it chose; -1 stands for nobody. Every move leaves chains in order, their
consecutive tracklets linked by candidates, and no conflict inside them.
"""

from __future__ import annotations

from typing import Any

from reid_solve.solver.methods.chains import EPSILON, FORBIDDEN
from reid_solve.solver.methods.evidence import connect, future_with, link_worth, past_with, recut, relabel


def best_tail(c: Any, a: Any) -> tuple[Any, Any, Any]:
    """The best of all ways to give a another successor.

    a's chain is ..a s.., the new successor's ..p b..; the result is ..a b.. and either ..p s.., or ..p and s.. apart.

    Returns:
        the gain, b (-1: cut after a) and whether p and s are joined.
    """
    s = c.follow[a]
    loss = c.across[a] + c.linked[a] if s >= 0 else 0.0
    best, choice, joined = EPSILON, -2, False
    if -loss > best:
        best, choice = -loss, -1
    for k in range(c.out_begin[a], c.out_begin[a + 1]):
        b = c.head[k]
        if c.label[b] == c.label[a]:
            continue
        p = c.before[b]
        gain = c.worth[k] - loss
        if p >= 0:
            gain -= c.across[p] + c.linked[p]
        ahead = past_with(c, b, a)
        if ahead <= FORBIDDEN:
            continue
        gain += ahead
        if gain > best:
            best, choice, joined = gain, b, False
        if p >= 0 and p < s:
            worth = link_worth(c, p, s)
            if worth > FORBIDDEN:
                behind = future_with(c, p, s)
                if behind > FORBIDDEN and gain + worth + behind > best:
                    best, choice, joined = gain + worth + behind, b, True
    return best, choice, joined


def take_tail(c: Any, a: Any, b: Any, joined: Any, spare: Any) -> Any:
    """Do what ``best_tail`` chose; ``spare`` is a stack of unused labels."""
    s = c.follow[a]
    label = c.label[a]
    if b < 0:
        connect(c, a, -1, 0.0)
        c.before[s] = -1
        relabel(c, s, spare.pop())
        recut(c, a, a, s)
        recut(c, s, a, s)
        return
    p = c.before[b]
    theirs = c.label[b]
    low, high = (a if p < 0 else min(a, p)), (b if s < 0 else max(b, s))
    connect(c, a, b, link_worth(c, a, b))
    relabel(c, b, label)
    if s >= 0:
        c.before[s] = -1
        if joined:
            connect(c, p, s, link_worth(c, p, s))
            relabel(c, s, theirs)
        elif p < 0:
            relabel(c, s, theirs)
        else:
            relabel(c, s, spare.pop())
    elif p < 0:
        spare.append(theirs)
    if p >= 0 and not joined:
        connect(c, p, -1, 0.0)
    recut(c, a, low, high)
    if p >= 0:
        recut(c, p, low, high)
    if s >= 0 and not joined:
        recut(c, s, low, high)


KERNELS = (best_tail, take_tail)
