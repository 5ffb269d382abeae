"""What the command that scores re-identification models prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.table import Table

from reid_solve.report.tables import console


def print_retrieval(facts: Mapping[str, Any]) -> None:
    """Scores in a table, on stdout; where a submission was written, on stderr."""
    if "mAP" in facts:
        names = [name for name in facts if name in {"mAP", "mINP", "mAP_trapezoid"} or name.startswith("Rank-")]
        names.sort(key=lambda name: name == "mAP_trapezoid")  # the odd one last
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        for name in ("protocol", "queries", "gallery", *names):
            table.add_column(name, justify="left" if name == "protocol" else "right", no_wrap=True)
        counts = f"{facts['queries'] - facts['unanswerable']:,}", f"{facts['gallery_pictures']:,}"
        table.add_row(facts["protocol"], *counts, *(f"{facts[name]:.2f}" for name in names))
        console().print(table)
        if facts["rerank"]:
            k1, k2, weight = facts["rerank"].values()
            click.echo(f"re-ranked with k1 {k1}, k2 {k2}, lambda {weight:g}")
        if facts["position"]:
            click.echo(f"where and when counts, too, as learnt from {facts['position']['split']}")
    if facts["submission"]:
        click.echo(f"{facts['query_pictures']:,} rankings written to {facts['submission']}", err=True)
