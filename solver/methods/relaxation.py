"""Upper bounds on any partition: lifted evidence folded into links, then the exact path cover of what comes out.

Let v follow p. What v has in evidence with the chain before p is at most the best way through the links that ends at
p, counting only evidence with v. Added to the gain of p -> v, it makes a path cover that is worth at least what any
partition is; the cover's dual, tracklet by tracklet, is the bound. The same holds looking forward, and for half of
each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from reid_solve.solver.methods.chains import FORBIDDEN, Chains
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.flow import priced_cover
from reid_solve.solver.pairs import pair_key
from reid_solve.tracklets.table import FloatArray


def lifted_prices(prepared: Chains, compiled: bool) -> FloatArray:
    """Prices (N,) of the tracklets, by place, at which no chain is worth more than its tracklets; their sum is a bound.

    Of three such prices, those with the smallest sum.
    """
    count = len(prepared.follow)
    if not len(prepared.head):
        return np.zeros(count)
    tails = np.repeat(np.arange(count, dtype=np.int32), np.diff(prepared.out_begin))
    heads = np.asarray(prepared.head)
    back, ahead = _fold(prepared, compiled)
    behind = np.empty(len(heads))
    behind[np.argsort(pair_key(heads, tails, count), kind="stable")] = back
    del back
    prices = []
    for gain in (behind, ahead, (behind + ahead) / 2):
        useful = np.flatnonzero(gain > 0)
        prices.append(priced_cover(count, tails[useful], heads[useful], gain[useful])[1])
    return min(prices, key=lambda price: float(price.sum()))


def _fold(prepared: Chains, compiled: bool) -> tuple[FloatArray, FloatArray]:
    count, links = len(prepared.follow), len(prepared.head)
    room = [np.zeros(count), np.zeros(count), np.zeros(links)]
    out = []
    for kernel in KERNELS:
        if compiled:
            _compiled()[kernel.__name__](prepared, *room)
            out.append(room[2].copy())
        else:
            lists = [a.tolist() for a in room]
            kernel(Chains(*(field.tolist() for field in prepared)), *lists)
            out.append(np.array(lists[2]))
    return out[0], out[1]


@cache
def _compiled() -> dict[str, Callable[..., Any]]:
    return compile_kernels(KERNELS)


def histories(c: Any, evidence: Any, way: Any, out: Any) -> None:
    """For every link p -> v, by v: its gain, and the most evidence v can have with what comes before p."""
    for v in range(len(evidence)):
        low = v
        for k in range(c.begin[v], c.begin[v + 1]):
            evidence[c.other[k]] = c.evidence[k]
            low = min(low, c.other[k])
        for p in range(low, v):
            way[p] = 0.0
            if evidence[p] > FORBIDDEN:
                for k in range(c.in_begin[p], c.in_begin[p + 1]):
                    q = c.tail[k]
                    if q >= low and way[q] + evidence[q] > way[p]:
                        way[p] = way[q] + evidence[q]
        for k in range(c.in_begin[v], c.in_begin[v + 1]):
            p = c.tail[k]
            out[k] = c.in_worth[k]
            if p >= low:
                out[k] += evidence[p] + way[p]
        for k in range(c.begin[v], c.begin[v + 1]):
            evidence[c.other[k]] = 0.0


def prospects(c: Any, evidence: Any, way: Any, out: Any) -> None:
    """For every link u -> s, by u: its gain, and the most evidence u can have with what comes after s."""
    for u in range(len(evidence)):
        high = u
        for k in range(c.begin[u], c.begin[u + 1]):
            evidence[c.other[k]] = c.evidence[k]
            high = max(high, c.other[k])
        for s in range(high, u, -1):
            way[s] = 0.0
            if evidence[s] > FORBIDDEN:
                for k in range(c.out_begin[s], c.out_begin[s + 1]):
                    w = c.head[k]
                    if w <= high and way[w] + evidence[w] > way[s]:
                        way[s] = way[w] + evidence[w]
        for k in range(c.out_begin[u], c.out_begin[u + 1]):
            s = c.head[k]
            out[k] = c.worth[k]
            if s <= high:
                out[k] += evidence[s] + way[s]
        for k in range(c.begin[u], c.begin[u + 1]):
            evidence[c.other[k]] = 0.0


KERNELS = (histories, prospects)
