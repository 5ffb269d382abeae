"""How fast `reid-solve render` is, and which step takes the time.

Frames per second are what the clock says; CPU seconds are what is spent on all cores together, so that on a quiet
machine of two cores one second of video can take no less than half of them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table

import reid_solve as rs
from reid_solve.report.marks import marks
from reid_solve.report.pen import Pen
from reid_solve.report.render import render
from reid_solve.report.tables import console
from reid_solve.tracklets.video import pictures, probe, write_video

ROOT = Path(__file__).parents[1]
WAYS: dict[str, dict[str, Any]] = {
    "identities": {},
    "--trails": {"trails": True},
    "--timeline": {"timeline": True},
    "--compare": {"compare": "tracks"},
    "--compare --trails --timeline": {"compare": "tracks", "trails": True, "timeline": True},
}


def measured(work: Callable[[], int]) -> tuple[float, float]:
    """Frames per second by the clock, and CPU milliseconds a frame; ``work`` returns its number of frames."""
    clock, spent = time.perf_counter(), time.process_time()
    frames = work()
    return frames / (time.perf_counter() - clock), 1000 * (time.process_time() - spent) / frames


def steps(video: Path, solved: Path, frames: int) -> dict[str, Callable[[], int]]:
    """Each step on its own."""
    film, tracks = probe(video), rs.read(solved)
    kept = [picture for _, picture in islice(pictures(video), 50)]
    drawn = marks(tracks, "identity", 1, (film.width / tracks.clip.width, film.height / tracks.clip.height),
                  tracks.frame > 0)  # fmt: skip

    def draw() -> int:
        pen = Pen(drawn, (film.width, film.height))
        for number, picture in zip(range(frames), cycle(kept), strict=False):
            pen.draw(picture, number)
        return frames

    def annotate() -> int:
        import supervision as sv

        rings, labels = sv.EllipseAnnotator(), sv.LabelAnnotator(text_position=sv.Position.BOTTOM_CENTER)
        for number, picture in zip(range(frames), cycle(kept), strict=False):
            here = drawn.rows(number)
            rows = slice(here.start, here.stop)
            x, y, w, h = drawn.boxes[rows].T
            found = sv.Detections(xyxy=np.stack([x, y, x + w, y + h], 1), class_id=drawn.who[rows])
            labels.annotate(rings.annotate(picture, found), found, [drawn.names[k] for k in drawn.who[rows]])
        return frames

    return {
        "decode": lambda: sum(1 for _ in pictures(video)),
        "draw": draw,
        "draw with supervision": annotate,
        "encode": lambda: write_video(video.with_name("again.mp4"), islice(cycle(kept), frames), film.rate),
    }


@click.command()
@click.option("--frames", type=click.IntRange(60), default=500, show_default=True, help="Length of the clip.")
@click.option("--height", type=click.IntRange(180), default=720, show_default=True, help="Of the picture, 16:9.")
@click.option("--seed", type=int, default=19, show_default=True, help="Which clip.")
def main(frames: int, height: int, seed: int) -> None:
    """Draw a simulated clip (fixtures/film.py), solve its tracks, render it in every way.

    \b
    Example:
        python benchmarks/render.py --frames 500 --height 720
    """
    sys.path.insert(0, str(ROOT / "fixtures"))
    import film

    table = Table(box=None, pad_edge=False)
    for name in (f"{height}p", "frames/s", "CPU ms a frame"):
        table.add_column(name, justify="left" if name.endswith("p") else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = (height * 16 // 9 & ~1, height & ~1)
        made = film.make(folder, seed, frames, size)
        solved = folder / "solved.parquet"
        rs.solve(made.tracks).write(solved)
        works = steps(made.video, solved, frames)
        for way, options in WAYS.items():
            given = options | ({"compare": made.tracks} if "compare" in options else {})
            works[way] = lambda given=given: render(made.video, solved, folder / "out.mp4", **given).frames  # type: ignore[misc]
        works["draw the clip itself"] = lambda: sum(1 for _ in film.pictures(seed, 100, size))
        for way, work in works.items():
            speed, spent = measured(work)
            table.add_row(way, f"{speed:.0f}", f"{spent:.1f}")
    console().print(table)


if __name__ == "__main__":
    main()
