"""Seconds and peak memory from a clip to a season: generated matches of 200 to 200,000 tracklets.

python benchmarks/scale.py                      # methods on generated graphs
python benchmarks/scale.py --rows 200 --rows 5000   # rows to identities: reading left out, graph building included

Twenty-five people (two teams of eleven, three officials) walk on a pitch; the tracker loses each every six seconds or
so, and every loss starts a new tracklet. Appearance is a vector for each person plus noise that short tracklets have
more of. Graphs are priced from these alone. Every size and method runs in a fresh process, on the same problem.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import click
import numpy as np
import pyarrow as pa

from reid_solve.solver.graph import KEEP, LIMIT, TELLING, Graph, Together
from reid_solve.solver.methods import METHODS
from reid_solve.solver.methods.cluster import LARGEST
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.table import FloatArray, IntArray

FPS = 25
PEOPLE = 25
MATCH_SECONDS = 5400
LENGTH, GAP = 6.0, 1.5  # mean seconds of a tracklet and of a loss
WINDOW = 30.0  # seconds; links and lifted evidence between tracklets that are further apart are left out
DIMENSIONS = 32
CROP_NOISE = 1.7  # of one embedding; people differ by 1, kits by 2
SIZES = (200, 5_000, 30_000, 200_000)


@dataclass
class Match:
    """N tracklets in order of first frame: who it is, when, where (metres), and what was seen."""

    person: IntArray
    first: IntArray
    last: IntArray
    start: FloatArray
    end: FloatArray
    looks: FloatArray  # of the person
    seen: FloatArray  # of the tracklet: the looks, less and less noisy the longer it is


def generate(count: int, seed: int = 0) -> Match:
    """A match of ``count`` tracklets; beyond the ninety minutes, one match after the other."""
    rng = np.random.default_rng(seed)
    each = -(-count // PEOPLE) + 1
    length, gap = 0.4 + rng.exponential(LENGTH, (PEOPLE, each)), 0.08 + rng.exponential(GAP, (PEOPLE, each))
    begin = np.cumsum(length + gap, axis=1) - length
    match = begin[0] // MATCH_SECONDS  # people of the next match are others
    person = np.arange(PEOPLE)[:, None] + PEOPLE * match.astype(np.int64)[None]
    home = rng.uniform([-45, -30], [45, 30], (PEOPLE, 1, 2))
    way = home + np.cumsum(rng.normal(0, 1.5, (PEOPLE, 2 * each, 2)) * np.sqrt(LENGTH), axis=1) * 0.3
    kit = rng.normal(size=(3, DIMENSIONS)) * 2
    team = np.repeat([0, 1, 2], [11, 11, 3])
    looks = kit[team[np.arange(person.max() + 1) % PEOPLE]] + rng.normal(size=(person.max() + 1, DIMENSIONS))
    seen = looks[person] + rng.normal(size=(PEOPLE, each, DIMENSIONS)) * (0.7 + 0.5 / length[:, :, None])
    order = np.argsort(begin.ravel(), kind="stable")[:count]
    first = np.round(begin.ravel()[order] * FPS).astype(np.int64)
    last = np.maximum(first + 1, np.round((begin + length).ravel()[order] * FPS).astype(np.int64) - 1)
    return Match(
        person.ravel()[order], first, last, way[:, ::2].reshape(-1, 2)[order], way[:, 1::2].reshape(-1, 2)[order],
        looks[person].reshape(-1, DIMENSIONS)[order], seen.reshape(-1, DIMENSIONS)[order],
    )  # fmt: skip


def graph_of(match: Match) -> Graph:
    """Links and evidence from the simulation's own noise, about as strong as in broadcast clips."""
    count = len(match.first)
    parts: list[tuple[FloatArray, ...]] = []
    lifted: list[tuple[FloatArray, ...]] = []
    conflicts = []
    high = np.searchsorted(match.first, match.last + WINDOW * FPS, side="right")
    for a in range(0, count, 2000):
        size = high[a : a + 2000] - np.arange(a, min(a + 2000, count)) - 1
        i = np.repeat(np.arange(a, min(a + 2000, count)), size)
        j = i + 1 + np.arange(len(i)) - np.repeat(np.cumsum(size) - size, size)
        gap = match.first[j] - match.last[i]
        conflicts.append(np.column_stack([i, j])[gap <= 0])
        i, j, gap = i[gap > 0], j[gap > 0], gap[gap > 0] / FPS
        person = np.clip(8 - 0.14 * ((match.seen[i] - match.seen[j]) ** 2).sum(axis=1), -LIMIT, 4)
        spread = 1 + (2.5 * np.minimum(gap, 6)) ** 2
        way = -((match.start[j] - match.end[i]) ** 2).sum(axis=1) / (2 * spread) - np.log(spread / 200)
        links = person + np.clip(way, -LIMIT, 4) > KEEP
        parts.append((i[links], j[links], gap[links] * FPS, person[links], np.clip(way, -LIMIT, 4)[links] - gap[links]))
        telling = np.abs(person) > TELLING
        lifted.append((i[telling], j[telling], person[telling]))
    i, j, gap, person, way = (np.concatenate(column) for column in zip(*parts, strict=True))
    a, b, evidence = (np.concatenate(column) for column in zip(*lifted, strict=True))
    pairs = Pairs(i, j, gap.astype(np.int64))
    return Graph(
        count, pairs, {"person": person, "way": way}, np.concatenate(conflicts), Together(a, b, {"person": evidence})
    )  # fmt: skip


