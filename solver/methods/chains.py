"""Chains of tracklets under a local search, in flat arrays: one source, read by the interpreter or compiled.

Tracklets are numbered by their place in ``chain_order``, so that every link leads to a larger number. The objective is
split into evidence between every two tracklets of a chain (lifted gain, or a conflict), and what a link is worth on top
of the evidence between its ends. Evidence reaches a limited time: ``reach`` and ``origin`` bound how far along a chain
any sum has to look, so that no move costs more than the stretch of the match around it.
"""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np

from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import chain_order, lifted_gain
from reid_solve.tracklets.table import IntArray

FORBIDDEN = -1e18  # evidence of a conflict
EPSILON = 1e-9  # nats; smaller gains are rounding


class Chains(NamedTuple):
    """What the kernels read (first block) and write (second block); arrays when compiled, lists when interpreted."""

    out_begin: Any  # (N + 1,) links that leave x are out_begin[x] : out_begin[x + 1]
    head: Any  # (E,) tracklet that the link leads to, ascending for each x
    worth: Any  # (E,) gain less the evidence between the two ends
    in_begin: Any  # (N + 1,) the same by the tracklet that the link leads to
    tail: Any
    in_worth: Any
    begin: Any  # (N + 1,) evidence of x
    other: Any  # (2 L,) the other tracklet
    evidence: Any  # (2 L,) lifted gain, or FORBIDDEN
    reach: Any  # (N,) no tracklet up to x has evidence with one beyond reach[x]
    origin: Any  # (N,) no tracklet from x on has evidence with one before origin[x]

    follow: Any  # (N,) successor, or -1
    before: Any  # (N,) predecessor, or -1
    label: Any  # (N,) chain
    linked: Any  # (N,) worth of the link to the successor
    across: Any  # (N,) evidence between the chain up to x and the chain after x
    past: Any  # (N,) evidence with the part of the chain at hand up to the tracklet at hand
    past_conflicts: Any
    future: Any  # (N,) likewise with the part after it
    future_conflicts: Any
    window: Any  # (N,) the stretch of the chain at hand that past and future are made of


