"""Quality on real tracker output: every tracker and clip, before, after and at most, ours beside two baselines.

The folder holds CLIP/gt.txt, CLIP/seqinfo.ini and CLIP/TRACKER.txt; the embeddings are made by embeddings.py. Nothing
of ours is learnt from the ground truth; the baselines are given what they need, from the other clips (baselines.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.progress import track
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console

HURT = (0.3, 0.5)  # HOTA points worse than the input
SCORES = ("HOTA", "AssA", "IDF1", "IDSW", "IDs")
TRACKERS = ("deep-oc-sort", "bytetrack", "bot-sort")
LEVELS = ("none", "generic", "finetuned")
Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One clip of one tracker, with all that is to be measured on it."""

    folder: Path
    tracker: str
    sidecars: dict[str, Path | None]  # by level
    method: str = "auto"
    cues: Sequence[str] | None = None
    baselines: bool = False
    weights: list[np.ndarray] = field(default_factory=list)  # of the AFLink-like model, by gate


def jobs_for(data: Path, trackers: Iterable[str], levels: Sequence[str], embeddings: Path | None) -> list[Job]:
    """Every tracker and clip. Level ``own`` is the sidecar CLIP-TRACKER.parquet, which says nothing of a level."""

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
    return [
        Job(folder, tracker, {level: sidecar(folder.name, tracker, level) for level in levels})
        for tracker in trackers
        for folder in folders
    ]


@lru_cache(4)
def read(folder: Path, tracker: str) -> tuple[Any, Any, dict[str, Any]]:
    """Tracks, truth and the scores of the input and its ceiling."""
    tracks, truth = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt")
    return tracks, truth, rs.evaluate(tracks, truth, ceiling=True).to_dict()


def row(job: Job, level: str, method: str, after: Row, seconds: float = 0.0) -> Row:
    """One line of the JSON."""
    before = read(job.folder, job.tracker)[2]
    return {
        "level": level, "method": method, "clip": job.folder.name, "tracker": job.tracker,
        "before": {k: before[k] for k in SCORES}, "after": after,
        "ceiling": before["ceiling"]["merge_only"], "seconds": seconds,
    }  # fmt: skip


def scores(tracked: Any, truth: Any) -> Row:
    """What is kept of an evaluation."""
    found = rs.evaluate(tracked, truth).to_dict()
    return {k: found[k] for k in SCORES}


def ours(job: Job) -> list[Row]:
    """Solve at every level."""
    tracks, truth, _ = read(job.folder, job.tracker)
    rows = []
    for level, sidecar in job.sidecars.items():
        start = time.perf_counter()
        result = rs.solve(tracks, method=job.method, embeddings=sidecar, cues=job.cues)
        rows.append(row(job, level, "reid-solve", scores(result, truth), time.perf_counter() - start))
    return rows


def first_pass(job: Job) -> tuple[list[Row], dict[str, list[Row]], list[Any]]:
    """Ours; the GTA-like scores of every option, by level; what the AFLink-like model learns from, by gate."""
    rows = ours(job)
    if not job.baselines:
        return rows, {}, []
    import baselines as b

    tracks, truth, _ = read(job.folder, job.tracker)
    tracklets = b.tracklets_of(tracks)
    options: dict[str, list[Row]] = {}
    for level, sidecar in job.sidecars.items():
        if sidecar is not None:
            seen = b.embedding_sums(tracks, tracklets, sidecar)
            runs = [b.gta_like(tracklets, *seen, reach) for reach in b.REACHES]
            labels = [run.below(threshold) for run in runs for threshold in b.THRESHOLDS]
            options[level] = scored(job, labels)
    following = b.truly_following(tracks, tracklets, truth)
    return rows, options, [b.motion_pairs(tracklets, gate, following) for gate in b.GATES]


def second_pass(job: Job) -> list[Row]:
    """The AFLink-like scores of every option, with a model that has not seen this clip."""
    import baselines as b

    tracklets = b.tracklets_of(read(job.folder, job.tracker)[0])
    labels = [
        b.aflink_like(len(tracklets), b.motion_pairs(tracklets, gate), weights, confidence)
        for gate, weights in zip(b.GATES, job.weights, strict=True)
        for confidence in b.CONFIDENCES
    ]
    return scored(job, labels)


