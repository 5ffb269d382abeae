"""Where the predictions of links are off, cue by cue: part of calibration.py. This file is no command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from rich.table import Table

from reid_solve.solver.graph import LIMIT, RIVALS
from reid_solve.solver.rivals import link_probability
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

LIKELY = 0.05
GAPS = (0, 5, 12, 25, 50, 100, 200, 10_000)  # frames; edges of what is looked at apart
NATS = (-99, -2, -1, -0.3, 0.3, 1, 2, 99)


@dataclass(frozen=True)
class Links:
    """The candidate links of one output.

    Attributes:
        count: number of tracklets.
        p, right: (E,) predicted, and whether it is so.
        pure: (E,) both tracklets show one person nearly all the time.
        i, j, gap: (E,) as in ``Pairs``.
        edges: (E, 2) end and start at the picture's edge.
        terms: log-odds (E,) by cue.
        missing: true links that are no candidates.
    """

    count: int
    p: FloatArray
    right: BoolArray
    pure: BoolArray
    i: IntArray
    j: IntArray
    gap: IntArray
    edges: FloatArray
    terms: dict[str, FloatArray]
    missing: int


def joined(parts: Sequence[Any], name: str) -> Any:
    """One column of several outputs."""
    return np.concatenate([getattr(part, name) for part in parts])


def cues_of(links: Sequence[Links]) -> list[str]:
    """Every cue that has something to say in any clip; where it has not, its term is 0."""
    return list(dict.fromkeys(cue for s in links for cue in s.terms))


def residuals(links: Sequence[Links]) -> list[tuple[str, str, int, float, float]]:
    """Predicted and true links where links share something: (cue, range, links over 5 %, predicted, true)."""
    p, right, gap, edges = (joined(links, name) for name in ("p", "right", "gap", "edges"))
    likely = p > LIKELY
    groups = [("gap", f"{a + 1}-{b} frames", (gap > a) & (gap <= b)) for a, b in pairwise(GAPS)]
    edge = edges > 0.5
    for k, name in enumerate(("inside -> inside", "inside -> edge", "edge -> inside", "edge -> edge")):
        groups.append(("edge", name, (edge[:, 0] == bool(k & 2)) & (edge[:, 1] == bool(k & 1))))
    for cue in cues_of(links):
        term = np.concatenate([s.terms.get(cue, np.zeros(len(s.p))) for s in links])
        for a, b in pairwise(NATS):
            groups.append((cue, f"{a:+g} to {b:+g} nats", (term > a) & (term <= b)))
    return [
        (cue, what, int((here & likely).sum()), float(p[here].sum()), float(right[here].sum()))
        for cue, what, here in groups if here.any()
    ]  # fmt: skip


def weights(links: Sequence[Links]) -> dict[str, float]:
    """By how much each cue should be multiplied, and the constant to add, for the truth to be most likely.

    The model stays as it is: cues weighed and added up, capped, then set against their rivals. A weight of 1 is a cue
    rightly taken at its word; below, it is too sure of itself.
    """
    from scipy.optimize import minimize

    cues = [cue for cue in cues_of(links) if cue != RIVALS]
    designs = [
        np.column_stack([*(s.terms.get(cue, np.zeros(len(s.p))) for cue in cues), np.ones(len(s.p))]) for s in links
    ]
    usual = np.append(np.ones(len(cues)), 0.0)

    def loss(w: FloatArray) -> float:
        total = 0.005 * float(((w - usual) ** 2).sum()) * len(links)  # a cue that is hardly ever there stays put
        for s, x in zip(links, designs, strict=True):
            p = np.clip(link_probability(s.count, s.i, s.j, np.minimum(x @ w, LIMIT)), 1e-4, 1 - 1e-4)
            total -= float(np.log(np.where(s.right, p, 1 - p)).sum())
        return total

    found = minimize(loss, usual, method="L-BFGS-B", options={"eps": 1e-3, "maxiter": 25}).x
    return dict(zip([*cues, "constant"], map(float, found), strict=True))


def print_cues(screen: Any, level: str, links: Sequence[Links]) -> dict[str, Any]:
    """Where the predictions are off: by cue, and by what each cue should be multiplied."""
    table = Table(box=None, pad_edge=False, title=f"\n{level}: links by cue", title_justify="left")
    for name in ("cue", "range", f"over {LIKELY:.0%}", "predicted", "true", "ratio"):
        table.add_column(name, justify="left" if name in ("cue", "range") else "right")
    rows = residuals(links)
    for cue, what, likely, predicted, true in rows:
        table.add_row(cue, what, f"{likely:,}", f"{predicted:.0f}", f"{true:.0f}", f"{predicted / max(true, 1):.2f}")
    screen.print(table)
    fitted = weights(links)
    screen.print("weights that would fit: " + ", ".join(f"{cue} {w:.2f}" for cue, w in fitted.items()))
    return {"residuals": rows, "weights": fitted}
