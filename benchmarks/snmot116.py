"""One clip with REAL embeddings: SNMOT-116 under ByteTrack, OSNet x0.25 on the crops of the video.

VIDEO_FOLDER holds osnet_x0_25_bytetrack.npz (arrays ``frame``, ``id``, ``emb``), CLIP_FOLDER bytetrack.txt and gt.txt.
One clip is no average: it says that embeddings of a real network work, not how well they do elsewhere.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console

SCORES = ("HOTA", "AssA", "IDF1")
folder_path = click.Path(exists=True, file_okay=False, path_type=Path)


def sidecar(source: Path, target: Path) -> Path:
    """The network's output as a sidecar table."""
    with np.load(source, allow_pickle=False) as arrays:
        frame, track, vectors = arrays["frame"], arrays["id"], arrays["emb"].astype(np.float32)
    columns = {"frame": frame.astype(np.int64), "track_id": track.astype(np.int64), "embedding": list(vectors)}
    pq.write_table(pa.table(columns), target)
    return target


@click.command()
@click.argument("video_folder", type=folder_path)
@click.argument("clip_folder", type=folder_path)
@click.option("--method", default="auto", show_default=True)
def main(video_folder: Path, clip_folder: Path, method: str) -> None:
    """Score the clip before, with motion only, with embeddings, and at most.

    \b
    Example:
        python benchmarks/snmot116.py VIDEO_FOLDER CLIP_FOLDER
    """
    tracks, truth = rs.read(clip_folder / "bytetrack.txt"), rs.read(clip_folder / "gt.txt")
    before = rs.evaluate(tracks, truth, ceiling=True).to_dict()
    with tempfile.TemporaryDirectory() as scratch:
        seen = sidecar(video_folder / "osnet_x0_25_bytetrack.npz", Path(scratch) / "osnet.parquet")
        motion = rs.solve(tracks, method=method)
        both = rs.solve(tracks, method=method, embeddings=seen)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("the tracker", before),
        ("reid-solve, motion only", rs.evaluate(motion, truth).to_dict()),
        ("reid-solve, OSNet embeddings", rs.evaluate(both, truth).to_dict()),
        ("ceiling of merging", before["ceiling"]["merge_only"]),
        ("ceiling, every box named", before["ceiling"]["per_box"]),
    ]
    table = Table(box=None, pad_edge=False)
    for name in ("", *SCORES):
        table.add_column(name, justify="right" if name else "left")
    for name, found in rows:
        table.add_row(name, *(f"{found[score]:.2f}" for score in SCORES))
    console().print(table)


if __name__ == "__main__":
    main()