def scored(job: Job, labels: list[Any]) -> list[Row]:
    """Scores of labellings of the tracklets; equal ones are scored once."""
    import baselines as b

    tracks, truth, _ = read(job.folder, job.tracker)
    tracklets, known = b.tracklets_of(tracks), {}
    for label in labels:
        if label.tobytes() not in known:
            known[label.tobytes()] = scores(b.with_labels(tracks, tracklets, label), truth)
    return [known[label.tobytes()] for label in labels]


def measure(jobs: list[Job], workers: int, baselines: bool = False) -> list[Row]:
    """All rows of all jobs."""

    def run(what: Any, work: list[Job], name: str) -> list[Any]:
        return list(
            track(pool.map(what, work), name, total=len(work), transient=True, console=console(stderr=True))
        )  # fmt: skip

    with ProcessPoolExecutor(workers) as pool:
        found = run(first_pass, [replace(job, baselines=baselines) for job in jobs], "clips")
        rows = [r for some, _, _ in found for r in some]
        if not baselines:
            return rows
        import baselines as b

        for level in found[0][1]:
            rows += chosen(jobs, level, "GTA-like", [options[level] for _, options, _ in found])
        weights = {}
        for clip in {job.folder for job in jobs}:
            others = [pairs for job, (_, _, pairs) in zip(jobs, found, strict=True) if job.folder != clip]
            weights[clip] = [
                b.fit(np.concatenate([p.motion for p in gate]), np.concatenate([p.right for p in gate]))
                for gate in zip(*others, strict=True)
            ]
        options = run(second_pass, [replace(job, weights=weights[job.folder]) for job in jobs], "AFLink-like")
        for level in jobs[0].sidecars:
            rows += chosen(jobs, level, "AFLink-like", options)
    return rows


def chosen(jobs: list[Job], level: str, name: str, options: list[list[Row]]) -> list[Row]:
    """A baseline's rows: the option chosen, tracker by tracker, on all other clips, and on all clips."""
    from baselines import leave_one_out

    rows = []
    for tracker in dict.fromkeys(job.tracker for job in jobs):
        here = [k for k, job in enumerate(jobs) if job.tracker == tracker]
        hota = np.array([[o["HOTA"] for o in options[k]] for k in here])
        for how, best in (("", leave_one_out(hota)), (", tuned on all", np.full(len(here), hota.sum(0).argmax()))):
            rows += [row(jobs[k], level, name + how, options[k][int(o)]) for k, o in zip(here, best, strict=True)]
    return rows


def summarise(rows: list[Row]) -> dict[str, Any]:
    """Mean over clips, and the share of the HOTA distance to the merge-only ceiling that was gained."""

    def mean(stage: str, score: str) -> float:
        return float(sum(r[stage][score] for r in rows) / len(rows))

    stages = ("before", "after", "ceiling")
    before, after, best = (mean(stage, "HOTA") for stage in stages)
    change = sorted((r["after"]["HOTA"] - r["before"]["HOTA"], f"{r['clip']} {r['tracker']}") for r in rows)
    return {
        "clips": len(rows),
        **{score: [mean(stage, score) for stage in stages] for score in ("HOTA", "IDF1", "AssA")},
        "IDSW": [sum(r[stage]["IDSW"] for r in rows) for stage in ("before", "after")],
        "headroom": 100 * (after - before) / (best - before),
        **{f"helped_{limit}": sum(c > limit for c, _ in change) for limit in HURT},
        **{f"hurt_{limit}": {name: round(c, 2) for c, name in change if c < -limit} for limit in HURT},
        "seconds": sum(r["seconds"] for r in rows),
    }


