"""Quality on real tracker output: every tracker and clip, before, after and at most.

The folder holds CLIP/gt.txt, CLIP/seqinfo.ini and CLIP/TRACKER.txt. Nothing is learnt from the ground truth.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
from rich.progress import track
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console

HURT = 0.5  # HOTA points worse than the input


def run(job: tuple[Path, str, str, Path | None]) -> dict[str, Any]:
    """Score one clip of one tracker before and after solving."""
    folder, tracker, method, embeddings = job
    tracks, truth = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt")
    start = time.perf_counter()
    result = rs.solve(tracks, method=method, embeddings=embeddings)
    seconds = time.perf_counter() - start
    before, after = rs.evaluate(tracks, truth, ceiling=True).to_dict(), rs.evaluate(result, truth).to_dict()
    return {
        "clip": folder.name,
        "tracker": tracker,
        "before": {k: before[k] for k in ("HOTA", "AssA", "IDF1", "IDSW", "IDs")},
        "after": {k: after[k] for k in ("HOTA", "AssA", "IDF1", "IDSW", "IDs")},
        "ceiling": before["ceiling"]["merge_only"],
        "seconds": seconds,
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean over clips, and the share of the HOTA distance to the merge-only ceiling that was gained."""

    def mean(stage: str, score: str) -> float:
        return float(sum(r[stage][score] for r in rows) / len(rows))

    before, after, best = (mean(stage, "HOTA") for stage in ("before", "after", "ceiling"))
    change = [(r["after"]["HOTA"] - r["before"]["HOTA"], f"{r['clip']} {r['tracker']}") for r in rows]
    return {
        "clips": len(rows),
        "HOTA": [before, after, best],
        "IDF1": [mean(stage, "IDF1") for stage in ("before", "after", "ceiling")],
        "AssA": [mean(stage, "AssA") for stage in ("before", "after", "ceiling")],
        "IDSW": [sum(r[stage]["IDSW"] for r in rows) for stage in ("before", "after")],
        "headroom": 100 * (after - before) / (best - before),
        "helped": sum(c > HURT for c, _ in change),
        "hurt": {name: round(c, 2) for c, name in sorted(change) if c < -HURT},
        "seconds": sum(r["seconds"] for r in rows),
    }


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--tracker", "trackers", multiple=True, default=["deep-oc-sort", "bytetrack", "bot-sort"], show_default=True
)
@click.option("--method", default="auto", show_default=True)
@click.option(
    "--embeddings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CLIP-TRACKER.parquet sidecars.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="soccernet.json", show_default=True)
@click.option("--clips", "by_clip", is_flag=True, help="Also print every clip.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(
    data: Path, trackers: list[str], method: str, embeddings: Path | None, out: Path, by_clip: bool, jobs: int
) -> None:
    """Score every tracker and clip of a folder before and after solving; print a table, write JSON.

    \b
    Example:
        python benchmarks/soccernet.py --data ../shared/data/soccernet-dev
    """
    folders = sorted(p.parent for p in data.glob("*/gt.txt"))
    work = [
        (folder, tracker, method, embeddings / f"{folder.name}-{tracker}.parquet" if embeddings else None)
        for tracker in trackers for folder in folders
    ]  # fmt: skip
    with ProcessPoolExecutor(jobs) as pool:
        rows = list(
            track(
                pool.map(run, work), total=len(work), description="clips", transient=True, console=console(stderr=True)
            )
        )
    by_tracker = {t: summarise([r for r in rows if r["tracker"] == t]) for t in trackers}
    mean = sum(s["headroom"] for s in by_tracker.values()) / len(by_tracker)
    out.write_text(json.dumps({"headroom": mean, "trackers": by_tracker, "rows": rows}, indent=1))
    screen = console()
    if by_clip:
        print_clips(screen, rows)
    table = Table(box=None, pad_edge=False)
    for name in (
        "tracker",
        "HOTA before",
        "after",
        "ceiling",
        "headroom",
        "IDF1 before",
        "after",
        "IDSW before",
        "after",
        "helped",
        "hurt",
        "s/clip",
    ):
        table.add_column(name, justify="left" if name == "tracker" else "right")
    for tracker, s in by_tracker.items():
        table.add_row(
            tracker, *(f"{v:.2f}" for v in s["HOTA"]), f"{s['headroom']:.1f} %", *(f"{v:.2f}" for v in s["IDF1"][:2]),
            *map(str, s["IDSW"]), str(s["helped"]), str(len(s["hurt"])), f"{s['seconds'] / s['clips']:.2f}",
        )  # fmt: skip
    screen.print(table)
    screen.print(f"\nheadroom gained, mean over trackers: {mean:.1f} %")
    hurt = {name: c for s in by_tracker.values() for name, c in s["hurt"].items()}
    screen.print(
        f"more than {HURT} HOTA worse: {len(hurt)} of {len(rows)}"
        + "".join(f"\n  {n} {c:+.2f}" for n, c in hurt.items())
    )
    screen.print(f"every row: {out}")


def print_clips(screen: Any, rows: list[dict[str, Any]]) -> None:
    """One line a clip."""
    table = Table(box=None, pad_edge=False)
    for name in ("clip", "tracker", "before", "after", "ceiling", "change", "s"):
        table.add_column(name, justify="left" if name in ("clip", "tracker") else "right")
    for r in rows:
        hota = r["before"]["HOTA"], r["after"]["HOTA"], r["ceiling"]["HOTA"]
        table.add_row(
            r["clip"], r["tracker"], *(f"{v:.2f}" for v in hota), f"{hota[1] - hota[0]:+.2f}", f"{r['seconds']:.2f}"
        )
    screen.print(table)


if __name__ == "__main__":
    main()
