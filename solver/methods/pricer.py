"""Runs the kernels of ``pricing`` from every start of a component, interpreted or compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from reid_solve.solver.methods import pricing
from reid_solve.solver.methods.budget import ROOM, Budget
from reid_solve.solver.methods.compiled import compile_kernels
from reid_solve.solver.methods.components import Columns, Component
from reid_solve.tracklets.table import FloatArray

COMPILE_FROM = 2_000_000  # steps; below, the interpreter is done before the compiler would be
LONGEST = 200_000_000  # steps of one search; some tenths of a second


class Pricer:
    """Finds chains of a component that are worth more than the prices of their tracklets."""

    def __init__(self, part: Component, budget: Budget) -> None:
        self.part, self.budget, self.taken = part, budget, 0
        self.count = len(part.nodes)
        self.pass_ = len(part.gain) + self.count  # steps that looking at one chain can take
        degree = int(np.diff(part.begin).max(initial=1))
        plus = np.cumsum(np.triu(np.maximum(part.lift, 0), 1), axis=0)
        self.task: list[Any] = [part.begin, part.head, part.gain, plus, part.lift]
        room = [np.zeros((self.count, self.count)), np.zeros(self.count), np.zeros((self.count, degree), np.int64)]
        room += [np.zeros((self.count, degree)), np.zeros((self.count, degree))]
        self.room: list[Any] = [*room, np.zeros(self.count, np.int64), np.zeros(self.count, np.int64)]
        self.arrays = (self.task, self.room)
        self.out: list[Any] = []
        self.compiled = COMPILE_FROM <= 0 or _compiled.cache_info().currsize > 0
        if not self.compiled:
            self.task, self.room = ([a.tolist() for a in group] for group in self.arrays)

    def sweep(
        self, prices: FloatArray, floor: float, everything: bool, looks: int, room: int
    ) -> tuple[Columns, float, bool]:
        """Price from every start.

        Returns:
            the chains found with their worth; what any solution can gain above the prices at most, infinite if the
            budget ended before every start was bounded; whether every search was complete, all chains found.
        """
        found: Columns = {}
        above, complete = 0.0, True
        for start in range(self.count):
            if self.budget.spent or len(found) > ROOM or (everything and not complete):
                return found, math.inf, False
            chains, top, whole = self._price(prices, start, floor, everything, looks, room)
            found.update(chains)
            above += max(top, 0)
            complete &= whole
        return found, above, complete

    def _price(
        self, prices: FloatArray, start: int, floor: float, everything: bool, looks: int, room: int
    ) -> tuple[Columns, float, bool]:
        if not self.compiled and self.taken >= COMPILE_FROM:
            (self.task, self.room), self.compiled, self.out = self.arrays, True, []
        if not self.out or len(self.out[0]) != room:
            out = [np.zeros((room, self.count), np.int64), np.zeros(room, np.int64), np.zeros(room)]
            self.out = out if self.compiled else [a.tolist() for a in out]
        limit = int(min(looks * self.pass_, LONGEST, max(self.budget.steps, 1)))
        search: Callable[..., Any] = _compiled() if self.compiled else pricing.price
        task = (*self.task, prices if self.compiled else prices.tolist(), start, floor, everything, limit)
        count, top, complete, steps = search(*task, *self.room, *self.out)
        self.budget.steps -= steps
        self.taken += steps
        found, length, worth = self.out
        chains = {}
        for k in range(count):
            chain = tuple(int(node) for node in found[k][: length[k]])
            chains[chain] = float(worth[k] + prices[list(chain)].sum())
        return chains, float(top), bool(complete)


@cache
def _compiled() -> Callable[..., Any]:
    return compile_kernels(pricing.KERNELS)["price"]
