"""What the benchmarks of quality share: the folder of clips, one output of one tracker at a time, and its scores.

The folder holds CLIP/gt.txt, CLIP/seqinfo.ini and CLIP/TRACKER.txt; embeddings, made by embeddings.py, lie beside each
other as CLIP-TRACKER-LEVEL.parquet. This file is no command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import track

import reid_solve as rs
from reid_solve.report.tables import console

HURT = (0.3, 0.5)  # HOTA points worse than the input
SCORES = ("HOTA", "AssA", "IDF1", "IDSW", "IDs")
TRACKERS = ("deep-oc-sort", "bytetrack", "bot-sort")
LEVELS = ("none", "generic", "finetuned")
OURS = "reid-solve"
Row = dict[str, Any]
J = TypeVar("J")
R = TypeVar("R")

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
data_option = click.option("--data", type=FOLDER, required=True, help="Folder of clips; see docs/benchmarks.md.")
trackers_option = click.option("--tracker", "trackers", multiple=True, default=TRACKERS, show_default=True)
jobs_option = click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
embeddings_option = click.option(
    "--embeddings", type=FOLDER, help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars; without, only what goes without."
)


@dataclass(frozen=True)
class Job:
    """One output, of one tracker on one clip, and how to solve it."""

    folder: Path
    tracker: str
    sidecars: dict[str, Path | None]  # by level
    method: str = "auto"
    cues: Sequence[str] | None = None


def jobs_for(data: Path, trackers: Iterable[str], levels: Sequence[str], embeddings: Path | None) -> list[Job]:
    """Every tracker and clip. Level ``own`` is the sidecar CLIP-TRACKER.parquet, which says nothing of a level.

    Raises:
        click.UsageError: there are no clips, or a file is missing.
    """

    def sidecar(clip: str, tracker: str, level: str) -> Path | None:
        if level == "none":
            return None
        if embeddings is None:
            raise click.UsageError(f"level {level} needs --embeddings; benchmarks/embeddings.py makes them")
        path = embeddings / (f"{clip}-{tracker}.parquet" if level == "own" else f"{clip}-{tracker}-{level}.parquet")
        if not path.exists():
            raise click.UsageError(f"{path} is missing; benchmarks/embeddings.py makes it")
        return path

    folders = sorted(p.parent for p in data.glob("*/gt.txt"))
    if not folders:
        raise click.UsageError(f"{data} holds no CLIP/gt.txt; see docs/benchmarks.md for what a folder of clips is")
    return [
        Job(folder, tracker, {level: sidecar(folder.name, tracker, level) for level in levels})
        for tracker in trackers
        for folder in folders
    ]


@lru_cache(64)
def read(folder: Path, tracker: str) -> tuple[Any, Any, dict[str, Any]]:
    """Tracks, truth and the scores of the input and its ceiling."""
    tracks, truth = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt")
    return tracks, truth, rs.evaluate(tracks, truth, ceiling=True).to_dict()


def scores(tracked: Any, truth: Any) -> Row:
    """What is kept of an evaluation."""
    found = rs.evaluate(tracked, truth).to_dict()
    return {k: found[k] for k in SCORES}


def row(job: Job, level: str, method: str, after: Row, seconds: float = 0.0) -> Row:
    """One line of the JSON."""
    before = read(job.folder, job.tracker)[2]
    return {
        "level": level, "method": method, "clip": job.folder.name, "tracker": job.tracker,
        "before": {k: before[k] for k in SCORES}, "after": after,
        "ceiling": before["ceiling"]["merge_only"], "seconds": seconds,
    }  # fmt: skip


def ours(job: Job) -> list[Row]:
    """Solve at every level."""
    tracks, truth, _ = read(job.folder, job.tracker)
    rows = []
    for level, sidecar in job.sidecars.items():
        start = time.perf_counter()
        result = rs.solve(tracks, method=job.method, embeddings=sidecar, cues=job.cues)
        rows.append(row(job, level, OURS, scores(result, truth), time.perf_counter() - start))
    return rows


def in_parallel(
    what: Callable[[J], R], work: Sequence[J], workers: int | Executor, name: str, chunk: int = 1
) -> list[R]:
    """The function of every job, in the order of the jobs, by so many processes, or by those that are there already."""
    with ProcessPoolExecutor(workers) if isinstance(workers, int) else nullcontext(workers) as pool:
        done = pool.map(what, work, chunksize=chunk)
        return list(track(done, name, total=len(work), transient=True, console=console(stderr=True)))


def share(before: float, after: float, ceiling: float) -> float:
    """How much of the distance from the input's HOTA to the merge-only ceiling was gained, in per cent."""
    return 100 * (after - before) / (ceiling - before)


def summarise(rows: list[Row]) -> dict[str, Any]:
    """Mean over clips, and the share of the HOTA distance to the merge-only ceiling that was gained."""

    def mean(stage: str, score: str) -> float:
        return float(sum(r[stage][score] for r in rows) / len(rows))

    stages = ("before", "after", "ceiling")
    change = sorted((r["after"]["HOTA"] - r["before"]["HOTA"], f"{r['clip']} {r['tracker']}") for r in rows)
    return {
        "clips": len(rows),
        **{score: [mean(stage, score) for stage in stages] for score in ("HOTA", "IDF1", "AssA")},
        "IDSW": [sum(r[stage]["IDSW"] for r in rows) for stage in ("before", "after")],
        "headroom": share(*(mean(stage, "HOTA") for stage in stages)),
        **{f"helped_{limit}": sum(c > limit for c, _ in change) for limit in HURT},
        **{f"hurt_{limit}": {name: round(c, 2) for c, name in change if c < -limit} for limit in HURT},
        "seconds": sum(r["seconds"] for r in rows),
    }


def by_method(rows: list[Row], trackers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Summaries: level, then method, then ``headroom`` (mean over trackers), ``hurt_0.3`` ... and ``trackers``."""
    out: dict[str, dict[str, Any]] = {}
    for level, method in dict.fromkeys((r["level"], r["method"]) for r in rows):
        some = [r for r in rows if (r["level"], r["method"]) == (level, method)]
        by = {t: summarise([r for r in some if r["tracker"] == t]) for t in trackers}
        hurt = {f"hurt_{limit}": sum(len(s[f"hurt_{limit}"]) for s in by.values()) for limit in HURT}
        headroom = sum(s["headroom"] for s in by.values()) / len(by)
        out.setdefault(level, {})[method] = {"headroom": headroom, **hurt, "trackers": by}
    return out
