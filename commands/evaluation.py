"""Scoring identities against ground truth, and embeddings by what they find."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import as_json, input_path
from reid_solve.report.progress import working


@click.command(cls=Command)
@click.argument("pred", type=input_path)
@click.option("--gt", required=True, type=input_path, help="Ground truth: a file, or a folder of clips.")
@click.option("--ceiling", is_flag=True, help="Also score what undoing each kind of identity error would give.")
@click.option("--tracker", metavar="NAME", help="In folders of clips, take the file NAME.* of each clip.")
@as_json
def evaluate(pred: Path, gt: Path, ceiling: bool, tracker: str | None, as_json: bool) -> None:
    """Score identities against ground truth.

    HOTA, CLEAR, IDF1, and where the identity errors come from. PRED and GT are two files, or two folders of clips
    paired by name (NAME.txt, NAME/gt.txt, NAME/gt/gt.txt).

    \b
    Example:
        reid-solve evaluate tracks.identities.parquet --gt gt.txt --ceiling
    """
    from reid_solve.evaluation.evaluate import evaluate
    from reid_solve.report.tables import print_notes, print_scores

    with working(as_json, f"scoring {pred.name}"):
        evaluation = evaluate(pred, gt, ceiling=ceiling, tracker=tracker)
    if as_json:
        click.echo(json.dumps(evaluation.to_dict()))
    else:
        print_notes(evaluation.notes)
        print_scores(evaluation.to_dict())


PROTOCOLS = ("market", "soccernet", "deepsportradar")


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


@click.command("reid-evaluate", cls=Command)
@click.argument("sources", metavar="[FEATURES...]", nargs=-1, type=input_path)
@click.option("--table", type=input_path, metavar="FILE", help="Columns split, pid, camid, ...; see above.")
@click.option("--protocol", type=click.Choice(PROTOCOLS), help="Whose rules; market, or as the layout goes.")
@click.option(
    "--metric",
    type=click.Choice(["cosine", "euclidean"]),
    default="cosine",
    show_default=True,
    help="How features are compared.",
)
@click.option("--rerank", callback=_rerank, metavar="K1,K2,L", help="k-reciprocal re-ranking, as 20,6,0.3; can harm.")
@click.option("--weights", callback=_weights, metavar="W,W", help="Of the models of an ensemble, if not equal.")
@click.option("--position", metavar="SPLIT", help="Where and when people are counts, too; learnt from these rows.")
@click.option("--ranks", callback=_ranks, default="1,5,10", show_default=True, metavar="K,K", help="Of the CMC.")
@click.option("--skip-unanswerable", is_flag=True, help="Do not score queries that have no picture to find.")
@click.option("--submission", type=input_path, metavar="OUT", help="For the protocol's challenge (.json or .csv).")
@click.option("--validate", "check", type=input_path, metavar="FILE", help="Check a submission, and do nothing else.")
@click.option(
    "--layout",
    default="market",
    show_default=True,
    metavar="NAME",
    help="Of a folder: market, lists, soccernet, deepsport.",
)
@click.option(
    "--backend",
    multiple=True,
    default=("color",),
    show_default=True,
    metavar="B",
    help="Embeds a folder, as in `embed`; repeatable.",
)
@click.option(
    "--device", default="auto", show_default=True, metavar="NAME", help="Where a backend runs: auto, cpu, cuda:0, ..."
)
@as_json
def reid_evaluate(sources: tuple[Path, ...], check: Path | None, as_json: bool, **options: Any) -> None:
    """Score a re-identification model: mAP, Rank-k, mINP.

    Queries are ranked against a gallery. FEATURES are an array of a row a picture (.npy, .npz with `features`, .parquet
    with a column of them), and --table (.parquet, .csv), or columns beside them, say of each row: split (query or
    gallery), pid, and camid (market), action (soccernet), id or path (submissions). Several files are an ensemble: the
    mean of their distances. Or FEATURES is one folder of pictures, and --layout and --backend say how to read and embed
    it.

    \b
    Examples:
        reid-solve reid-evaluate features.npy --table pictures.csv
        reid-solve reid-evaluate features.npz --protocol soccernet --rerank 6,3,0.3 --submission answer.json
        reid-solve reid-evaluate --validate answer.json --protocol soccernet --table pictures.csv
    """
    from reid_solve.report.retrieval import print_retrieval
    from reid_solve.report.tables import print_notes
    from reid_solve.training.retrieval import check_submission, reid_evaluate

    if check is not None:
        facts = check_submission(check, sources, options["table"], options["layout"], options["protocol"])
        text = f"{check}: valid, {facts['queries']:,} queries"
        click.echo(json.dumps(facts) if as_json else text)
        return
    if not sources:
        raise click.UsageError("FEATURES are missing; give a file of features, or a folder of pictures")
    with working(as_json, f"ranking {sources[0].name}"):
        done = reid_evaluate(sources, **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_notes(() if done.result is None else done.result.notes)
        print_retrieval(done.to_dict())
