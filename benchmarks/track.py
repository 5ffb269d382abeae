"""How `track` is set, against Ultralytics' own settings: boxes without ids are linked, and solved with motion alone.

The boxes are those of CLIP/gt.txt without the ball (the id of the smallest boxes). So that they are like a detector's,
who is hidden by a nearer one by more than 60 % is left out, so is a random 3 %, and sides move by 4 % of the box
(SIMULATED); --perfect takes them as they are. Every score is 1: thresholds on scores are not measured here.
With --video BoT-SORT, which measures the camera's motion, is set beside ByteTrack on that clip.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
from measured import data_option, in_parallel, jobs_option
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.track import given
from reid_solve.tracklets.track.library import ultralytics
from reid_solve.tracklets.track.linker import Linker

HIDDEN, MISSED, JITTER = 0.6, 0.03, 0.04
OURS, THEIRS = "reid-solve's", "Ultralytics' own"
# Ours, and one setting at a time changed, under Ultralytics' names.
VARIANTS: dict[str, dict[str, Any]] = {
    THEIRS: {},
    OURS: {},
    "ours, least overlap 0.5": {"match_thresh": 0.5},
    "ours, least overlap 0.1": {"match_thresh": 0.9},
    "ours, half a second of patience": {"track_buffer": 11},
    "ours, Ultralytics' patience": {"track_buffer": 30},
}


@dataclass(frozen=True)
class Job:
    """One way to link the boxes of one clip."""

    folder: Path
    variant: str
    tracker: str
    perfect: bool
    video: Path | None


def people(folder: Path) -> Any:
    """The true rows without the ball."""
    truth = rs.read(folder / "gt.txt")
    who = truth.codes("track_id")[0]
    height = [np.median(truth.boxes[who == one, 3]) for one in range(int(who.max()) + 1)]
    kept = truth.canonical.filter(pa.array(who != int(np.argmin(height))))
    return rs.read(kept, fps=truth.clip.fps, size=(truth.clip.width or 1920, truth.clip.height or 1080))


def detections(truth: Any, seed: int, perfect: bool) -> tuple[Any, Any]:
    """Rows as a detector might give them, and which of the true rows they are."""
    boxes, rng = truth.boxes, np.random.default_rng(seed)
    kept = np.ones(len(truth), bool)
    if not perfect:
        hidden = np.zeros(len(truth))
        for frame in np.unique(truth.frame):
            rows = np.flatnonzero(truth.frame == frame)
            low, high = boxes[rows, :2], boxes[rows, :2] + boxes[rows, 2:]
            both = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
            cover = np.clip(both, 0, None).prod(axis=2) / boxes[rows, 2:].prod(axis=1)[:, None]
            nearer = high[:, None, 1] < high[None, :, 1]
            hidden[rows] = (cover * nearer).max(axis=1)
        kept = (hidden <= HIDDEN) & (rng.random(len(truth)) >= MISSED)
        boxes = boxes + rng.normal(0, JITTER, boxes.shape) * boxes[:, [2, 3, 2, 3]]
    rows = np.flatnonzero(kept)
    columns = {"frame": truth.frame[rows], **dict(zip("xywh", boxes[rows].T, strict=True))}
    return pa.table(columns), truth.codes("track_id")[0][rows]


def measure(job: Job) -> list[float]:
    """Tracklets; share of boxes in none, purity in per cent; HOTA, also if all were joined; HOTA and IDF1 solved."""
    changes = VARIANTS[job.variant]
    if job.variant == THEIRS:
        path = ultralytics("ultralytics.utils.checks", "the benchmark").check_yaml(f"{job.tracker}.yaml")
        changes = ultralytics("ultralytics.utils", "the benchmark").YAML.load(path)
    setattr(given, "Linker", partial(Linker, changes=changes))  # noqa: B010
    truth = people(job.folder)
    boxes, who = detections(truth, int(re.sub(r"\D", "", job.folder.name) or 0), job.perfect)
    clip = truth.clip
    found: Any = track(
        job.video, detections=boxes, tracker=job.tracker, fps=clip.fps, size=(clip.width, clip.height)  # type: ignore[arg-type]
    )  # fmt: skip
    ids = found.codes("track_id")[0]
    pairs, size = np.unique(np.column_stack([ids, who])[ids >= 0], axis=0, return_counts=True)
    most = np.zeros(int(ids.max()) + 1, np.int64)
    np.maximum.at(most, pairs[:, 0], size)
    before, after = rs.evaluate(found, truth, ceiling=True).to_dict(), rs.evaluate(rs.solve(found), truth).to_dict()
    shares = (100 * float(np.mean(ids < 0)), 100 * float(most.sum() / size.sum()))
    scores = (before["HOTA"], before["ceiling"]["merge_only"]["HOTA"], after["HOTA"], after["IDF1"])
    return [len(most), *shares, *scores]


@click.command()
@data_option
@click.option("--clip", "clips", multiple=True, help="Only this clip; repeatable.")
@click.option("--perfect", is_flag=True, help="The true boxes as they are.")
@click.option("--video", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Of the one clip.")
@jobs_option
def main(data: Path, clips: Sequence[str], perfect: bool, video: Path | None, jobs: int) -> None:
    """Link the boxes of every clip in several ways and print means over clips.

    \b
    Example:
        python benchmarks/track.py --data ../shared/data/soccernet-dev
    """
    folders = sorted(gt.parent for gt in data.glob("*/gt.txt") if not clips or gt.parent.name in clips)
    if not folders:
        raise click.UsageError(f"{data} holds no such clip with a gt.txt")
    if video is not None and len(folders) > 1:
        raise click.UsageError("--video is one clip's: say which with --clip")
    ways = [("bytetrack", name) for name in VARIANTS]
    ways += [("botsort", name) for name in (THEIRS, OURS)] if video else []
    work = [Job(folder, name, tracker, perfect, video) for tracker, name in ways for folder in folders]
    found = np.array(in_parallel(measure, work, jobs, "tracking")).reshape(len(ways), len(folders), -1)
    table = Table(box=None, pad_edge=False)
    heads = ("tracker", "settings", "tracklets", "in none %", "purity %", "HOTA", "all joined", "solved", "IDF1 solved")
    for head in heads:
        table.add_column(head, justify="left" if head in heads[:2] else "right")
    for (tracker, name), mean in zip(ways, found.mean(axis=1), strict=True):
        table.add_row(tracker, name, f"{mean[0]:.0f}", f"{mean[1]:.2f}", *(f"{value:.1f}" for value in mean[2:]))
    console().print(table)


if __name__ == "__main__":
    main()