def prepare(graph: Graph) -> tuple[Chains, IntArray]:
    """Every tracklet alone, and the place (N,) at which each of the graph's tracklets is found."""
    count, place, together = graph.count, chain_order(graph), graph.together
    i, j = place[graph.pairs.i], place[graph.pairs.j]
    low, high = _ordered(place[together.i], place[together.j])
    c_low, c_high = _ordered(place[graph.conflicts[:, 0]], place[graph.conflicts[:, 1]])
    lifted = lifted_gain(graph)
    key, c_key, link_key = low * count + high, np.unique(c_low * count + c_high), i * count + j
    free = np.flatnonzero(~np.isin(key, c_key))
    low, high, lifted, key = low[free], high[free], lifted[free], key[free]
    useful = np.flatnonzero(~np.isin(link_key, c_key))
    useful = useful[np.argsort(link_key[useful], kind="stable")]
    i, j, link_key = i[useful], j[useful], link_key[useful]
    order = np.argsort(key, kind="stable")
    at = np.minimum(np.searchsorted(key, link_key, sorter=order), max(len(key) - 1, 0))
    shared = key[order[at]] == link_key if len(key) else np.zeros(len(i), bool)
    worth = graph.gain[useful]
    worth[shared] -= lifted[order[at[shared]]]

    a = np.concatenate([low, high, c_key // count, c_key % count]) if count else low
    b = np.concatenate([high, low, c_key % count, c_key // count]) if count else low
    value = np.concatenate([lifted, lifted, np.full(2 * len(c_key), FORBIDDEN)])
    by = np.lexsort((b, a))
    a, b, value = a[by], b[by], value[by]
    reach, origin = np.arange(count), np.arange(count)
    np.maximum.at(reach, a, b)
    np.minimum.at(origin, a, b)
    reach = np.maximum.accumulate(reach)
    origin = np.minimum.accumulate(origin[::-1])[::-1]
    back = np.lexsort((i, j))
    nobody, nothing = np.full(count, -1), np.zeros(count)
    return Chains(
        _begin(i, count), j, worth, _begin(j, count), i[back], worth[back], _begin(a, count), b, value, reach, origin,
        nobody.copy(), nobody.copy(), np.arange(count), nothing.copy(), nothing.copy(), nothing.copy(),
        np.zeros(count, np.int64), nothing.copy(), np.zeros(count, np.int64), np.zeros(count, np.int64),
    ), place  # fmt: skip


def _ordered(a: IntArray, b: IntArray) -> tuple[IntArray, IntArray]:
    return np.minimum(a, b), np.maximum(a, b)


def _begin(node: IntArray, count: int) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.bincount(node, minlength=count))]).astype(np.int64)


# The kernels. Plain loops on purpose; names without an underscore are entry points.


def link_worth(c: Any, a: Any, b: Any) -> Any:
    """Worth of the link a -> b; FORBIDDEN if it is no candidate."""
    low, high = c.out_begin[a], c.out_begin[a + 1]
    while low < high:
        middle = (low + high) // 2
        if c.head[middle] < b:
            low = middle + 1
        else:
            high = middle
    if low < c.out_begin[a + 1] and c.head[low] == b:
        return c.worth[low]
    return FORBIDDEN


def add(c: Any, x: Any, sums: Any, conflicts: Any, sign: Any) -> None:
    """Add x's evidence with everybody to sums, or take it away."""
    for k in range(c.begin[x], c.begin[x + 1]):
        if c.evidence[k] <= FORBIDDEN:
            conflicts[c.other[k]] += sign
        else:
            sums[c.other[k]] += sign * c.evidence[k]


def clear(c: Any, x: Any, sums: Any, conflicts: Any) -> None:
    """Forget x's evidence exactly, rounding included."""
    for k in range(c.begin[x], c.begin[x + 1]):
        sums[c.other[k]] = 0.0
        conflicts[c.other[k]] = 0


def past_with(c: Any, y: Any, a: Any) -> Any:
    """Evidence of ``past``, which ends at a, with the chain from y on."""
    total = 0.0
    while y >= 0 and c.origin[y] <= a:
        if c.past_conflicts[y] > 0:
            return FORBIDDEN
        total += c.past[y]
        y = c.follow[y]
    return total


def future_with(c: Any, y: Any, b: Any) -> Any:
    """Evidence of ``future``, which begins at b, with the chain up to y."""
    total = 0.0
    while y >= 0 and c.reach[y] >= b:
        if c.future_conflicts[y] > 0:
            return FORBIDDEN
        total += c.future[y]
        y = c.before[y]
    return total


def recut(c: Any, x: Any, low: Any, high: Any) -> None:
    """Bring ``across`` up to date on the chain of x, of which only evidence between low and high has changed."""
    while c.before[x] >= 0 and c.reach[c.before[x]] >= low:
        x = c.before[x]
    total = 0.0 if c.before[x] < 0 else c.across[c.before[x]]
    while x >= 0:
        for k in range(c.begin[x], c.begin[x + 1]):
            y = c.other[k]
            if c.label[y] == c.label[x]:
                total += c.evidence[k] if y > x else -c.evidence[k]
        c.across[x] = total if c.follow[x] >= 0 else 0.0
        x = c.follow[x]
        if x >= 0 and c.origin[x] > high:
            break


def connect(c: Any, a: Any, b: Any, worth: Any) -> None:
    """Let b follow a; either may be -1, nobody."""
    if a >= 0:
        c.follow[a] = b
        c.linked[a] = worth if b >= 0 else 0.0
    if b >= 0:
        c.before[b] = a


def relabel(c: Any, x: Any, label: Any) -> None:
    """Give the chain from x on a label."""
    while x >= 0:
        c.label[x] = label
        x = c.follow[x]


def first_of(c: Any, x: Any) -> Any:
    """First tracklet of the chain of x: walks, so only for rare moves."""
    while c.before[x] >= 0:
        x = c.before[x]
    return x


def open_window(c: Any, a: Any) -> tuple[Any, Any, Any]:
    """Fill ``past`` with the chain up to a and ``future`` with the rest, as far as they can matter to a.

    Returns:
        low, middle, high: ``window[low:middle]`` is past, ``window[middle:high]`` future.
    """
    x = a
    while c.before[x] >= 0 and c.reach[c.before[x]] > a:
        x = c.before[x]
    middle = 0
    while x != a:
        c.window[middle] = x
        middle += 1
        add(c, x, c.past, c.past_conflicts, 1)
        x = c.follow[x]
    c.window[middle] = a
    add(c, a, c.past, c.past_conflicts, 1)
    return 0, middle + 1, extend(c, a, middle + 1)


def extend(c: Any, a: Any, high: Any) -> Any:
    """Take into ``future`` what has evidence with anything before the successor of a."""
    z = c.follow[c.window[high - 1]]
    while z >= 0 and c.origin[z] < c.follow[a]:
        c.window[high] = z
        high += 1
        add(c, z, c.future, c.future_conflicts, 1)
        z = c.follow[z]
    return high


def close_window(c: Any, low: Any, middle: Any, high: Any) -> None:
    """Empty ``past`` and ``future``."""
    for k in range(low, middle):
        clear(c, c.window[k], c.past, c.past_conflicts)
    for k in range(middle, high):
        clear(c, c.window[k], c.future, c.future_conflicts)


def advance(c: Any, a: Any, low: Any, middle: Any, high: Any) -> tuple[Any, Any, Any]:
    """Move the window on to a, the successor of the tracklet that it was at."""
    if middle == high:
        c.window[high] = a
        high += 1
    else:
        add(c, a, c.future, c.future_conflicts, -1)
    add(c, a, c.past, c.past_conflicts, 1)
    middle += 1
    while c.reach[c.window[low]] <= a and low < middle - 1:
        add(c, c.window[low], c.past, c.past_conflicts, -1)
        low += 1
    return low, middle, extend(c, a, high)


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
        if p >= 0 and 0 <= s and p < s:
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


def best_place(c: Any, x: Any, sums: Any, conflicts: Any) -> tuple[Any, Any, Any]:
    """The best of all ways to take x out of its chain, alone or into another one.

    Returns:
        the gain, and the tracklets to stand between: (-1, -1) for alone, (-2, -2) if nothing gains.
    """
    p, s, own = c.before[x], c.follow[x], c.label[x]
    for k in range(c.begin[x], c.begin[x + 1]):
        label = c.label[c.other[k]]
        if c.evidence[k] <= FORBIDDEN:
            conflicts[label] += 1
        else:
            sums[label] += c.evidence[k]
    leave = -sums[own] - c.linked[x]
    possible = True
    if p >= 0:
        leave -= c.linked[p]
        if s >= 0:
            worth = link_worth(c, p, s)
            possible = worth > FORBIDDEN
            leave += worth
    best, left, right = EPSILON, -2, -2
    if possible:
        if leave > best and (p >= 0 or s >= 0):
            best, left, right = leave, -1, -1
        for k in range(c.in_begin[x], c.in_begin[x + 1]):
            a = c.tail[k]
            label, b = c.label[a], c.follow[a]
            if label == own or conflicts[label] > 0 or 0 <= b < x:
                continue
            gain = leave + sums[label] + c.in_worth[k] - c.linked[a]
            if b >= 0:
                gain += link_worth(c, x, b)
            if gain > best:
                best, left, right = gain, a, b
        for k in range(c.out_begin[x], c.out_begin[x + 1]):
            b = c.head[k]
            label = c.label[b]
            if label == own or conflicts[label] > 0 or c.before[b] >= 0:
                continue
            gain = leave + sums[label] + c.worth[k]
            if gain > best:
                best, left, right = gain, -1, b
    sums[own] = 0.0
    for k in range(c.begin[x], c.begin[x + 1]):
        label = c.label[c.other[k]]
        sums[label] = 0.0
        conflicts[label] = 0
    return best, left, right


def take_place(c: Any, x: Any, left: Any, right: Any, spare: Any) -> None:
    """Do what ``best_place`` chose."""
    p, s = c.before[x], c.follow[x]
    if p < 0 and s < 0:
        spare.append(c.label[x])
    if left >= 0 or right >= 0:
        c.label[x] = c.label[left] if left >= 0 else c.label[right]
    else:
        c.label[x] = spare.pop()
    connect(c, p, s, link_worth(c, p, s) if p >= 0 and s >= 0 else 0.0)
    if s >= 0 and p < 0:
        c.before[s] = -1
    if left >= 0:
        connect(c, left, x, link_worth(c, left, x))
    else:
        c.before[x] = -1
    if right >= 0:
        connect(c, x, right, link_worth(c, x, right))
    else:
        connect(c, x, -1, 0.0)
    if p >= 0:
        recut(c, p, x, x)
    elif s >= 0:
        recut(c, s, x, x)
    recut(c, x, x, x)


def best_weave(c: Any, h: Any, sums: Any, conflicts: Any) -> tuple[Any, Any]:
    """The best of all chains that the whole chain of h, its first tracklet, can be woven into.

    Returns:
        the gain and the tracklet of the other chain that h comes to follow (-1: none gains).
    """
    own = c.label[h]
    x = h
    while x >= 0:
        for k in range(c.begin[x], c.begin[x + 1]):
            label = c.label[c.other[k]]
            if c.evidence[k] <= FORBIDDEN:
                conflicts[label] += 1
            else:
                sums[label] += c.evidence[k]
        x = c.follow[x]
    best, choice = EPSILON, -1
    for k in range(c.in_begin[h], c.in_begin[h + 1]):
        a = c.tail[k]
        label = c.label[a]
        if label == own or conflicts[label] > 0 or c.follow[a] < h:
            continue
        gain = sums[label] + c.in_worth[k] - c.linked[a]
        mine, yours = h, c.follow[a]  # walk both: ``mine`` is placed, ``yours`` waits
        while yours >= 0:
            following = c.follow[mine]
            if 0 <= following < yours:
                mine = following
                continue
            worth = link_worth(c, mine, yours)
            gain += worth - (c.linked[mine] if following >= 0 else 0.0)
            if worth <= FORBIDDEN:
                break
            mine, yours = yours, following
        if gain > best:
            best, choice = gain, a
    sums[own] = 0.0
    x = h
    while x >= 0:
        for k in range(c.begin[x], c.begin[x + 1]):
            label = c.label[c.other[k]]
            sums[label] = 0.0
            conflicts[label] = 0
        x = c.follow[x]
    return best, choice


def take_weave(c: Any, h: Any, a: Any, spare: Any) -> None:
    """Do what ``best_weave`` chose."""
    spare.append(c.label[h])
    relabel(c, h, c.label[a])
    mine, yours, high = h, c.follow[a], h
    connect(c, a, h, link_worth(c, a, h))
    while yours >= 0:
        following = c.follow[mine]
        if 0 <= following < yours:
            mine = following
            continue
        connect(c, mine, yours, link_worth(c, mine, yours))
        mine, yours = yours, following
    while mine >= 0:
        high = mine
        mine = c.follow[mine]
    recut(c, a, h, high)


def improve(c: Any, sweeps: Any, sums: Any, conflicts: Any) -> Any:
    """Sweep over all chains, doing the best move at each tracklet, until no move gains. Returns the total gain."""
    total = 0.0
    spare = [0]  # unused labels
    spare.pop()
    for h in range(len(c.follow)):
        if c.before[h] < 0:
            relabel(c, h, h)
            recut(c, h, 0, len(c.follow))
        else:
            spare.append(h)
    for _ in range(sweeps):
        gained = 0.0
        for start in range(len(c.follow)):
            if c.before[start] >= 0:
                continue
            gain, left = best_weave(c, start, sums, conflicts)
            if left >= 0:
                take_weave(c, start, left, spare)
                gained += gain
                continue
            a = start
            low, middle, high = open_window(c, a)
            while True:
                gain, b, joined = best_tail(c, a)
                gain2, left, right = best_place(c, a, sums, conflicts)
                moved = True
                if gain2 > gain:
                    gained += gain2
                    close_window(c, low, middle, high)
                    take_place(c, a, left, right, spare)
                elif b != -2:
                    gained += gain
                    close_window(c, low, middle, high)
                    take_tail(c, a, b, joined, spare)
                else:
                    moved = False
                if c.follow[a] < 0:
                    break
                a = c.follow[a]
                if moved:
                    low, middle, high = open_window(c, a)
                else:
                    low, middle, high = advance(c, a, low, middle, high)
            if not moved:
                close_window(c, low, middle, high)
        total += gained
        if gained <= EPSILON:
            break
    return total


def merge(c: Any, version: Any) -> None:
    """Join chains end to start, best first, while the sum rises.

    ``version`` (N,) counts how often the chain that x is the first or last of has changed: older offers are void.
    """
    offers = [(0.0, 0, 0, 0)]
    offers.pop()
    for a in range(len(c.follow)):
        add(c, a, c.past, c.past_conflicts, 1)
        for k in range(c.out_begin[a], c.out_begin[a + 1]):
            gain = c.worth[k] + c.past[c.head[k]]
            if gain > EPSILON:
                offers.append((-gain, a, c.head[k], 0))
        clear(c, a, c.past, c.past_conflicts)
    heapq.heapify(offers)
    while len(offers) > 0:
        _, a, b, seen = heapq.heappop(offers)
        if c.follow[a] >= 0 or c.before[b] >= 0 or seen != version[a] + version[b]:
            continue
        connect(c, a, b, link_worth(c, a, b))
        z = b
        while c.follow[z] >= 0:
            z = c.follow[z]
        h = first_of(c, a)
        version[z] += 1
        if h != z:
            version[h] += 1
        low, middle, high = open_window(c, z)
        for k in range(c.out_begin[z], c.out_begin[z + 1]):
            y = c.head[k]
            if c.before[y] < 0:
                evidence = past_with(c, y, z)
                if evidence > FORBIDDEN and c.worth[k] + evidence > EPSILON:
                    heapq.heappush(offers, (-c.worth[k] - evidence, z, y, version[z] + version[y]))
        close_window(c, low, middle, high)
        high = 0
        x = h
        while x >= 0 and c.origin[x] < h:
            c.window[high] = x
            high += 1
            add(c, x, c.future, c.future_conflicts, 1)
            x = c.follow[x]
        for k in range(c.in_begin[h], c.in_begin[h + 1]):
            y = c.tail[k]
            if c.follow[y] < 0:
                evidence = future_with(c, y, h)
                if evidence > FORBIDDEN and c.in_worth[k] + evidence > EPSILON:
                    heapq.heappush(offers, (-c.in_worth[k] - evidence, y, h, version[y] + version[h]))
        close_window(c, 0, 0, high)


WRITTEN = Chains._fields[Chains._fields.index("follow") :]
KERNELS = (
    "link_worth", "add", "clear", "past_with", "future_with", "recut", "connect", "relabel", "first_of", "extend",
    "open_window", "close_window", "advance", "best_tail", "take_tail", "best_place", "take_place", "best_weave",
    "take_weave", "improve", "merge",
)  # fmt: skip
