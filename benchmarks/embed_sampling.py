"""How many crops the solver needs: sidecars thinned as `embed` samples, and every output solved with each.

SIMULATED embeddings (see docs/benchmarks.md), since there are pictures of one clip only; they come every fifth frame.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.tracklets.crops import PER_TRACKLET

TRACKERS = ("deep-oc-sort", "bytetrack", "bot-sort")
SPACINGS = (None, 0.5, 1.0, np.inf)  # seconds; None leaves the sidecar as it is
FPS = 25


def thinned(table: pa.Table, spacing: float) -> pa.Table:
    """The first embedding of every stretch of each tracklet: 16 stretches, or more if they would exceed ``spacing``."""
    name = "id" if "id" in table.column_names else "track_id"
    frame, track = table["frame"].to_numpy(), np.unique(table[name].to_numpy(), return_inverse=True)[1]
    count = int(track.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(first, track, frame)
    np.maximum.at(last, track, frame)
    span = last - first + 1
    parts = np.minimum(np.maximum(PER_TRACKLET, np.ceil(span / (spacing * FPS))).astype(np.int64), span)
    stretch = ((frame - first[track] + 0.5) * (parts / span)[track]).astype(np.int64)
    key = np.concatenate([[0], np.cumsum(parts)])[track] + np.minimum(stretch, parts[track] - 1)
    return table.take(pa.array(np.sort(np.unique(key, return_index=True)[1])))


def measure(job: tuple[Path, str, Path]) -> list[tuple[float, int]]:
    """HOTA and number of embeddings at every spacing, of one tracker's output for one clip."""
    folder, tracker, sidecar = job
    tracks, truth, whole = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt"), pq.read_table(sidecar)
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for spacing in SPACINGS:
            some = whole if spacing is None else thinned(whole, spacing)
            pq.write_table(some, f"{scratch}/some.parquet")
            scores = rs.evaluate(rs.solve(tracks, embeddings=f"{scratch}/some.parquet"), truth).to_dict()
            found.append((scores["HOTA"], some.num_rows))
    return found


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--embeddings", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True,
              help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars.")  # fmt: skip
@click.option("--tracker", "trackers", multiple=True, default=TRACKERS, show_default=True)
@click.option("--level", default="generic", show_default=True)
@click.option("--without", multiple=True, metavar="CLIP", help="Leave out a clip; repeatable.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(
    data: Path, embeddings: Path, trackers: tuple[str, ...], level: str, without: tuple[str, ...], jobs: int
) -> None:
    """Solve with fewer and fewer embeddings; print HOTA, mean over outputs, and the worst change.

    \b
    Example:
        python benchmarks/embed_sampling.py --data FOLDER --embeddings DIR
    """
    folders = [f for f in sorted(data.iterdir()) if (f / "gt.txt").is_file() and f.name not in without]
    work = [(f, t, embeddings / f"{f.name}-{t}-{level}.parquet") for f in folders for t in trackers]
    work = [job for job in work if job[2].is_file()]
    with ProcessPoolExecutor(jobs) as pool:
        found = np.array(list(pool.map(measure, work)))
    table = Table(box=None, pad_edge=False)
    for head in (f"embeddings ({level})", "a clip", "HOTA", "change", "standard error", "worst"):
        table.add_column(head, justify="left" if head.startswith("embeddings") else "right", no_wrap=True)
    for k, spacing in enumerate(SPACINGS):
        name = f"{PER_TRACKLET} a tracklet" + ("" if spacing in (None, np.inf) else f", one in {spacing:g} s")
        change = found[:, k, 0] - found[:, 0, 0]
        error = change.std(ddof=1) / np.sqrt(len(change))
        cells = (found[:, k, 1].mean().round(), found[:, k, 0].mean(), change.mean(), error, change.min())
        table.add_row("all there are" if spacing is None else name, f"{cells[0]:.0f}", *(f"{c:.2f}" for c in cells[1:]))
    console().print(table)
    console().print(f"{len(work)} outputs of {len(folders)} clips")


if __name__ == "__main__":
    main()
