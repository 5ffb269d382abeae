"""The linear and the integer programme over columns, solved by HiGHS."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reid_solve.solver.methods.budget import Budget
from reid_solve.solver.methods.components import Chain, Columns
from reid_solve.tracklets.table import FloatArray

TAKEN = 1e-6  # of a column; less is rounding
STEPS_A_COLUMN = 10_000  # that a linear programme takes about as long as


def _matrix(columns: Columns, count: int) -> Any:
    from scipy.sparse import csc_array

    lengths = np.array([len(chain) for chain in columns], np.int64)
    rows = np.array([node for chain in columns for node in chain], np.int64)
    shape = (count, len(columns))
    return csc_array((np.ones(len(rows)), rows, np.concatenate([[0], np.cumsum(lengths)])), shape=shape)


def relaxed(columns: Columns, count: int, budget: Budget) -> tuple[FloatArray, list[Chain]] | None:
    """The linear relaxation: dual prices (n,) of the tracklets, and disjoint chains, those that it takes most of first.

    None if time runs out. Where the relaxation is whole, the chains are the best disjoint ones.
    """
    from scipy.optimize import linprog

    if not columns:
        return np.zeros(count), []
    worth = np.array(list(columns.values()))
    budget.steps -= STEPS_A_COLUMN * len(columns)
    answer: Any = linprog(
        -worth, A_ub=_matrix(columns, count), b_ub=np.ones(count), method="highs", options=_limits(budget)
    )
    if answer.status != 0:
        return None
    chains, free = list(columns), np.ones(count, bool)
    picked = []
    for k in np.argsort(-answer.x, kind="stable")[: np.count_nonzero(answer.x > TAKEN)].tolist():
        chain = chains[k]
        if free[list(chain)].all():
            free[list(chain)] = False
            picked.append(chain)
    return np.asarray(np.maximum(-answer.ineqlin.marginals, 0)), picked


def _limits(budget: Budget, **more: float) -> Any:
    """Options of HiGHS."""
    return more if math.isinf(budget.deadline) else {**more, "time_limit": max(budget.seconds, 0.01)}


def disjoint(columns: Columns, count: int, budget: Budget) -> tuple[list[Chain], float]:
    """The best disjoint chains among the columns, and an upper bound on that."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not columns:
        return [], 0.0
    worth = np.array(list(columns.values()))
    answer = milp(
        -worth,
        integrality=np.ones(len(worth), np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_matrix(columns, count), ub=np.ones(count)),
        options=_limits(budget, mip_rel_gap=0),
    )
    bound = math.inf if answer.mip_dual_bound is None else -float(answer.mip_dual_bound)
    if answer.x is None:
        return [], bound
    return [chain for chain, taken in zip(columns, answer.x, strict=True) if taken > 0.5], bound
