"""From a video to identities, with and without embeddings: scores after every stage, and what it took.

python benchmarks/video.py --data VIDEO_FOLDER --gt CLIP_FOLDER/gt.txt --backend color --backend onnx:PATH

VIDEO_FOLDER holds video.mp4 and det.txt, boxes without ids. Each backend is a whole `reid-solve run` without drawing,
in a folder of its own and with nothing cached, so the times are of doing everything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
from rich.table import Table

import reid_solve as rs
from reid_solve.pipeline.run import run
from reid_solve.report.tables import console

SCORES = ("HOTA", "AssA", "IDF1")


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, path_type=Path), required=True, help="With video.mp4 and det.txt.")
@click.option("--gt", type=click.Path(exists=True, path_type=Path), required=True, help="Ground truth, MOT text.")
@click.option("--backend", "backends", multiple=True, default=("color",), show_default=True, help="As for `embed`.")
@click.option("--tracker", "trackers", multiple=True, default=("botsort", "bytetrack"), show_default=True)
@click.option("--video", is_flag=True, help="Draw, too.")
def main(data: Path, gt: Path, backends: tuple[str, ...], trackers: tuple[str, ...], video: bool) -> None:
    """Run everything, and print the table."""
    table = Table("tracker, what is used", *SCORES, "seconds")
    for tracker in trackers:
        for backend in ("none", *backends):
            with tempfile.TemporaryDirectory() as folder:
                options: dict[str, Any] = {"detections": data / "det.txt", "tracker": tracker, "no_video": not video}
                done = run(data / "video.mp4", Path(folder), backend=backend, **options)
                tracks, teams = (Path(folder) / "stages" / f"{name}.parquet" for name in ("track", "team"))
                seen = None if backend == "none" else Path(folder) / "stages" / "embeddings.parquet"
                name = f"{tracker}, {backend.partition(':')[0]}"
                if seen is None:
                    table.add_row(f"{tracker}, the tracker's own ids", *_scores(tracks, gt), "")
                    name = f"{tracker}, no embeddings"
                table.add_row(name, *_scores(rs.solve(tracks, embeddings=seen), gt), "")
                seconds = sum(stage.seconds for stage in done.stages)
                table.add_row(f"{name}, teams", *_scores(rs.solve(teams, embeddings=seen), gt), f"{seconds:.0f}")
    console().print(table)


def _scores(tracks: Any, gt: Path) -> list[str]:
    scores = rs.evaluate(tracks, gt).to_dict()
    return [f"{scores[name]:.2f}" for name in SCORES]


if __name__ == "__main__":
    main()
