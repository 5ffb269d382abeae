"""The best chains of a component by column generation, from a good answer and a good bound.

Every chain of tracklets is a column, worth its links and its lifted evidence; every tracklet is in one chain at most
(set packing; the formulation of Leal-Taixe et al. 2012 and Wang et al. 2019 for lifted path covers). The linear
relaxation is solved by column generation: ``pricing`` finds chains worth more than their tracklets' prices. Prices are
taken between those of the best bound and those of the chains so far (Wentges 1997), and the search for chains is short
until short searches find no more. Where the relaxation's answer is not whole, every chain whose reduced value could
still make up the difference between bound and best answer is listed (Baldacci et al. 2008), and the integer programme
over these few is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from reid_solve.solver.methods.budget import Budget
from reid_solve.solver.methods.components import Chain, Columns, Component
from reid_solve.solver.methods.pricer import Pricer
from reid_solve.solver.methods.programmes import disjoint, relaxed
from reid_solve.tracklets.table import FloatArray

FEW = 100  # chains that are chosen among before there are better prices
SHORT, LONG = 30, 30_000  # chains that one search from one start may look at, first and at last
STRETCH = 4  # tracklets of a stretch that is tried alone at once
PER_START = 8  # new columns from one start in one round
NEAR = (5e-4, 2e-5, 0.0)  # how near the linear relaxation is brought to its value before chains are listed
CLOSE = 1e-7  # nats


class Search:
    """The best chains of a component, and an upper bound on what any are worth: better each time that it runs.

    Attributes:
        part: the component, with its evidence.
        best: chains of two and more.
        value: what they are worth.
        bound: no chains are worth more.
    """

    def __init__(self, part: Component, chains: list[Chain], prices: FloatArray) -> None:
        """Start from an answer, and from prices (n,) at which no chain is worth more than its tracklets."""
        self.part, self.best, self.value = part, chains, sum(part.worth(chain) for chain in chains)
        self.prices, self.bound = prices, float(prices.sum())
        self.proved = self.bound  # by the prices alone
        self.columns: Columns = {}

    @property
    def open(self) -> bool:
        """Whether the best chains are not proved to be."""
        return self.bound - self.value >= CLOSE * max(1, self.value)

    def run(self, budget: Budget) -> None:
        """Search as long as the budget lasts."""
        if not self.open or budget.spent:
            return
        self.budget = budget
        self.columns = self.columns or dict(_first_columns(self.part, self.best))
        self.pricer = Pricer(self.part, budget)
        self._list(SHORT, FEW)
        for near in NEAR:
            self._relax(near)
            self._choose(self._useful())
            self._list(LONG, self.budget.columns)
        del self.pricer

    def _relax(self, near: float) -> None:
        """Solve the linear relaxation up to a share of its value: better bounds, and columns."""
        looks, towards = SHORT, 0.5
        while self.open and not self.budget.spent:
            answer = relaxed(self.columns, self.pricer.count, self.budget)
            if answer is None:
                return
            lowest = answer[0]
            self._take(answer[1])
            if self.proved - lowest.sum() < near * max(1, self.proved):
                return
            at = towards * self.prices + (1 - towards) * lowest
            found, above, complete = self.pricer.sweep(at, CLOSE, False, looks, PER_START)
            better = at.sum() + above < self.proved
            if better:
                self.proved, self.prices = float(at.sum() + above), at
                self.bound = min(self.bound, self.proved)
            fresh = {chain: worth for chain, worth in found.items() if chain not in self.columns}
            self.columns.update(fresh)
            if not complete and looks < LONG and len(fresh) < self.pricer.count / 4:
                looks *= 10
            elif fresh or better:
                towards = 0.5
            elif towards > 0:
                towards = 0.0
            else:
                return

    def _list(self, looks: int, room: int) -> None:
        """Choose among all chains that could be in a better answer, if they can be listed."""
        if not self.open:
            return
        room = min(room, 2**self.pricer.count)
        columns, _, complete = self.pricer.sweep(self.prices, self._floor, True, looks, room)
        if complete and len(columns) <= room:
            self.bound = min(self.bound, max(self._choose(columns), self.value))

    def _useful(self) -> Columns:
        """The columns that could be in a better answer."""
        return {c: worth for c, worth in self.columns.items() if worth - self.prices[list(c)].sum() > self._floor}

    @property
    def _floor(self) -> float:
        """A chain whose worth less its prices is not above this is in no better answer."""
        return self.value - self.proved - CLOSE

    def _choose(self, columns: Columns) -> float:
        if self.budget.spent or not self.open or len(columns) > self.budget.columns:
            return math.inf
        answer, limit = disjoint(columns, self.pricer.count, self.budget)
        self._take(answer)
        return limit

    def _take(self, answer: list[Chain]) -> None:
        """Keep disjoint chains if they are better than the best."""
        worth = sum(self.part.worth(chain) for chain in answer)
        if worth > self.value:
            self.best, self.value = answer, worth


def _first_columns(part: Component, chains: list[Chain]) -> Iterable[tuple[Chain, float]]:
    """Of the given chains, what is left of them after one cut, and short stretches; and all links that gain alone."""
    for chain in chains:
        length = len(chain)
        for a in range(length):
            for b in range(a + 2, length + 1):
                if a == 0 or b == length or b - a <= STRETCH:
                    yield chain[a:b], part.worth(chain[a:b])
    tail = np.repeat(np.arange(len(part.nodes)), np.diff(part.begin))
    for k in np.flatnonzero(part.gain > 0):
        yield (int(tail[k]), int(part.head[k])), float(part.gain[k])
