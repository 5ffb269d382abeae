"""Moves of the local search that put tracklets elsewhere: a stretch of a chain, or a whole chain woven into another.

``best_...`` prices, ``take_...`` does what it chose; -1 stands for nobody. Every move leaves chains in order, their
consecutive tracklets linked by candidates, and no conflict inside them.
"""

from __future__ import annotations

from typing import Any

from reid_solve.solver.methods.chains import EPSILON, FORBIDDEN
from reid_solve.solver.methods.evidence import connect, link_worth, recut, relabel

STRETCH = 4  # tracklets that are moved together


def tally(c: Any, x: Any, sums: Any, conflicts: Any) -> None:
    """Add x's evidence to the sums by chain."""
    for k in range(c.begin[x], c.begin[x + 1]):
        label = c.label[c.other[k]]
        if c.evidence[k] <= FORBIDDEN:
            conflicts[label] += 1
        else:
            sums[label] += c.evidence[k]


def forget(c: Any, x: Any, sums: Any, conflicts: Any) -> None:
    """Empty the sums that x has added to."""
    for k in range(c.begin[x], c.begin[x + 1]):
        label = c.label[c.other[k]]
        sums[label] = 0.0
        conflicts[label] = 0


def woven(c: Any, mine: Any, yours: Any, end: Any) -> Any:
    """What links are worth more when the stretch from ``mine`` to ``end`` is merged with the chain from ``yours`` on.

    ``mine`` comes first. FORBIDDEN if tracklets would follow each other without a candidate link.
    """
    gain = 0.0
    while yours >= 0:
        following = -1 if mine == end else c.follow[mine]
        if 0 <= following < yours:
            mine = following
            continue
        worth = link_worth(c, mine, yours)
        if worth <= FORBIDDEN:
            return FORBIDDEN
        gain += worth
        if following >= 0:
            gain -= c.linked[mine]
        mine, yours = yours, following
    return gain


def best_place(c: Any, h: Any, sums: Any, conflicts: Any) -> tuple[Any, Any, Any, Any]:
    """The best of all ways to take h, or a stretch of some tracklets from h on, out of its chain.

    Returns:
        the gain, the last of the stretch, and between which tracklets of another chain h is to stand: (-1, -1) for
        alone, (-2, -2) if nothing gains.
    """
    p, own = c.before[h], c.label[h]
    best, last, left, right = EPSILON, h, -2, -2
    e, inner, size = h, 0.0, 0
    while e >= 0 and size < STRETCH:
        size += 1
        for k in range(c.begin[e], c.begin[e + 1]):
            if h <= c.other[k] < e and c.label[c.other[k]] == own:
                inner += c.evidence[k]
        tally(c, e, sums, conflicts)
        s = c.follow[e]
        leave = 2 * inner - sums[own] - c.linked[e]
        if p >= 0:
            leave -= c.linked[p]
            if s >= 0:
                leave += link_worth(c, p, s)
        if leave > FORBIDDEN / 2:
            if leave > best and (p >= 0 or s >= 0):
                best, last, left, right = leave, e, -1, -1
            for k in range(c.in_begin[h], c.in_begin[h + 1]):
                a = c.tail[k]
                label, b = c.label[a], c.follow[a]
                if label == own or conflicts[label] > 0 or 0 <= b < h:
                    continue
                gain = leave + sums[label] + c.in_worth[k] - c.linked[a]
                if b >= 0:
                    gain += woven(c, h, b, e)
                if gain > best:
                    best, last, left, right = gain, e, a, b
            x = h
            while True:  # heads of other chains after x, the first of them to follow x
                for k in range(c.out_begin[x], c.out_begin[x + 1]):
                    b = c.head[k]
                    label = c.label[b]
                    if label == own or conflicts[label] > 0 or c.before[b] >= 0 or (x != e and c.follow[x] < b):
                        continue
                    gain = leave + sums[label] + woven(c, x, b, e)
                    if gain > best:
                        best, last, left, right = gain, e, -1, b
                if x == e:
                    break
                x = c.follow[x]
        e = s
    sums[own] = 0.0
    e = h
    while size > 0:
        forget(c, e, sums, conflicts)
        e = c.follow[e]
        size -= 1
    return best, last, left, right


def take_place(c: Any, h: Any, e: Any, left: Any, right: Any, spare: Any) -> None:
    """Do what ``best_place`` or ``best_weave`` chose: move h .. e to stand between left and right."""
    p, s = c.before[h], c.follow[e]
    if p < 0 and s < 0:
        spare.append(c.label[h])
    if left >= 0:
        label = c.label[left]
    elif right >= 0:
        label = c.label[right]
    else:
        label = spare.pop()
    connect(c, p, s, link_worth(c, p, s) if p >= 0 and s >= 0 else 0.0)
    connect(c, e, -1, 0.0)
    relabel(c, h, label)
    connect(c, left, h, link_worth(c, left, h) if left >= 0 else 0.0)
    mine, yours = h, right
    while yours >= 0:
        following = c.follow[mine]
        if 0 <= following < yours:
            mine = following
            continue
        connect(c, mine, yours, link_worth(c, mine, yours))
        mine, yours = yours, following
    if p >= 0:
        recut(c, p, h, e)
    elif s >= 0:
        recut(c, s, h, e)
    recut(c, h, h, e)


def best_weave(c: Any, h: Any, sums: Any, conflicts: Any) -> tuple[Any, Any, Any]:
    """The best of all chains that the whole chain of h, its first tracklet, can be woven into.

    Returns:
        the gain, the tracklet of the other chain that h comes to follow (-1: none gains), and the last of h's chain.
    """
    x = e = h
    while x >= 0:
        tally(c, x, sums, conflicts)
        e = x
        x = c.follow[x]
    best, left = EPSILON, -1
    for k in range(c.in_begin[h], c.in_begin[h + 1]):
        a = c.tail[k]
        label = c.label[a]
        if conflicts[label] > 0 or c.follow[a] < h:
            continue
        gain = sums[label] + c.in_worth[k] - c.linked[a] + woven(c, h, c.follow[a], e)
        if gain > best:
            best, left = gain, a
    sums[c.label[h]] = 0.0
    x = h
    while x >= 0:
        forget(c, x, sums, conflicts)
        x = c.follow[x]
    return best, left, e


KERNELS = (tally, forget, woven, best_place, take_place, best_weave)
