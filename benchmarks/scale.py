"""Seconds and peak memory from a clip to a season: generated matches of 200 to 200,000 tracklets.

python benchmarks/scale.py --svg docs/scale.svg
python benchmarks/scale.py --size 200 --size 5000 --every 1 --method cluster --method flow

Twenty-five people (two teams of eleven, three officials) walk on a pitch; the tracker loses each every six seconds or
so, and every loss starts a new tracklet. Embeddings, one a second, are a vector for each person plus noise. Every size
and method runs in a fresh process, which has solved a small match before: importing libraries and loading machine code
(a second) is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
import pyarrow as pa
from memory import peak
from rich.progress import track
from rich.table import Table

from reid_solve.report.tables import console
from reid_solve.solver import solve as module
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.tracklets.write import write_text

FPS = 25
PEOPLE = 25
MATCH_SECONDS = 5400
LENGTH, GAP = 6.0, 1.5  # mean seconds of a tracklet and of a loss
DIMENSIONS = 32
CROP_NOISE = 1.7  # of one embedding; people differ by 1, kits by 2
WARM = 1_000
SIZE = (3840, 2160)
PANEL = 240  # pixels
SIZES = (200, 1_000, 5_000, 30_000, 200_000)


@dataclass
class Match:
    """N tracklets in order of first frame: who it is, when, where (metres), and what was seen."""

    person: IntArray
    first: IntArray
    last: IntArray
    start: FloatArray
    end: FloatArray
    looks: FloatArray  # of the person


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
    order = np.argsort(begin.ravel(), kind="stable")[:count]
    first = np.round(begin.ravel()[order] * FPS).astype(np.int64)
    last = np.maximum(first + 1, np.round((begin + length).ravel()[order] * FPS).astype(np.int64) - 1)
    return Match(
        person.ravel()[order], first, last, way[:, ::2].reshape(-1, 2)[order], way[:, 1::2].reshape(-1, 2)[order],
        looks[person].reshape(-1, DIMENSIONS)[order],
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


def _timed(function: Callable[..., Iterable[Any]], seconds: list[float]) -> Callable[..., Iterator[Any]]:
    """The same generator, which adds up the seconds it takes; it keeps nothing of what it yields."""

    def run(*given: Any) -> Iterator[Any]:
        found = iter(function(*given))
        while True:
            start = perf_counter()
            one = [*islice(found, 1)]
            seconds[0] += perf_counter() - start
            if not one:
                return
            yield one.pop()

    return run


def measure(count: int, name: str, every: int) -> None:
    """In a process of its own: solve, and print what it took as JSON."""
    module.solve(rows_of(generate(WARM, seed=1), every), fps=FPS, size=SIZE)
    match = generate(count)
    table = rows_of(match, every)
    describing = [0.0]
    module.describe = _timed(module.describe, describing)  # type: ignore[attr-defined]
    result = module.solve(table, method=name, fps=FPS, size=SIZE)
    solved = result.recordings[0]
    person = match.person[solved.tracklets.track]  # rows are in order of tracklet: codes count them
    precision, recall = pairwise(person, solved.solution.identity)
    print(json.dumps({
        "rows": len(table), "input": table.nbytes / 2**20, "seconds": result.seconds,
        "solving": result.seconds - describing[0], "peak": peak() / 2**20,
        "links": len(solved.graph.pairs), "lifted": len(solved.graph.together.i), "gap": solved.solution.gap,
        "method": solved.solution.method, "precision": precision, "recall": recall,
    }))  # fmt: skip


def drawing(found: list[tuple[int, float, float]]) -> str:
    """Seconds and megabytes against tracklets as SVG, all logarithmic; dashes: what growing in proportion would be."""
    sizes = [count for count, _, _ in found]
    left, right = 10 ** np.floor(np.log10(min(sizes))), 10 ** np.ceil(np.log10(max(sizes)))
    parts = []
    panels = (
        ("graph + solve, seconds", [s for _, s, _ in found]),
        ("peak memory, MB", [m for *_, m in found]),
    )
    for column, (title, values) in enumerate(panels):
        low, high = 10 ** np.floor(np.log10(min(values))), 10 ** (np.floor(np.log10(max(values))) + 1)

        def x(count: float) -> float:
            return float(PANEL * np.log(count / left) / np.log(right / left))

        def y(value: float, low: float = low, high: float = high) -> float:
            return float(PANEL - PANEL * np.log(value / low) / np.log(high / low))

        inside = [f'<text class="title" y="-10">{title}</text>']
        for tick in 10.0 ** np.arange(np.log10(left), np.log10(right) + 0.5):
            inside.append(f'<path class="grid" d="M{x(tick):.1f} 0V{PANEL}"/>')
            inside.append(f'<text class="mid" x="{x(tick):.1f}" y="{PANEL + 15}">{tick:,.0f}</text>')
        for tick in 10.0 ** np.arange(np.log10(low), np.log10(high) + 0.5):
            inside.append(f'<path class="grid" d="M0 {y(tick):.1f}H{PANEL}"/>')
            inside.append(f'<text class="end" x="-6" y="{y(tick) + 4:.1f}">{tick:,g}</text>')
        last, top = sizes[-1], values[-1]
        first = max(left, last * low / top)
        inside.append(
            f'<path class="ideal" d="M{x(first):.1f} {y(top * first / last):.1f}L{x(last):.1f} {y(top):.1f}"/>'
        )
        line = "L".join(f"{x(count):.1f} {y(value):.1f}" for count, value in zip(sizes, values, strict=True))
        inside.append(f'<path class="line" d="M{line}"/>')
        inside += [f'<circle cx="{x(c):.1f}" cy="{y(v):.1f}" r="3"/>' for c, v in zip(sizes, values, strict=True)]
        parts.append(f'<g transform="translate({60 + column * (PANEL + 80)} 40)">{"".join(inside)}</g>')
    style = (
        "text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:#57606a}.title{font-weight:600;fill:#1f2328}"
        ".end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:#d0d7de;stroke-width:.5}"
        ".ideal{stroke:#8c959f;stroke-dasharray:4 3;fill:none}.line{stroke:#0969da;stroke-width:1.5;fill:none}"
        "circle{fill:#0969da}"
    )
    width, height = 60 + 2 * (PANEL + 80), PANEL + 85
    foot = f'<text x="60" y="{height - 10}">across: tracklets; dashes: in proportion to the largest</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}{foot}</svg>\n'
    )


@click.command(help=__doc__)
@click.option("--size", "sizes", type=int, multiple=True, default=SIZES, show_default=True, help="Tracklets.")
@click.option("--method", "methods", multiple=True, default=("auto",), show_default=True)
@click.option("--every", default=5, show_default=True, help="A box on every n-th frame.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the first method's growth.")
@click.option("--child", hidden=True, nargs=2, type=str)
def main(
    sizes: tuple[int, ...], methods: tuple[str, ...], every: int, svg: Path | None, child: tuple[str, str] | None
) -> None:
    """Run each size and method in a fresh process, and print the table."""
    if child:
        measure(int(child[0]), child[1], every)
        return
    table = Table(box=None, pad_edge=False)
    for name in (
        "tracklets",
        "method",
        "rows",
        "links",
        "lifted",
        "graph +\nsolve s",
        "all\ns",
        "peak MB\n(rows)",
        "gap\n%",
        "P / R",
    ):
        table.add_column(name, justify="left" if name == "method" else "right", no_wrap=True)
    drawn = []
    for count in track(sizes, "solving", console=console(stderr=True), transient=True):
        for name in methods:
            task = [sys.executable, __file__, "--child", str(count), name, "--every", str(every)]
            run = subprocess.run(task, capture_output=True, text=True, check=False)
            if run.returncode:
                raise click.ClickException(f"{count} {name}: {run.stderr.strip().splitlines()[-1]}")
            r = json.loads(run.stdout)
            table.add_row(
                f"{count:,}", r["method"], f"{r['rows']:,}", f"{r['links']:,}", f"{r['lifted']:,}",
                f"{r['solving']:.2f}", f"{r['seconds']:.2f}",
                f"{r['peak']:,.0f} ({r['input']:,.0f})", f"{r['gap']:.1f}", f"{r['precision']:.3f} / {r['recall']:.3f}",
            )  # fmt: skip
            if name == methods[0]:
                drawn.append((count, r["solving"], r["peak"]))
    console().print(table)
    if svg is not None:
        write_text(drawing(drawn), svg)


if __name__ == "__main__":
    main()