def by_method(rows: list[Row], trackers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Summaries: level, then method, then ``headroom`` and ``trackers``."""
    out: dict[str, dict[str, Any]] = {}
    for level, method in dict.fromkeys((r["level"], r["method"]) for r in rows):
        some = [r for r in rows if (r["level"], r["method"]) == (level, method)]
        by = {t: summarise([r for r in some if r["tracker"] == t]) for t in trackers}
        share = sum(s["headroom"] for s in by.values()) / len(by)
        out.setdefault(level, {})[method] = {"headroom": share, "trackers": by}
    return out


def print_level(screen: Any, level: str, methods: dict[str, Any]) -> None:
    """Method by tracker: share of the headroom, and who was helped and hurt."""
    trackers = list(next(iter(methods.values()))["trackers"])
    title = "no embeddings" if level == "none" else f"{level} embeddings"
    table = Table(box=None, pad_edge=False, title=f"{title}: share of headroom, %", title_justify="left")
    table.add_column("method", no_wrap=True)
    for name in (*trackers, "mean", "HOTA", "IDF1", f"helped >{HURT[0]}", *(f"hurt >{h}" for h in HURT), "worst"):
        table.add_column(name, justify="right", no_wrap=name in trackers)
    for method, found in methods.items():
        by = found["trackers"].values()
        worst = min((c for s in by for c in s[f"hurt_{HURT[0]}"].values()), default=0.0)
        table.add_row(
            method, *(f"{s['headroom']:.1f}" for s in by), f"{found['headroom']:.1f}",
            *(f"{np.mean([s[score][1] for s in by]):.2f}" for score in ("HOTA", "IDF1")),
            str(sum(s[f"helped_{HURT[0]}"] for s in by)), *(str(sum(len(s[f"hurt_{h}"]) for s in by)) for h in HURT),
            f"{worst:+.2f}" if worst else "",
        )  # fmt: skip
    screen.print(table)
    hurt = {n: c for s in methods.get("reid-solve", {"trackers": {}})["trackers"].values()
            for n, c in s[f"hurt_{HURT[0]}"].items()}  # fmt: skip
    if hurt:
        screen.print("hurt by reid-solve: " + ", ".join(f"{name} {c:+.2f}" for name, c in hurt.items()))
    screen.print()


def print_clips(screen: Any, rows: list[Row]) -> None:
    """One line a clip."""
    table = Table(box=None, pad_edge=False)
    for name in ("clip", "tracker", "level", "method", "before", "after", "ceiling", "change", "s"):
        table.add_column(name, justify="left" if name in ("clip", "tracker", "level", "method") else "right")
    for r in rows:
        hota = r["before"]["HOTA"], r["after"]["HOTA"], r["ceiling"]["HOTA"]
        table.add_row(
            *(r[k] for k in ("clip", "tracker", "level", "method")), *(f"{v:.2f}" for v in hota),
            f"{hota[1] - hota[0]:+.2f}", f"{r['seconds']:.2f}",
        )  # fmt: skip
    screen.print(table)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--tracker", "trackers", multiple=True, default=TRACKERS, show_default=True)
@click.option("--method", default="auto", show_default=True)
@click.option("--level", type=click.Choice([*LEVELS, "all"]), help="Of the simulated embeddings.")
@click.option(
    "--embeddings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars, or without --level of CLIP-TRACKER.parquet.",
)
@click.option("--baselines", is_flag=True, help="Also score the GTA-like and the AFLink-like baseline.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="soccernet.json", show_default=True)
@click.option("--clips", "by_clip", is_flag=True, help="Also print every clip.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, trackers: list[str], method: str, level: str | None, embeddings: Path | None,
         baselines: bool, out: Path, by_clip: bool, jobs: int) -> None:  # fmt: skip
    """Score every tracker and clip of a folder before and after solving; print tables, write JSON.

    \b
    Example:
        python benchmarks/soccernet.py --data ../shared/data/soccernet-dev
        python benchmarks/soccernet.py --data ../shared/data/soccernet-dev --level all --embeddings DIR --baselines
    """
    levels = LEVELS if level == "all" else (level or ("own" if embeddings else "none"),)
    work = [replace(job, method=method) for job in jobs_for(data, trackers, levels, embeddings)]
    rows = measure(work, jobs, baselines)
    found = by_method(rows, trackers)
    first = found[levels[0]]["reid-solve"]
    mine = [r for r in rows if r["method"] == "reid-solve"]
    out.write_text(json.dumps({**first, "levels": found, "rows": rows}, indent=1))
    screen = console()
    if by_clip:
        print_clips(screen, rows)
    for name in levels:
        print_level(screen, name, found[name])
    screen.print(f"reid-solve: {sum(r['seconds'] for r in mine) / len(mine):.2f} s a clip; every row: {out}")


if __name__ == "__main__":
    main()
