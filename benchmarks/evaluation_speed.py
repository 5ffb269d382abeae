"""How much faster than TrackEval the scores are, and whether they are the same; both in one process, on the same rows.

    python benchmarks/evaluation_speed.py --data FOLDER     (pip install trackeval==1.3.0)

FOLDER holds one folder a clip with ``gt.txt`` and any number of tracker outputs ``*.txt``. TrackEval's metrics (HOTA,
CLEAR, Identity) are fed directly, with ids already numbered and boxes already split by frame, so its own file and
folder handling costs it nothing. Reading files is not timed on either side.

Three ratios are printed. "scores from boxes": TrackEval with its overlap matrices, id numbering and splitting by frame,
against everything that `score` does from raw rows, error attribution included. "metrics only": the three metrics from
ready overlaps; ours without finding pairs and without attribution. "worst comparison": all of ours against the metrics
alone of theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.parity import reference

from reid_solve.evaluation.clear import clear_counts
from reid_solve.evaluation.hota import hota_counts
from reid_solve.evaluation.identity import identity_counts
from reid_solve.evaluation.pairs import Rows, pair_boxes
from reid_solve.evaluation.scores import score


class Stopwatch:
    """Seconds spent, by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, what: str, work: Callable[[], Any]) -> Any:
        """Do the work and add its time."""
        start = perf_counter()
        done = work()
        self.seconds[what] = self.seconds.get(what, 0) + perf_counter() - start
        return done


def read(path: Path) -> Rows:
    """MOT text as rows."""
    table = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(6))
    return Rows(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:6])


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--repeat", default=3, show_default=True, help="Rounds; the fastest of each counts.")
def main(data: Path, repeat: int) -> None:
    """Time both on every tracker output under a folder of clips."""
    metrics, box_ious = reference.load()
    clips = []
    for gt in sorted(data.glob("*/gt.txt")):
        clips += [(read(gt), read(path)) for path in sorted(gt.parent.glob("*.txt")) if path.name != "gt.txt"]
    rounds, worst = [], 0.0
    for _ in range(repeat):
        watch = Stopwatch()
        for gt_rows, rows in clips:
            fed = watch("their input", lambda g=gt_rows, t=rows: reference.prepared(g, t, box_ious))  # type: ignore[misc]
            theirs = watch("their metrics", lambda d=fed: [metric.eval_sequence(d) for metric in metrics])  # type: ignore[misc]
            ours = watch("ours from boxes", lambda g=gt_rows, t=rows: score(pair_boxes(g, t)))  # type: ignore[misc]
            pairs = pair_boxes(gt_rows, rows)
            watch("our metrics", lambda p=pairs: (hota_counts(p), clear_counts(p), identity_counts(p)))  # type: ignore[misc]
            worst = max(worst, *reference.difference(ours, *theirs).values())
        rounds.append(watch.seconds)
    best = {what: min(seconds[what] for seconds in rounds) for what in rounds[0]}
    whole = best["their input"] + best["their metrics"]
    boxes = sum(len(gt_rows) + len(rows) for gt_rows, rows in clips)
    click.echo(f"{len(clips)} outputs, {boxes:,} boxes; largest difference {worst:.1e}")
    for what, theirs_s, ours_s in (
        ("scores from boxes", whole, best["ours from boxes"]),
        ("metrics only", best["their metrics"], best["our metrics"]),
        ("worst comparison", best["their metrics"], best["ours from boxes"]),
    ):
        times = f"TrackEval {theirs_s:6.2f} s   ours {ours_s:6.2f} s"
        click.echo(f"{what:18} {times}   {theirs_s / ours_s:5.1f} times as fast")


if __name__ == "__main__":
    main()
