"""Retrieval scores and re-ranking beside plain implementations, and the memory that a large set takes.

    python benchmarks/retrieval.py
    python benchmarks/retrieval.py --memory

The plain implementations are those of the tests, ``tests/evaluation/retrieval/plain.py``: the loops of torchreid's
evaluation and of the re-ranking authors' code, in float64. Both sides get the same float64 features or distances, in
one process, one after the other, and the largest difference of what they return is printed. Pictures are generated: a
vector a person plus noise; as many as Market-1501 has for its scores, and as many as SoccerNet's test set in 3,000
actions.

--memory scores 12,000 queries against 35,000 pictures with 2,048 numbers each, read from a file (float32), in a fresh
process for each row.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from memory import peak
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.evaluation.retrieval import plain

from reid_solve.evaluation.retrieval.evaluate import Labels, evaluate, evaluate_distances, make_source, score
from reid_solve.evaluation.retrieval.layout import make_layout
from reid_solve.evaluation.retrieval.rerank import Rerank, rerank
from reid_solve.evaluation.retrieval.space import Rows
from reid_solve.report.tables import console

Array = npt.NDArray[Any]
CAMERAS = 6
NOISE = 1.1  # of a picture; people differ by 1
LARGE = (12_000, 35_000, 2048)


def pictures(queries: int, gallery: int, persons: int, dims: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """Features (n, dims), persons (n,) and cameras (n,) of queries and then the gallery."""
    rng = np.random.default_rng(seed)
    pid = np.concatenate([np.arange(queries) % persons, np.arange(gallery) % persons])
    looks = rng.normal(size=(persons, dims))
    features = looks[pid] + NOISE * rng.normal(size=(len(pid), dims))
    return features, pid, rng.integers(0, CAMERAS, len(pid))


def actions(count: int, queries: int, gallery: int, dims: int) -> tuple[Array, Array, Array, Array]:
    """Features, persons, action and side (0: query) of many actions, with ``queries`` and ``gallery`` in all."""
    action = np.concatenate([np.arange(queries) % count, np.arange(gallery) % count])
    side = np.repeat([0, 1], [queries, gallery])
    number = np.concatenate([np.arange(queries) // count, np.arange(gallery) // count])
    people = -(-queries // count)
    pid = action * people + number % people
    rng = np.random.default_rng(1)
    looks = rng.normal(size=(count * people, dims))
    return looks[pid] + NOISE * rng.normal(size=(len(pid), dims)), pid, action, side


def seconds(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Seconds of the fastest of some rounds, and what the work returned."""
    best, done = float("inf"), None
    for _ in range(rounds):
        start = perf_counter()
        done = work()
        best = min(best, perf_counter() - start)
    return best, done


