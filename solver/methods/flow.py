"""Exact min-cost path cover: every tracklet has at most one successor and one predecessor, total log-odds maximal.

The min-cost flow of Zhang, Li and Nevatia (2008) over tracklets is an assignment of ends to starts. It is solved by
successive shortest augmenting paths with dual potentials on the sparse graph (Jonker and Volgenant 1987; Fredman's
heap in place of the dense scan). The dual's value equals the primal's: the proof of optimality comes free.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.registry import method
from reid_solve.solver.pairs import pair_key
from reid_solve.solver.solution import Solution, from_links
from reid_solve.tracklets.table import FloatArray, IntArray

COMPILE_FROM = 1_000_000  # links; below, the interpreter is done before the compiler (1.7 s, the first time) would be


@method("flow")
def flow(graph: Graph) -> Solution:
    """Maximise the sum of gains over all path covers."""
    useful = np.flatnonzero(graph.gain > 0)
    link, bound = path_cover(graph.count, graph.pairs.i[useful], graph.pairs.j[useful], graph.gain[useful])
    return from_links(graph, useful[link], bound, "flow")


def path_cover(count: int, i: IntArray, j: IntArray, gain: FloatArray) -> tuple[IntArray, float]:
    """Links of a maximum-gain path cover.

    Args:
        count: number of tracklets N.
        i, j: (E,) links from the end of i to the start of j.
        gain: (E,) positive gains.

    Returns:
        indices (L,) of the chosen links, ascending, and the dual's value, equal to the sum of their gains.
    """
    links, prices = priced_cover(count, i, j, gain)
    return links, float(prices.sum())


def priced_cover(count: int, i: npt.NDArray[Any], j: npt.NDArray[Any], gain: FloatArray) -> tuple[IntArray, FloatArray]:
    """The same with the dual tracklet by tracklet: what it costs, (N,), to leave its end and its start to somebody.

    No chain of links gains more than the prices of its tracklets sum up to.
    """
    begin = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=count))])
    solve = _compiled() if len(i) >= COMPILE_FROM else _interpreted
    key = pair_key(i, j, count)
    if (key[1:] >= key[:-1]).all():  # most often; then nothing is copied
        edge, dual = solve(count, begin, i, j, -gain)
        return np.sort(edge[edge >= 0]), -dual
    order = np.argsort(key, kind="stable")
    edge, dual = solve(count, begin, i[order], j[order], -gain[order])
    return np.sort(order[edge[edge >= 0]]), -dual


def _interpreted(count: int, *graph: np.ndarray) -> tuple[IntArray, FloatArray]:
    """The kernel run by the interpreter, on lists, which it reads faster than arrays."""
    space = [a.tolist() for a in _workspace(count)]
    _augment(count, *(a.tolist() for a in graph), *space)
    return np.array(space[0], np.int64), np.array(space[1]) + np.array(space[2])


@cache
def _compiled() -> Callable[..., tuple[IntArray, FloatArray]]:
    """The same kernel, compiled."""
    kernel = compile_kernels((_augment,))["_augment"]

    def solve(count: int, *graph: np.ndarray) -> tuple[IntArray, FloatArray]:
        space = _workspace(count)
        kernel(count, *graph, *space)
        return space[0], space[1] + space[2]

    return solve


def _workspace(count: int) -> list[np.ndarray]:
    """edge, u, v, owner, distance, via, settled: what the kernel works on; the first three are its result."""
    no = np.full(count, -1)
    return [no.copy(), np.zeros(count), np.zeros(count), no.copy(), np.full(count, np.inf), no.copy(), no > 0]


def _augment(count: Any, begin: Any, tail: Any, head: Any, cost: Any,
             edge: Any, u: Any, v: Any, owner: Any, distance: Any, via: Any, settled: Any) -> None:  # fmt: skip
    """Assign every row (an end) to a column (a start) or, at cost 0, to nothing.

    Row r owns edges ``begin[r]:begin[r + 1]``; edge k leads from ``tail[k]`` to ``head[k]`` at a negative cost.
    On return ``edge[r]`` is the row's edge or -1, and u, v are dual potentials: cost - u - v >= 0 everywhere, = 0 on
    the edges taken. Plain loops on purpose: this one source is both interpreted and compiled.
    """
    undecided, infinite = -2, np.inf
    for r in range(count):
        best, choice = 0.0, -1
        for k in range(begin[r], begin[r + 1]):
            if cost[k] < best:
                best, choice = cost[k], k
        u[r] = best
        if choice >= 0:
            if owner[head[choice]] < 0:
                owner[head[choice]] = r
                edge[r] = choice
            else:
                edge[r] = undecided
    for root in range(count):
        if edge[root] != undecided:
            continue
        # Dijkstra over columns on reduced costs, until a free column or a row that would rather take nothing.
        heap = [(0.0, 0)]
        heap.pop()
        rows, reached, touched = [root], [0.0], [root]
        touched.pop()
        r, base, stop, stop_row = root, 0.0, infinite, root
        while True:
            if base - u[r] < stop:
                stop, stop_row = base - u[r], r
            for k in range(begin[r], begin[r + 1]):
                j = 0 + head[k]  # 64 bits, as all that is on the heap, whatever the width of the heads
                d = base + cost[k] - u[r] - v[j]
                if d < distance[j] and d < stop and not settled[j]:
                    if distance[j] == infinite:
                        touched.append(j)
                    distance[j] = d
                    via[j] = k
                    heapq.heappush(heap, (d, j))
            goal, length = -1, infinite
            while len(heap) > 0:
                length, j = heapq.heappop(heap)
                if length == distance[j] and not settled[j]:
                    goal = j
                    break
            if goal < 0 or stop <= length:
                goal, length = -1, stop
                break
            settled[goal] = True
            if owner[goal] < 0:
                break
            r, base = owner[goal], length
            rows.append(r)
            reached.append(base)
        for t in range(len(rows)):
            u[rows[t]] += length - reached[t]
        for j in touched:
            if settled[j] and distance[j] < length:
                v[j] -= length - distance[j]
        if goal < 0:  # stop_row lets its column go
            if stop_row != root:
                goal = head[edge[stop_row]]
            edge[stop_row] = -1
        while goal >= 0:
            k = via[goal]
            r = tail[k]
            owner[goal] = r
            before = edge[r]
            edge[r] = k
            goal = -1 if r == root else head[before]
        for j in touched:
            distance[j] = infinite
            settled[j] = False
