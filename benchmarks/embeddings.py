"""Simulated embeddings for every clip, tracker and level: what the other benchmarks read as ``--embeddings``.

SYNTHETIC: the tool draws them from the ground truth, with real boxes and real tracker errors; its text says how. The
seed is the clip's number, so that everybody measures on the same ones.
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.progress import track

from reid_solve.report.tables import console

LEVELS = ("generic", "finetuned")


def make(job: tuple[Path, Path, str, str, Path]) -> None:
    """One sidecar; under another name until it is whole, so that an interrupted run leaves no half file behind."""
    tool, folder, tracker, level, target = job
    seed = re.sub(r"\D", "", folder.name) or "0"
    draft = target.with_suffix(".part")
    subprocess.run(
        [sys.executable, tool, folder, tracker, draft, "--level", level, "--seed", seed], check=True
    )  # fmt: skip
    draft.replace(target)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--tool", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--tracker", "trackers", multiple=True, default=["deep-oc-sort", "bytetrack", "bot-sort"], show_default=True
)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, tool: Path, out: Path, trackers: list[str], jobs: int) -> None:
    """Make CLIP-TRACKER-LEVEL.parquet for every clip, tracker and level that is not there yet.

    \b
    Example:
        python benchmarks/embeddings.py --data ../shared/data/soccernet-dev \\
            --tool ../shared/tools/simulate_embeddings.py --out embeddings
    """
    out.mkdir(parents=True, exist_ok=True)
    work = [
        (tool, gt.parent, tracker, level, target)
        for gt in sorted(data.glob("*/gt.txt")) for tracker in trackers for level in LEVELS
        if not (target := out / f"{gt.parent.name}-{tracker}-{level}.parquet").exists()
    ]  # fmt: skip
    with ThreadPoolExecutor(jobs) as pool:
        done = pool.map(make, work)
        for _ in track(done, total=len(work), description="sidecars", transient=True, console=console(stderr=True)):
            pass
    console().print(f"{len(work)} made, {len(list(out.glob('*.parquet')))} there: {out}")


if __name__ == "__main__":
    main()
