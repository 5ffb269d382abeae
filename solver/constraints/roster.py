"""A priced cap on the number of identities: everyone beyond the roster has to be worth it.

Minimising identities under a budget is a constraint on the whole clip; its Lagrangian relaxation is a price for each
identity. Tracklets less links are identities, so that a price per identity is the same as a bonus per link: any method
solves the priced problem as exactly as it solves the other (``flow``: optimally). The price is the smallest, found by
bisection, at which the cap is met, or else ``HIGHEST``: substitutions and misread clips may cost, but nobody is joined
against clear evidence, and conflicts are never touched (Everett 1963: the answer is optimal among all with as few
identities). Only people seen for two seconds or more count; teams are priced one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reid_solve.solver.constraints.roles import BALL, REFEREE, kinds
from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import Solution, from_identity
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import FloatArray, IntArray

PRESENCE_SECONDS = 2.0
HIGHEST = 3.0  # nats per identity: never joins what is less probable than 1 in 20 would be on its own
STEPS = 6  # of the bisection: the price is found to 0.05 nats
PRICE = "roster"  # column of the priced problem; never in a graph that is handed out


@dataclass(frozen=True)
class Squad:
    """One cap: who is counted, how many there should be, what was found.

    Attributes:
        name: team label, "referee", or "all".
        cap: people.
        member: (N,) whether a tracklet counts.
        people: identities seen for two seconds or more.
        price: nats per identity at which they were found.
    """

    name: str
    cap: int
    member: np.ndarray
    people: int = 0
    price: float = 0.0

    def facts(self) -> dict[str, str | int | float | bool]:
        """For ``--json``."""
        met = self.people <= self.cap
        return {"name": self.name, "cap": self.cap, "people": self.people, "price": round(self.price, 3), "met": met}


def parse(text: str | int | Sequence[int]) -> tuple[int, ...]:
    """``11+11+3``, or one number for all people.

    Raises:
        OptionError: something else.
    """
    if isinstance(text, int | str):
        if not re.fullmatch(r"\s*\d+(\s*\+\s*\d+)*\s*", str(text)):
            raise OptionError(f"roster {text!r}: write team sizes as 11+11+3, or one number for all people")
        text = [int(size) for size in str(text).split("+")]
    sizes = tuple(int(size) for size in text)
    if not sum(sizes) or min(sizes) < 0:
        raise OptionError("roster: nobody is on it; write team sizes as 11+11+3, or one number for all people")
    return sizes


def squads(tracklets: Tracklets, sizes: Sequence[int]) -> list[Squad]:
    """Whom each number counts.

    With a ``team`` column and several sizes: the sizes in the order given go to the teams in the order of how much was
    seen of them, and the last one, where there are more sizes than teams, to the referees and whoever is left. Without,
    all people are counted together. The ball never counts.
    """
    kind = kinds(tracklets)
    people = kind != BALL
    if len(sizes) == 1 or "team" not in tracklets.tracks or not len(tracklets):
        return [Squad("all", sum(sizes), people)]
    code, values = tracklets.tracks.codes("team")
    names = arrays.words(values).to_pylist()
    code = code[tracklets.rows]
    votes = np.zeros((len(tracklets), len(names)))
    np.add.at(votes, (tracklets.node[code >= 0], code[code >= 0]), 1)
    team = np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1) if len(names) else 0, -1)
    official = (kind == REFEREE) | np.isin(team, [k for k, name in enumerate(names) if name.lower() in OFFICIALS])
    team = np.where(people & ~official, team, -1)
    rows = np.bincount(team[team >= 0], tracklets.length[team >= 0], minlength=len(names))
    ranked = [k for k in np.argsort(-rows, kind="stable").tolist() if rows[k] > 0]
    out = [Squad(names[k], size, team == k) for k, size in zip(ranked, sizes, strict=False)]
    others = [name.name for name in out]
    if len(sizes) == len(ranked) + 1:
        left = people & (team < 0)
        out.append(Squad("others" if "others" not in others else "the others", sizes[-1], left))
    return out or [Squad("all", sum(sizes), people)]


OFFICIALS = ("referee", "ref", "official", "officials", "referees")


def present(tracklets: Tracklets, identity: IntArray, member: np.ndarray) -> int:
    """Identities of a squad that are seen for two seconds or more."""
    seconds = np.bincount(identity[member], tracklets.length[member], minlength=1) * tracklets.step / tracklets.fps
    return int((seconds >= PRESENCE_SECONDS).sum())


def with_roster(
    graph: Graph, tracklets: Tracklets, sizes: Sequence[int], solve: Callable[[Graph], tuple[Graph, Solution]]
) -> tuple[Graph, Solution, list[Squad]]:
    """Solve, raising prices until each squad fits its cap or the price is as high as it may be.

    Args:
        graph: the problem.
        tracklets: what it was built from.
        sizes: from ``parse``.
        solve: a method, which may add links.

    Returns:
        the problem and the solution, priced without the roster, whose bound is that of the problem without it; and
        the squads.
    """
    larger, solution = solve(graph)
    bound = solution.bound
    price = np.zeros(graph.count)
    found = squads(tracklets, sizes)
    for number, squad in enumerate(found):
        low, high, cap = 0.0, 0.0, squad.cap
        best = (larger, solution)
        if present(tracklets, solution.identity, squad.member) > cap:
            low, high = 0.0, HIGHEST
            best = _priced(graph, price + high * squad.member, solve)
            if present(tracklets, best[1].identity, squad.member) <= cap:
                for _ in range(STEPS):
                    middle = (low + high) / 2
                    tried = _priced(graph, price + middle * squad.member, solve)
                    if present(tracklets, tried[1].identity, squad.member) <= cap:
                        high, best = middle, tried
                    else:
                        low = middle
        price = price + high * squad.member
        larger, solution = best
        found[number] = replace(squad, price=high)
    if price.any():
        method = solution.method
        terms = {name: term for name, term in larger.terms.items() if name != PRICE}
        larger = replace(larger, terms=terms)
        solution = from_identity(larger, solution.identity, bound, method)
    counted = [replace(s, people=present(tracklets, solution.identity, s.member)) for s in found]
    return larger, solution, counted


def _priced(
    graph: Graph, price: FloatArray, solve: Callable[[Graph], tuple[Graph, Solution]]
) -> tuple[Graph, Solution]:
    """Solve with a bonus for every link into a tracklet: an identity that need not be."""
    return solve(replace(graph, terms={**graph.terms, PRICE: price[graph.pairs.j]}))
