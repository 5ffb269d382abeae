"""Quality on real tracker output: every tracker and clip, before, after and at most, ours beside two baselines.

The folder holds CLIP/gt.txt, CLIP/seqinfo.ini and CLIP/TRACKER.txt; the embeddings are made by embeddings.py. Nothing
of ours is learnt from the ground truth; the baselines are given what they need, from the other clips (baselines.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from measured import (
    FOLDER,
    HURT,
    LEVELS,
    OURS,
    Job,
    Row,
    by_method,
    data_option,
    in_parallel,
    jobs_for,
    jobs_option,
    ours,
    read,
    row,
    scores,
    trackers_option,
)  # fmt: skip
from rich.table import Table

from reid_solve.report.tables import console


@dataclass(frozen=True)
class Trained:
    """One output, and what the AFLink-like baseline learnt from the other clips, by gate."""

    job: Job
    weights: list[np.ndarray]


def with_ground_truth(job: Job) -> tuple[dict[str, list[Row]], list[Any]]:
    """The GTA-like scores of every option, by level; what the AFLink-like model learns from, by gate."""
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
    return options, [b.motion_pairs(tracklets, gate, following) for gate in b.GATES]


def with_model(trained: Trained) -> list[Row]:
    """The AFLink-like scores of every option, with a model that has not seen this clip."""
    import baselines as b

    job = trained.job
    tracklets = b.tracklets_of(read(job.folder, job.tracker)[0])
    labels = [
        b.aflink_like(len(tracklets), b.motion_pairs(tracklets, gate), weights, confidence)
        for gate, weights in zip(b.GATES, trained.weights, strict=True)
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


def measure(jobs: list[Job], workers: int) -> list[Row]:
    """All rows of ours."""
    return [r for some in in_parallel(ours, jobs, workers, "clips") for r in some]


def measure_baselines(jobs: list[Job], workers: int) -> list[Row]:
    """All rows of the baselines."""
    import baselines as b

    found = in_parallel(with_ground_truth, jobs, workers, "GTA-like")
    rows: list[Row] = []
    for level in found[0][0]:
        rows += chosen(jobs, level, "GTA-like", [options[level] for options, _ in found])
    weights = {}
    for clip in {job.folder for job in jobs}:
        others = [pairs for job, (_, pairs) in zip(jobs, found, strict=True) if job.folder != clip]
        weights[clip] = [
            b.fit(np.concatenate([p.motion for p in gate]), np.concatenate([p.right for p in gate]))
            for gate in zip(*others, strict=True)
        ]
    trained = [Trained(job, weights[job.folder]) for job in jobs]
    options = in_parallel(with_model, trained, workers, "AFLink-like")
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
    hurt = {n: c for s in methods.get(OURS, {"trackers": {}})["trackers"].values()
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
@data_option
@trackers_option
@click.option("--method", default="auto", show_default=True)
@click.option("--level", type=click.Choice([*LEVELS, "all"]), help="Of the simulated embeddings.")
@click.option(
    "--embeddings", type=FOLDER,
    help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars, or without --level of CLIP-TRACKER.parquet.",
)  # fmt: skip
@click.option("--baselines", is_flag=True, help="Also score the GTA-like and the AFLink-like baseline.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="soccernet.json", show_default=True)
@click.option("--clips", "by_clip", is_flag=True, help="Also print every clip.")
@jobs_option
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
    rows = measure(work, jobs) + (measure_baselines(work, jobs) if baselines else [])
    found = by_method(rows, trackers)
    first = found[levels[0]][OURS]
    mine = [r for r in rows if r["method"] == OURS]
    out.write_text(json.dumps({**first, "levels": found, "rows": rows}, indent=1))
    screen = console()
    if by_clip:
        print_clips(screen, rows)
    for name in levels:
        print_level(screen, name, found[name])
    screen.print(f"reid-solve: {sum(r['seconds'] for r in mine) / len(mine):.2f} s a clip; every row: {out}")


if __name__ == "__main__":
    main()