def rows_of(match: Match, every: int = 1) -> pa.Table:
    """The tracks table of a match: a box a frame on a picture of 4K, an embedding every second."""
    size = (match.last - match.first) // every + 1
    node = np.repeat(np.arange(len(size)), size)
    step = np.arange(len(node)) - np.repeat(np.cumsum(size) - size, size)
    at = (step / np.maximum(size[node] - 1, 1))[:, None]
    place = match.start[node] * (1 - at) + match.end[node] * at
    rng = np.random.default_rng(1)
    box = (place + np.array([52, 40])) * [36, 26] + rng.normal(0, 0.7, place.shape)
    some = step % (FPS // every) == 0
    vectors = match.looks[node[some]] + rng.normal(0, CROP_NOISE, (int(some.sum()), DIMENSIONS))
    offsets = np.concatenate([[0], np.cumsum(some)]) * DIMENSIONS
    column = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.array(vectors.astype(np.float32).ravel()), mask=pa.array(~some)
    )  # fmt: skip
    return pa.table({
        "frame": match.first[node] + step * every + 1, "track_id": node + 1, "x": box[:, 0], "y": box[:, 1],
        "w": np.full(len(node), 36.0), "h": np.full(len(node), 90.0), "score": np.full(len(node), 0.9),
        "embedding": column,
    })  # fmt: skip


def pairwise(person: IntArray, identity: IntArray) -> tuple[float, float]:
    """Precision and recall of pairs of tracklets put together."""

    def pairs(names: IntArray) -> float:
        size = np.unique(names, return_counts=True)[1].astype(float)
        return float((size * (size - 1) / 2).sum())

    both = pairs(person * (int(identity.max()) + 1) + identity)
    return both / max(pairs(identity), 1), both / max(pairs(person), 1)


def _timed(function: Callable[..., Iterable[Any]], seconds: list[float]) -> Callable[..., list[Any]]:
    """The same function, which adds up the seconds it takes."""

    def run(*given: Any) -> list[Any]:
        start = perf_counter()
        out = list(function(*given))
        seconds[0] += perf_counter() - start
        return out

    return run


def measure(count: int, name: str, rows: bool, every: int) -> None:
    """In a process of its own: solve, and print what it took as JSON."""
    match = generate(count)
    out: dict[str, float] = {}
    if rows:
        from reid_solve.solver import solve as module

        table = rows_of(match, every)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        describing = [0.0]
        module.describe = _timed(module.describe, describing)  # type: ignore[attr-defined]
        start = perf_counter()
        result = module.solve(table, method=name, fps=FPS, size=(3840, 2160))
        solved = result.recordings[0]
        graph, solution = solved.graph, solved.solution
        out |= {"rows": len(table), "solving": result.seconds - describing[0]}
        person = match.person[solved.tracklets.track]  # rows are in order of tracklet: codes count them
    else:
        graph = graph_of(match)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = perf_counter()
        solution = METHODS[name](graph)
        person = match.person
    out |= {"seconds": perf_counter() - start, "before": before / 1024}
    out.setdefault("solving", out["seconds"])
    out |= {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    out |= {"links": len(graph.pairs), "lifted": len(graph.together.i), "conflicts": len(graph.conflicts)}
    precision, recall = pairwise(person, solution.identity)
    out |= {"objective": solution.objective, "gap": solution.gap, "precision": precision, "recall": recall}
    print(json.dumps(out))


@click.command(help=__doc__)
@click.option("--size", "sizes", type=int, multiple=True, default=SIZES, show_default=True, help="Tracklets.")
@click.option("--rows", "full", type=int, multiple=True, help="Whole `solve` from rows, for this many tracklets.")
@click.option("--method", "methods", multiple=True, default=("flow", "cluster", "exact"), show_default=True)
@click.option("--every", default=1, show_default=True, help="With --rows: a box on every n-th frame.")
@click.option("--child", hidden=True, nargs=3, type=str)
def main(
    sizes: tuple[int, ...],
    full: tuple[int, ...],
    methods: tuple[str, ...],
    every: int,
    child: tuple[str, str, str] | None,
) -> None:
    """Run each size and method in a fresh process, and print the table."""
    if child:
        measure(int(child[0]), child[1], child[2] == "rows", every)
        return
    head = (
        "tracklets",
        "method",
        "links",
        "lifted",
        "conflicts",
        "graph + solve s",
        "all s",
        "MB (input)",
        "objective",
        "gap %",
        "P / R",
    )
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for count in full or sizes:
        for name in methods:
            if name == "exact" and count > LARGEST:
                continue
            task = [sys.executable, __file__, "--child", str(count), name, "rows" if full else "graph"]
            task += ["--every", str(every)]
            run = subprocess.run(task, capture_output=True, text=True, check=False)
            if run.returncode:
                print(f"| {count:,} | {name} | failed: {run.stderr.strip().splitlines()[-1:]} |", flush=True)
                continue
            r = json.loads(run.stdout)
            print(
                f"| {count:,} | {name} | {r['links']:,} | {r['lifted']:,} | {r['conflicts']:,} | {r['solving']:.2f} "
                f"| {r['seconds']:.2f} "
                f"| {r['peak']:.0f} ({r['before']:.0f}) | {r['objective']:,.0f} | {r['gap']:.1f} "
                f"| {r['precision']:.3f} / {r['recall']:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