def score_market(queries: int, gallery: int, rounds: int) -> list[tuple[Any, ...]]:
    """Scores of one gallery for all, from distances that are there."""
    x, pid, cam = pictures(queries, gallery, gallery // 20, 64)
    labels = Labels(pid[:queries], pid[queries:], (cam[:queries], cam[queries:]))
    distance = 1 - x[:queries] @ x[queries:].T
    theirs, expected = seconds(
        lambda: plain.evaluate(distance, pid[:queries], pid[queries:], cam[:queries], cam[queries:]), 1
    )
    ours, found = seconds(lambda: evaluate_distances(distance, labels), rounds)
    worst = np.abs(found.AP - expected.ap).max()
    return [("scores of distances, one gallery", f"{queries:,} x {gallery:,}", theirs, ours, worst)]


def score_actions(count: int, queries: int, gallery: int, rounds: int) -> list[tuple[Any, ...]]:
    """Scores and re-ranking by action, from features."""
    x, pid, action, side = actions(count, queries, gallery, 64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    rows = [(np.flatnonzero((action == a) & (side == 0)), np.flatnonzero((action == a) & (side == 1))) for a in
            range(count)]  # fmt: skip
    layout_labels = (pid[side == 0], pid[side == 1], None, None, (action[side == 0], action[side == 1]))
    out = []
    for name, settings in (("scores", None), ("re-ranked scores", Rerank(6, 3, 0.3))):

        def theirs(settings: Rerank | None = settings) -> Array:
            ap = np.zeros(len(x))
            for q, g in rows:
                if settings is None:
                    distance = 1 - x[q] @ x[g].T
                else:
                    d = plain.distances(x[np.r_[q, g]], x[np.r_[q, g]])
                    n = len(q)
                    distance = plain.rerank(d[:n, n:], d[:n, :n], d[n:, n:], settings.k1, settings.k2, settings.weight)
                ap[q] = plain.evaluate(distance, pid[q], pid[g], None, None).ap
            return ap[side == 0]

        def ours(settings: Rerank | None = settings) -> Array:
            return evaluate(x[side == 0], x[side == 1], *layout_labels, rerank=settings).AP

        slow, expected = seconds(theirs, 1)
        fast, found = seconds(ours, rounds)
        size = f"{queries:,} x {gallery:,}"
        out.append((f"{name} of features, by action", size, slow, fast, np.abs(found - expected).max()))
    return out


def rerank_market(queries: int, gallery: int, rounds: int) -> list[tuple[Any, ...]]:
    """Re-ranking of one gallery for all, from distances that are there."""
    x, _, _ = pictures(queries, gallery, gallery // 20, 64)
    square = np.square(x).sum(1)
    d = np.sqrt(np.maximum(square[:, None] + square - 2 * x @ x.T, 0))
    np.fill_diagonal(d, 0)
    parts = d[:queries, queries:], d[:queries, :queries], d[queries:, queries:]
    slow, expected = seconds(lambda: plain.rerank(*parts, 20, 6, 0.3), 1)
    fast, found = seconds(lambda: rerank(*parts, 20, 6, 0.3), rounds)
    worst = np.abs(found - expected).max()
    return [("re-ranking of distances, one gallery", f"{queries:,} x {gallery:,}", slow, fast, worst)]


def large(path: Path, reranked: bool) -> None:
    """Score the large set from its file, and print seconds, peak memory in GiB, and mAP."""
    start = perf_counter()
    queries, gallery, _ = LARGE
    features = np.load(path, mmap_mode="r")
    pid = np.concatenate([np.arange(queries), np.arange(gallery)]) % (gallery // 20)
    layout = make_layout(queries, gallery)
    sides = Rows(features, np.arange(queries)), Rows(features, np.arange(queries, queries + gallery))
    source = make_source(layout, [sides], rerank=Rerank() if reranked else None)
    found = score(source, layout, Labels(pid[:queries], pid[queries:]))
    click.echo(f"{perf_counter() - start:.1f} {peak() / 2**30:.2f} {100 * found.mAP:.2f}")


def memory() -> None:
    """Print seconds and peak memory for the large set, each way in a process of its own."""
    queries, gallery, dims = LARGE
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("12,000 x 35,000, 2,048 numbers each", "seconds", "peak, GiB", "mAP"):
        table.add_column(name, justify="left" if name.startswith("12") else "right")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.npy"
        file = np.lib.format.open_memmap(path, "w+", np.float32, (queries + gallery, dims))
        rng = np.random.default_rng(0)
        looks = rng.normal(size=(gallery // 20, dims)).astype(np.float32)
        pid = np.concatenate([np.arange(queries), np.arange(gallery)]) % (gallery // 20)
        for lo in range(0, len(pid), 4096):
            noise = rng.normal(size=(len(pid[lo : lo + 4096]), dims)).astype(np.float32)
            file[lo : lo + 4096] = looks[pid[lo : lo + 4096]] + 5 * noise
        file.flush()
        del file
        for name, option in (("scores", []), ("re-ranking (20, 6, 0.3) and scores", ["--reranked"])):
            command = [sys.executable, __file__, "--one", str(path), *option]
            done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            table.add_row(name, *done)
    console().print(table)


@click.command()
@click.option("--memory", "only_memory", is_flag=True, help="Measure the large set's memory instead.")
@click.option("--rounds", default=3, show_default=True, help="Of ours, the fastest counts; theirs runs once.")
@click.option("--one", type=click.Path(path_type=Path), hidden=True)
@click.option("--reranked", is_flag=True, hidden=True)
def main(only_memory: bool, rounds: int, one: Path | None, reranked: bool) -> None:
    """Time both sides, or measure memory.

    \b
    Example:
        python benchmarks/retrieval.py --rounds 1
    """
    if one is not None:
        large(one, reranked)
        return
    if only_memory:
        memory()
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("what", "queries x gallery", "plain, s", "ours, s", "ratio", "difference"):
        table.add_column(name, justify="left" if name in {"what", "queries x gallery"} else "right", no_wrap=True)
    rows = [
        *score_market(3_368, 15_913, rounds),
        *rerank_market(500, 3_500, rounds),
        *score_actions(3_000, 11_638, 34_989, rounds),
    ]
    for what, size, theirs, ours, worst in rows:
        table.add_row(what, size, f"{theirs:.2f}", f"{ours:.3f}", f"{theirs / ours:.0f}", f"{worst:.0e}")
    console().print(table)


if __name__ == "__main__":
    main()
