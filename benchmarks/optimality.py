"""How far from optimal: `flow` and `cluster` against `exact`, its proof or its bound, on real tracker output.

The folder holds CLIP/TRACKER.txt, as for soccernet.py; the embeddings are made by embeddings.py. Every problem is the
one that `solve` poses, cut tracklets and all. No ground truth is read: this is about the objective, not about people.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from measured import (
    LEVELS,
    Job,
    data_option,
    embeddings_option,
    in_parallel,
    jobs_for,
    jobs_option,
    trackers_option,
)  # fmt: skip
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.exact import exact
from reid_solve.solver.methods.flow import flow

PROVED = 1e-4  # per cent of the bound
WORST = 5  # clips that are listed


@dataclass(frozen=True)
class Row:
    """One clip of one tracker at one level: objectives, and bounds on them."""

    name: str
    level: str
    tracklets: int
    flow: float
    cluster: float
    cluster_bound: float
    exact: float
    bound: float
    seconds: tuple[float, float]  # cluster, exact

    def short(self, objective: float, of: float) -> float:
        """How far an objective falls short of another or of a bound, in per cent of the bound."""
        return 100 * (of - objective) / max(abs(self.bound), 1e-9)

    @property
    def proved(self) -> bool:
        """Whether ``exact`` proved its answer."""
        return self.short(self.exact, self.bound) < PROVED


def measure(job: Job, limit: float) -> list[Row]:
    """Every level of one clip of one tracker."""
    rows = []
    for level, sidecar in job.sidecars.items():
        result = rs.solve(job.folder / f"{job.tracker}.txt", embeddings=sidecar, method="flow", force=True)
        for solved in result.recordings:
            start = time.perf_counter()
            local = cluster(solved.graph)
            middle = time.perf_counter()
            best = exact(solved.graph, seconds=limit)
            seconds = (middle - start, time.perf_counter() - middle)
            name, links = f"{job.folder.name} {job.tracker}", flow(solved.graph)
            rows.append(
                Row(
                    name, level, solved.graph.count, links.objective, local.objective, local.bound,
                    best.objective, best.bound, seconds,
                )
            )  # fmt: skip
    return rows


def print_summary(rows: Sequence[Row], levels: Sequence[str]) -> None:
    """A line a level: what was proved, and how far each method falls short, in per cent of the bound of ``exact``."""
    table = Table(box=None, pad_edge=False)
    table.add_column("short of", no_wrap=True)
    for name in ("", "", "best, %", "best, %", "", "bound, %", "", "own bound", "", "cluster", "exact", ""):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("level", "clips", "proved", "flow", *("cluster", "worst") * 3, "s", "s", "worst")
    for level in levels:
        some = [row for row in rows if row.level == level]
        columns = [
            np.array([row.short(row.cluster, of) for row, of in zip(some, to, strict=True)])
            for to in zip(*((row.exact, row.bound, row.cluster_bound) for row in some), strict=True)
        ]
        seconds = np.array([row.seconds for row in some])
        table.add_row(
            level, str(len(some)), str(sum(row.proved for row in some)),
            f"{np.mean([row.short(row.flow, row.exact) for row in some]):.2f}",
            *(f"{value:.3f}" for column in columns for value in (column.mean(), column.max())),
            f"{seconds[:, 0].mean():.2f}", f"{seconds[:, 1].mean():.2f}", f"{seconds[:, 1].max():.1f}",
        )  # fmt: skip
    console().print(table)


def print_worst(rows: Sequence[Row]) -> None:
    """Clips that are not proved, or where ``cluster`` is furthest from the bound."""
    open_ = [row for row in rows if not row.proved or row.short(row.cluster, row.bound) >= PROVED]
    if not open_:
        click.echo("\nevery clip: cluster's answer is the proved optimum")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("clip", "level"):
        table.add_column(name)
    for name in ("tracklets", "cluster", "exact", "bound", "short of best %", "of bound %"):
        table.add_column(name, justify="right")
    for row in sorted(open_, key=lambda row: -row.short(row.cluster, row.bound))[:WORST]:
        table.add_row(
            row.name, row.level, str(row.tracklets), f"{row.cluster:.2f}", f"{row.exact:.2f}", f"{row.bound:.2f}",
            f"{row.short(row.cluster, row.exact):.3f}", f"{row.short(row.cluster, row.bound):.3f}",
        )  # fmt: skip
    click.echo("")
    console().print(table)


@click.command()
@data_option
@trackers_option
@click.option("--level", "levels", type=click.Choice(LEVELS), multiple=True, help="All, if there are embeddings.")
@embeddings_option
@click.option(
    "--limit", type=click.FloatRange(0, min_open=True), default=20.0, show_default=True, help="Seconds for exact."
)
@jobs_option
def main(
    data: Path, trackers: list[str], levels: tuple[str, ...], embeddings: Path | None, limit: float, jobs: int
) -> None:
    """Compare flow and cluster with exact on every tracker and clip of a folder.

    \b
    Example:
        python benchmarks/optimality.py --data ../shared/data/soccernet-dev --embeddings DIR
    """
    wanted = levels or (LEVELS if embeddings else LEVELS[:1])
    work = jobs_for(data, trackers, wanted, embeddings)
    found = in_parallel(partial(measure, limit=limit), work, jobs, "clips")
    rows = [row for some in found for row in some]
    print_summary(rows, wanted)
    print_worst(rows)


if __name__ == "__main__":
    main()
