"""What ``explain`` prints: why two tracks were or were not joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reid_solve.report.tables import console

STYLES = {"joined": "green", "apart": "yellow", "conflict": "red", "no candidate": "yellow"}


def print_why(reasons: Sequence[Mapping[str, Any]]) -> None:
    """The verdict, the links with their evidence, and the rivals, for each recording; on stdout."""
    out = console()
    for number, reason in enumerate(reasons):
        if number:
            out.print()
        where = f" (recording {reason['recording'] + 1})" if len(reasons) > 1 else ""
        a, b = (escape(name) for name in reason["tracks"])
        verdict = reason["verdict"]
        out.print(f"tracks [bold]{a}[/] and [bold]{b}[/]{where}: [bold {STYLES[verdict]}]{verdict}[/]", soft_wrap=True)
        out.print(escape(reason["reason"]), soft_wrap=True)
        if reason["links"]:
            out.print()
            _print_links(out, reason["links"])
        if reason["rivals"]:
            out.print()
            _print_rivals(out, reason["rivals"])


def _print_links(out: Console, links: Sequence[Mapping[str, Any]]) -> None:
    """One column a link, one row a term; the terms that weigh most first."""
    weight: dict[str, float] = {}
    for link in links:
        for name, term in link["terms"].items():
            weight[name] = max(weight.get(name, 0.0), abs(term))
    names = sorted(weight, key=lambda name: -weight[name])
    shown = max((out.width - 16) // 16, 1)
    for begin in range(0, len(links), shown):
        part = links[begin : begin + shown]
        table = Table(box=None, pad_edge=False, padding=(0, 2))
        table.add_column("evidence in nats", no_wrap=True)
        for link in part:
            table.add_column(
                f"{escape(link['from']['track'])} -> {escape(link['to']['track'])}", justify="right", no_wrap=True
            )
        table.add_row("frames", *(f"{k['from']['last_frame']} -> {k['to']['first_frame']}" for k in part), style="dim")
        table.add_row("gap", *(f"{k['gap_seconds']:.2f} s" for k in part), style="dim")
        for name in names:
            table.add_row(name, *(_nats(k["terms"].get(name)) for k in part))
        table.add_section()
        table.add_row("sum", *(_nats(k["log_odds"]) for k in part), style="bold")
        table.add_row("probability", *(f"{k['probability']:.3f}" for k in part), style="bold")
        table.add_row("worth with the prize", *(_nats(k["gain"]) for k in part))
        table.add_row("taken", *("yes" if k["taken"] else "no" for k in part))
        if begin:
            out.print()
        out.print(table)


def _print_rivals(out: Console, rivals: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("who else", no_wrap=True)
    for name in ("gap", "probability", "taken"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("strongest evidence")
    for rival in rivals:
        link = rival["link"]
        terms = [f"{escape(name)} {_nats(term)}" for name, term in list(link["terms"].items())[:3]]
        table.add_row(
            f"{escape(link['from']['track'])} -> {escape(link['to']['track'])}", f"{link['gap_seconds']:.2f} s",
            f"{link['probability']:.3f}", "yes" if rival["taken"] else "no", ", ".join(terms),
            style="bold" if rival["taken"] else None,
        )  # fmt: skip
    out.print(table)


def _nats(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
