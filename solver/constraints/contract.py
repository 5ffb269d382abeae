"""Must-links for every method: what must be one person becomes one tracklet, is solved, and is taken apart again.

A method sees a smaller graph of the same kind, so that it need not know of must-links at all. Chains make one thing
hard: what lies in time between two members could stand between them, but not before or after the whole group. That is
settled first: what the method links to a member without the must-links goes into the group's holes, if nothing there
conflicts. The rest is as good as the method is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from reid_solve.solver.constraints.expand import expand
from reid_solve.solver.graph import Graph, Together
from reid_solve.solver.pairs import Pairs, among, pair_key, unordered_key
from reid_solve.solver.solution import Solution, chain_order, lifted_gain
from reid_solve.tracklets.table import IntArray

GROUP = "group"  # column of a smaller graph: evidence between groups but for the two tracklets that a link joins


@dataclass(frozen=True)
class Contracted:
    """A smaller problem, and how it comes from the larger one.

    Attributes:
        graph: the smaller problem, M nodes.
        node: (N,) node that each tracklet went into.
        first, last: (M,) the first and the last tracklet of each node in the order of chains.
        link: indices (E',) in the larger problem of the smaller one's links.
    """

    graph: Graph
    node: IntArray
    first: IntArray
    last: IntArray
    link: IntArray


def honour(graph: Graph, solve: Callable[[Graph], Solution], end: IntArray) -> tuple[Graph, Solution]:
    """Solve with must-links.

    Args:
        graph: the problem, ``graph.must`` with it.
        solve: a method.
        end: (N,) last frame of each tracklet.

    Returns:
        the problem with the pinned links added, and its solution. The bound is that of a path cover plus all the
        evidence there is to gain: the method's own bound would only hold for these fillings of the holes.
    """
    if not len(graph.must):
        return graph, solve(graph)
    from reid_solve.solver.methods.flow import flow

    free = replace(graph, must=graph.must[:0])
    bound = flow(free).bound
    place = chain_order(graph)
    group = _group(graph.count, graph.must)
    answers = []
    for filled in _fillings(graph, solve(free), group, place):
        small = contract(graph, filled, place, end)
        answer = solve(small.graph)
        answers.append(expand(graph, small.node, small.link[answer.links], answer, group, place, bound))
    return max(answers, key=lambda found: found[1].objective)  # of equals, the first


def _fillings(graph: Graph, free: Solution, group: IntArray, place: IntArray) -> list[IntArray]:
    """Ways to fill the holes of groups that are worth solving: as ``fill_holes`` says, and not at all."""
    filled = fill_holes(graph, free, group, place)
    return [filled] if (filled == group).all() else [filled, group]


def _group(count: int, must: IntArray) -> IntArray:
    """A number for each group of two or more, (N,); -1 for tracklets without must-link."""
    from reid_solve.solver.constraints.pinned import Pins

    label = Pins(count, must, must[:0]).group
    return np.where(np.bincount(label)[label] > 1, label, -1)


def fill_holes(graph: Graph, free: Solution, group: IntArray, place: IntArray) -> IntArray:
    """Groups (N,) with the tracklets that ``free`` links to a member from within the group's time.

    Between two members one after the other go followers of the first and predecessors of the second, the better link
    first: as many as gain most, if they are in order and conflict with nobody in the group.
    """
    out = group.copy()
    rivals, gain = _conflicts_of(graph), _gain_of(graph)
    i, j = graph.pairs.i[free.links].tolist(), graph.pairs.j[free.links].tolist()
    follow, before = dict(zip(i, j, strict=True)), dict(zip(j, i, strict=True))
    order = np.argsort(place)
    for name in np.unique(group[group >= 0]):
        members = order[group[order] == name].tolist()
        banned = {other for member in members for other in rivals(member)}
        for low, high in pairwise(members):
            ahead = gain(low, follow.get(low, low)) >= gain(before.get(high, high), high)
            for forward in (ahead, not ahead):
                step, x = (follow, low) if forward else (before, high)
                found: list[int] = []
                best, kept = 0.0, 0
                while x in step:
                    x = step[x]
                    if out[x] >= 0 or x in banned or not place[low] < place[x] < place[high]:
                        break
                    found.append(x)
                    onward = step.get(x)
                    ends = (
                        ((low, found[0]), (x, high), (x, onward))
                        if forward
                        else ((found[0], high), (low, x), (onward, x))
                    )
                    value = gain(*ends[0]) + gain(*ends[1]) - (0.0 if onward is None else gain(*ends[2]))
                    if value > best:
                        best, kept = value, len(found)
                for node in found[:kept]:
                    out[node] = name
                    banned.update(rivals(node))
                if kept:
                    low, high = (found[kept - 1], high) if forward else (low, found[kept - 1])
    return out


def _gain_of(graph: Graph) -> Callable[[int | None, int | None], float]:
    """A function from two tracklets to the gain of their link, 0 without one: must-links bridge what nobody priced."""
    key = pair_key(graph.pairs.i, graph.pairs.j, graph.count)
    order = np.argsort(key, kind="stable")
    key, worth = key[order], graph.gain[order]

    def gain(a: int | None, b: int | None) -> float:
        if a is None or b is None:
            return 0.0
        at = int(np.searchsorted(key, a * graph.count + b))
        return float(worth[at]) if at < len(key) and key[at] == a * graph.count + b else 0.0

    return gain


def _conflicts_of(graph: Graph) -> Callable[[int], list[int]]:
    """A function from a tracklet to those it conflicts with."""
    a = np.concatenate([graph.conflicts[:, 0], graph.conflicts[:, 1]])
    b = np.concatenate([graph.conflicts[:, 1], graph.conflicts[:, 0]])
    order = np.argsort(a, kind="stable")
    begin, other = np.searchsorted(a[order], np.arange(graph.count + 1)), b[order]
    return lambda x: list(map(int, other[begin[x] : begin[x + 1]]))


def contract(graph: Graph, group: IntArray, place: IntArray, end: IntArray) -> Contracted:
    """Make one node of each group.

    A node conflicts with whatever one of its tracklets conflicts with. Links lead into the tracklet of a group that is
    first in the order of chains, and leave from the one that is seen last.

    Args:
        graph: the problem.
        group: (N,) number of each tracklet's group, -1 without.
        place: (N,) from ``chain_order``.
        end: (N,) last frame of each tracklet.
    """
    own = np.where(group >= 0, graph.count + group, np.arange(graph.count))
    names, label = np.unique(own, return_inverse=True)
    count = len(names)
    begins, ends = np.full(count, graph.count), np.full(count, -1)
    np.minimum.at(begins, label, place)
    np.maximum.at(ends, label, place)
    rank = np.argsort(np.argsort(begins))  # nodes in the order of chains: every link leads to a larger number
    node = rank[label]
    at = np.argsort(place)
    first, last = np.zeros(count, np.int64), np.zeros(count, np.int64)
    first[rank], last[rank] = at[begins], at[ends]
    leave = np.zeros(count, np.int64)
    by_end = np.lexsort((place, end))
    leave[node[by_end]] = by_end  # the last assignment wins

    conflicts = np.unique(np.sort(node[graph.conflicts], axis=1), axis=0).reshape(-1, 2)
    forbidden = pair_key(conflicts[:, 0], conflicts[:, 1], count)
    i, j = node[graph.pairs.i], node[graph.pairs.j]
    good = (i != j) & (leave[i] == graph.pairs.i) & (first[j] == graph.pairs.j) & (place[last[i]] < place[first[j]])
    good &= among(unordered_key(i, j, count), forbidden) < 0
    link = np.flatnonzero(good)
    link = link[np.lexsort((j[link], i[link]))]
    pairs = Pairs(i[link], j[link], graph.pairs.gap[link])
    together = _contract_evidence(graph, node, count, forbidden)
    terms = {name: term[link] for name, term in graph.terms.items()}
    terms[GROUP] = _between(graph, node, count, pairs, last, first)
    return Contracted(Graph(count, pairs, terms, conflicts, together), node, first, last, link)


def _contract_evidence(graph: Graph, node: IntArray, count: int, forbidden: IntArray) -> Together:
    a, b = node[graph.together.i], node[graph.together.j]
    key = unordered_key(a, b, count)
    good = np.flatnonzero((a != b) & (among(key, forbidden) < 0))
    keys, at = np.unique(key[good], return_inverse=True)
    terms = {name: np.bincount(at, term[good], minlength=len(keys)) for name, term in graph.together.terms.items()}
    return Together(keys // max(count, 1), keys % max(count, 1), terms)


def _between(graph: Graph, node: IntArray, count: int, pairs: Pairs, last: IntArray, first: IntArray) -> np.ndarray:
    """Lifted evidence (E',) between two nodes, less that between the two tracklets that follow each other."""
    lifted, together = lifted_gain(graph), graph.together
    a, b = node[together.i], node[together.j]
    keys, at = np.unique(unordered_key(a, b, count), return_inverse=True)
    out = _look_up(pair_key(pairs.i, pairs.j, count), keys, np.bincount(at, lifted, minlength=len(keys)))
    own = pair_key(together.i, together.j, graph.count)
    order = np.argsort(own, kind="stable")
    linked = unordered_key(last[pairs.i], first[pairs.j], graph.count)
    return np.asarray(out - _look_up(linked, own[order], lifted[order]))


def _look_up(wanted: IntArray, keys: IntArray, values: np.ndarray) -> np.ndarray:
    """Value of each wanted key, 0 where there is none; keys ascending."""
    return np.append(values, 0.0)[among(wanted, keys)]
