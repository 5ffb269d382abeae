"""What the constants set by hand are worth: each is halved and doubled, one at a time, and all clips are scored again.

python benchmarks/sensitivity.py --data FOLDER
python benchmarks/sensitivity.py --data FOLDER --embeddings DIR --only SHARE --only LIFTED --only SURE

Folders are as for soccernet.py; with ``--embeddings``, the generic simulated ones are used. A change of the headroom
by a point is within what one clip can do. Shares of a hundred cannot be doubled: they are moved half the way to 0 and
to 1.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.progress import track
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console

# module, constant or constant.field; a share stays between 0 and 1
CONSTANTS = (
    "solver.cues.motion SHARE share",
    "solver.cues.motion UNSEEN",
    "solver.cues.motion END_NOISE",
    "solver.cues.motion TAIL",
    "solver.cues.density UNIFORM share",
    "solver.cues.density BANDWIDTH",
    "solver.cues.returns INSIDE.share share",
    "solver.cues.returns INSIDE.median",
    "solver.cues.returns INSIDE.spread",
    "solver.cues.returns EXIT.share share",
    "solver.cues.returns EXIT.median",
    "solver.cues.returns EXIT.spread",
    "solver.cues.returns NEW share",
    "solver.cues.returns LATE share",
    "solver.cues.size SHARE share",
    "solver.cues.size HALF_SECONDS",
    "solver.calibrate PRIOR_TRACKLETS",
    "solver.graph WINDOW_SECONDS",
    "solver.graph LIMIT",
    "solver.graph PRIZE",
    "solver.solution LIFTED share",
    "solver.switches SURE",
    "solver.switches WINDOW_SECONDS",
    "solver.pairs DUPLICATE_SECONDS",
    "solver.pairs DUPLICATE_IOU share",
    "tracklets.describe VELOCITY_SECONDS",
    "tracklets.describe EDGE_HEIGHTS",
    "tracklets.describe EDGE_SOFTNESS",
    "tracklets.camera ZOOM_BLEND_FRAMES",
    "tracklets.camera ZOOM_PRIOR",
)
HURT = 0.5  # HOTA points worse than the input
# constant, "halved" or "doubled" or "", clip's folder, tracker, sidecar
Job = tuple[str, str, Path, str, Path | None]


def changed(value: Any, how: str, share: bool) -> Any:
    """Half or twice a value (of its own type); a share half the way to 0 or to 1."""
    if how == "halved":
        return type(value)(value / 2) if isinstance(value, int) else value / 2
    return (1 + value) / 2 if share else value * 2


def set_constant(constant: str, how: str) -> tuple[Any, str, Any]:
    """Change a module's constant; returns the module, the name and the old value, to undo it."""
    where, name, *share = constant.split()
    name, _, field = name.partition(".")
    module = import_module(f"reid_solve.{where}")
    old = getattr(module, name)
    new = replace(old, **{field: changed(getattr(old, field), how, bool(share))}) if field else None
    setattr(module, name, new if field else changed(old, how, bool(share)))
    return module, name, old


@cache
def read(folder: Path, tracker: str) -> tuple[Any, Any, float, float]:
    """Tracks, truth, HOTA before and at most."""
    tracks, truth = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt")
    before = rs.evaluate(tracks, truth, ceiling=True).to_dict()
    return tracks, truth, before["HOTA"], before["ceiling"]["merge_only"]["HOTA"]


def run(job: Job) -> tuple[float, float, float]:
    """HOTA before, after and at most of one clip with one constant changed."""
    constant, how, folder, tracker, sidecar = job
    tracks, truth, before, ceiling = read(folder, tracker)
    undo = set_constant(constant, how) if how else None
    try:
        return before, rs.evaluate(rs.solve(tracks, embeddings=sidecar), truth).to_dict()["HOTA"], ceiling
    finally:
        if undo:
            setattr(*undo)


def summarise(rows: list[tuple[str, tuple[float, float, float]]]) -> tuple[float, int]:
    """Share of the headroom gained in per cent, mean over trackers, and clips hurt."""
    shares = []
    for name in {tracker for tracker, _ in rows}:
        before, after, ceiling = map(sum, zip(*(score for tracker, score in rows if tracker == name), strict=True))
        shares.append(100 * (after - before) / (ceiling - before))
    return sum(shares) / len(shares), sum(after - before < -HURT for _, (before, after, _) in rows)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--tracker", "trackers", multiple=True, default=["deep-oc-sort", "bytetrack", "bot-sort"], show_default=True
)
@click.option("--only", multiple=True, help="Only constants whose name holds this; repeatable.")
@click.option(
    "--embeddings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CLIP-TRACKER-generic.parquet sidecars; motion only without.",
)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, trackers: list[str], only: tuple[str, ...], embeddings: Path | None, jobs: int) -> None:
    """Halve and double each hand-set constant, one at a time; print headroom gained and clips hurt.

    \b
    Example:
        python benchmarks/sensitivity.py --data ../shared/data/soccernet-dev
    """
    folders = sorted(p.parent for p in data.glob("*/gt.txt"))
    constants = [c for c in CONSTANTS if not only or any(name in c for name in only)]
    variants = [("", ""), *((c, how) for c in constants for how in ("halved", "doubled"))]

    def sidecar(folder: Path, tracker: str) -> Path | None:
        return embeddings / f"{folder.name}-{tracker}-generic.parquet" if embeddings else None

    clips = [(folder, tracker, sidecar(folder, tracker)) for folder in folders for tracker in trackers]
    jobs_ = [(*variant, *clip) for variant in variants for clip in clips]
    with ProcessPoolExecutor(jobs) as pool:
        scores = list(
            track(pool.map(run, jobs_, chunksize=10), total=len(jobs_), transient=True, console=console(stderr=True))
        )
    result = {}
    for number, variant in enumerate(variants):
        here = slice(number * len(clips), (number + 1) * len(clips))
        result[variant] = summarise([(job[3], score) for job, score in zip(jobs_[here], scores[here], strict=True)])
    usual, hurt = result["", ""]
    console().print(f"as it is: headroom {usual:.1f} %, hurt {hurt} of {len(clips)}\n")
    table = Table(box=None, pad_edge=False)
    for name in ("constant", "headroom halved", "doubled", "hurt halved", "doubled"):
        table.add_column(name, justify="left" if name == "constant" else "right", no_wrap=True)
    for c in constants:
        low, high = result[c, "halved"], result[c, "doubled"]
        where, name = c.split()[:2]
        table.add_row(
            f"{where}: {name}", *(f"{s:.1f} ({s - usual:+.1f})" for s, _ in (low, high)), str(low[1]), str(high[1])
        )
    console().print(table)


if __name__ == "__main__":
    main()
