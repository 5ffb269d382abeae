"""The two halves of the search on chains: greedy joins, and sweeps of moves until none gains."""

from __future__ import annotations

import heapq
from typing import Any

from reid_solve.solver.methods import evidence, places, swaps, tails
from reid_solve.solver.methods.chains import EPSILON, FORBIDDEN
from reid_solve.solver.methods.evidence import (
    add,
    advance,
    clear,
    close_window,
    connect,
    future_with,
    link_worth,
    open_window,
    past_with,
    recut,
    relabel,
)
from reid_solve.solver.methods.places import best_place, best_weave, take_place
from reid_solve.solver.methods.swaps import best_swap, take_swap
from reid_solve.solver.methods.tails import best_tail, take_tail


def first_of(c: Any, x: Any) -> Any:
    """First tracklet of the chain of x: walks, so only for rare moves."""
    while c.before[x] >= 0:
        x = c.before[x]
    return x


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
            gain, left, e = best_weave(c, start, sums, conflicts)
            if left >= 0:
                take_place(c, start, e, left, c.follow[left], spare)
                gained += gain
                continue
            a = start
            low, middle, high = open_window(c, a)
            while True:
                gain, b, joined = best_tail(c, a)
                placed, e, left, right = best_place(c, a, sums, conflicts)
                moved = True
                if placed > gain:
                    gained += placed
                    close_window(c, low, middle, high)
                    take_place(c, a, e, left, right, spare)
                elif b != -2:
                    gained += gain
                    close_window(c, low, middle, high)
                    take_tail(c, a, b, joined, spare)
                else:
                    gain, y, exchanged = best_swap(c, a, sums, conflicts)
                    moved = y >= 0
                    if moved:
                        gained += gain
                        close_window(c, low, middle, high)
                        take_swap(c, a, y, exchanged, spare)
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
    Offers are of one type, so what is read in 32 bits is widened.
    """
    offers = [(0.0, 0, 0, 0)]
    offers.pop()
    for a in range(len(c.follow)):
        add(c, a, c.past, c.past_conflicts, 1)
        for k in range(c.out_begin[a], c.out_begin[a + 1]):
            gain = c.worth[k] + c.past[c.head[k]]
            if gain > EPSILON:
                offers.append((-gain, a, c.head[k] + 0, 0))
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
            y = c.head[k] + 0  # 64 bits when compiled, as all in the heap
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
            y = c.tail[k] + 0
            if c.follow[y] < 0:
                evidence = future_with(c, y, h)
                if evidence > FORBIDDEN and c.in_worth[k] + evidence > EPSILON:
                    heapq.heappush(offers, (-c.in_worth[k] - evidence, y, h, version[y] + version[h]))
        close_window(c, 0, 0, high)


KERNELS = (*evidence.KERNELS, *tails.KERNELS, *places.KERNELS, *swaps.KERNELS, first_of, improve, merge)
