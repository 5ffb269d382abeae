"""Moves of the local search that let a tracklet stand where one of another chain stands.

``best_...`` prices, ``take_...`` does what it chose; -1 stands for nobody. Every move leaves chains in order, their
consecutive tracklets linked by candidates, and no conflict inside them.
"""

from __future__ import annotations

from typing import Any

from reid_solve.solver.methods.chains import EPSILON, FORBIDDEN
from reid_solve.solver.methods.evidence import link_worth
from reid_solve.solver.methods.places import forget, take_place, tally


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


KERNELS = (best_swap, take_swap, isolate)
