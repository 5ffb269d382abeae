"""The moves of the local search on chains: ``best_...`` prices, ``take_...`` does what it chose.

In prices, -1 stands for nobody. Every move leaves chains in order, their consecutive tracklets linked by candidates,
and no conflict inside them.
"""

from __future__ import annotations

from typing import Any

from reid_solve.solver.methods.chains import (
    EPSILON,
    FORBIDDEN,
    connect,
    future_with,
    link_worth,
    past_with,
    recut,
    relabel,
)

STRETCH = 4  # tracklets that are moved together


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


def best_swap(c: Any, x: Any, sums: Any, conflicts: Any) -> tuple[Any, Any, Any]:
    """The best of all ways for x to stand where a tracklet y of another chain stands now.

    Returns:
        the gain, y (-1: none gains), and whether y goes where x was (else it is alone).
    """
    p, s, own = c.before[x], c.follow[x], c.label[x]
    tally(c, x, sums, conflicts)
    leave = -sums[own] - c.linked[x]
    closed = 0.0  # what it is worth that p and s follow each other
    if p >= 0:
        leave -= c.linked[p]
        if s >= 0:
            closed = link_worth(c, p, s)
    best, choice, exchanged = EPSILON, -1, False
    for side in range(2):
        first = c.in_begin[x] if side == 0 else c.out_begin[x]
        stop = c.in_begin[x + 1] if side == 0 else c.out_begin[x + 1]
        for k in range(first, stop):
            a = c.tail[k] if side == 0 else c.before[c.head[k]]  # y follows a, or precedes the head of a link from x
            if side == 0:
                y = c.follow[a]
            else:
                y = a
                if y >= 0 and c.before[y] >= 0:
                    continue  # has been seen from the other side, or cannot be
            if y < 0 or c.label[y] == own:
                continue
            a, z, label = c.before[y], c.follow[y], c.label[y]
            if a > x or 0 <= z < x or conflicts[label] > 1:
                continue
            gain = leave + sums[label] - c.linked[y]
            if a >= 0:
                gain += link_worth(c, a, x) - c.linked[a]
            if z >= 0:
                gain += link_worth(c, x, z)
            if gain <= FORBIDDEN / 2:
                continue
            back, crossed, clash = 0.0, conflicts[label], 0
            for q in range(c.begin[y], c.begin[y + 1]):
                other = c.other[q]
                if other == x:
                    if c.evidence[q] <= FORBIDDEN:
                        crossed -= 1
                    else:
                        gain -= c.evidence[q]
                elif c.label[other] == label:
                    gain -= c.evidence[q]
                elif c.label[other] == own:
                    if c.evidence[q] <= FORBIDDEN:
                        clash += 1
                    else:
                        back += c.evidence[q]
            if crossed > 0:
                continue
            if gain + closed > best:
                best, choice, exchanged = gain + closed, y, False
            if clash == 0 and p < y and (s < 0 or y < s) and (p >= 0 or s >= 0):
                if p >= 0:
                    back += link_worth(c, p, y)
                if s >= 0:
                    back += link_worth(c, y, s)
                if gain + back > best:
                    best, choice, exchanged = gain + back, y, True
    sums[own] = 0.0
    forget(c, x, sums, conflicts)
    return best, choice, exchanged


def take_swap(c: Any, x: Any, y: Any, exchanged: Any, spare: Any) -> None:
    """Do what ``best_swap`` chose, as moves of one."""
    p, s = c.before[x], c.follow[x]
    a, z = c.before[y], c.follow[y]
    if p >= 0 or s >= 0:
        isolate(c, x, spare)
    if a >= 0 or z >= 0:
        isolate(c, y, spare)
        take_place(c, x, x, a, z, spare)
    if exchanged:
        take_place(c, y, y, p, s, spare)


def isolate(c: Any, x: Any, spare: Any) -> None:
    """Take x out of its chain, which for the moment may hold a link that is no candidate."""
    take_place(c, x, x, -1, -1, spare)


KERNELS = (
    best_tail,
    take_tail,
    tally,
    forget,
    woven,
    best_place,
    take_place,
    best_weave,
    best_swap,
    take_swap,
    isolate,
)
