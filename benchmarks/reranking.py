"""When re-ranking helps and when it harms: by how many pictures of a player the gallery has.

People are generated vectors and their pictures the vector plus noise (``tests/evaluation/retrieval/small.py``, which
the tests of re-ranking use, too): forty groups of fourteen players, one query each. Nothing is chosen by the score: the
settings are the papers' default and one that suits four pictures of a person.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.evaluation.retrieval.small import people

from reid_solve.evaluation.retrieval.evaluate import evaluate
from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.report.tables import console

PLAYERS, NOISE = 14, 0.6
SETTINGS = (None, Rerank(20, 6, 0.3), Rerank(6, 3, 0.3))


def mean_ap(images: int, settings: Rerank | None, groups: int) -> float:
    """mAP over groups, each ranked by itself, in per cent."""
    found = []
    for seed in range(groups):
        query, query_pid, gallery, gallery_pid = people(seed, persons=PLAYERS, images=images, noise=NOISE)
        found.append(evaluate(query, gallery, query_pid, gallery_pid, rerank=settings).mAP)
    return 100 * float(np.mean(found))


@click.command()
@click.option("--groups", default=40, show_default=True, help="Each of fourteen players.")
@click.option("--images", multiple=True, type=int, default=(1, 2, 4, 8), show_default=True, help="Of a player.")
def main(groups: int, images: tuple[int, ...]) -> None:
    """Print mAP before and after re-ranking.

    \b
    Example:
        python benchmarks/reranking.py
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    names = ["before" if s is None else f"k1={s.k1}, k2={s.k2}" for s in SETTINGS]
    for name in ("pictures of a player in the gallery", *names):
        table.add_column(name, justify="right", no_wrap=True)
    for count in images:
        table.add_row(str(count), *(f"{mean_ap(count, settings, groups):.1f}" for settings in SETTINGS))
    console().print(table)


if __name__ == "__main__":
    main()
