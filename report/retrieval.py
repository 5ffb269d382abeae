"""Options of the command that scores re-identification models, and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

PROTOCOLS = ("market", "soccernet", "deepsportradar")
_path = click.Path(path_type=Path)


def _numbers(value: str, kind: Callable[[str], Any], form: str) -> tuple[Any, ...]:
    try:
        return tuple(kind(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; write it as {form}") from None


def _rerank(_c: click.Context, _p: click.Parameter, value: str | None) -> tuple[int, int, float] | None:
    if value is None:
        return None
    numbers = _numbers(value, float, "20,6,0.3")
    if len(numbers) != 3 or not all(k.is_integer() for k in numbers[:2]):
        raise click.BadParameter(f"{value!r}; write it as 20,6,0.3")
    return int(numbers[0]), int(numbers[1]), float(numbers[2])


def _ranks(_c: click.Context, _p: click.Parameter, value: str) -> tuple[int, ...]:
    ranks = _numbers(value, int, "1,5,10")
    if min(ranks) < 1:
        raise click.BadParameter(f"{value!r}: ranks begin at 1")
    return ranks


def _weights(_c: click.Context, _p: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    return None if value is None else _numbers(value, float, "1,0.5")


_OPTIONS = (
    click.option("--table", type=_path, metavar="FILE", help="Columns split, pid, camid, ...; see above."),
    click.option("--protocol", type=click.Choice(PROTOCOLS), help="Whose rules; market, or as the layout goes."),
    click.option("--metric", type=click.Choice(["cosine", "euclidean"]), default="cosine", show_default=True),
    click.option(
        "--rerank", callback=_rerank, metavar="K1,K2,L", help="k-reciprocal re-ranking, as 20,6,0.3; can harm."
    ),
    click.option("--weights", callback=_weights, metavar="W,W", help="Of the models of an ensemble, if not equal."),
    click.option("--ranks", callback=_ranks, default="1,5,10", show_default=True, metavar="K,K", help="Of the CMC."),
    click.option("--skip-unanswerable", is_flag=True, help="Do not score queries that have no picture to find."),
    click.option("--submission", type=_path, metavar="OUT", help="For the protocol's challenge (.json or .csv)."),
    click.option("--validate", "check", type=_path, metavar="FILE", help="Check a submission, and do nothing else."),
    click.option("--layout", default="market", show_default=True, metavar="NAME", help="Of a folder of pictures."),
    click.option(
        "--backend", multiple=True, default=("color",), metavar="B", help="Embeds a folder, as in `embed`; repeatable."
    ),
    click.option("--device", default="auto", show_default=True, help="Where a backend runs."),
)


def scoring(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ``reid-evaluate``, as keywords of ``training.retrieval.reid_evaluate``; and ``check``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def print_retrieval(facts: Mapping[str, Any]) -> None:
    """Scores in a table, on stdout; where a submission was written, on stderr."""
    from rich.table import Table

    from reid_solve.report.tables import console

    if "mAP" in facts:
        names = [name for name in facts if name in {"mAP", "mINP", "mAP_trapezoid"} or name.startswith("Rank-")]
        names.sort(key=lambda name: name == "mAP_trapezoid")  # the odd one last
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        for name in ("protocol", "queries", "gallery", *names):
            table.add_column(name, justify="left" if name == "protocol" else "right", no_wrap=True)
        counts = f"{facts['queries'] - facts['unanswerable']:,}", f"{facts['gallery_pictures']:,}"
        table.add_row(facts["protocol"], *counts, *(f"{facts[name]:.2f}" for name in names))
        console().print(table)
    if facts["submission"]:
        click.echo(f"{facts['query_pictures']:,} rankings written to {facts['submission']}", err=True)
