"""What the constants set by hand are worth: each is halved and doubled, one at a time, and all clips are scored again.

Folders are as for soccernet.py; with ``--embeddings``, the generic simulated ones are used. A change of the headroom
by a point is within what one clip can do. Shares of a hundred cannot be doubled: they are moved half the way to 0 and
to 1. For what choosing all of them by hand was worth, see crossval.py.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
from measured import HURT, data_option, embeddings_option, jobs_for, jobs_option, trackers_option
from rich.table import Table
from settings import Scores, Setting, current

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
HOWS = ("halved", "doubled")


def changed(value: Any, how: str, share: bool = False) -> Any:
    """Half or twice a value (of its own type), each element of a list; a share half the way to 0 or to 1."""
    if isinstance(value, list):
        return [changed(v, how, share) for v in value]
    if how == "halved":
        return type(value)(value / 2)
    return (1 + value) / 2 if share else value * 2


def variants(constants: list[str]) -> dict[tuple[str, str], Setting]:
    """Settings by constant and how it is changed; first, as everything is."""
    found: dict[tuple[str, str], Setting] = {("", ""): {}}
    for line in constants:
        constant, share = " ".join(line.split()[:2]), line.endswith(" share")
        found |= {(line, how): {constant: changed(current(constant), how, share)} for how in HOWS}
    return found


@click.command()
@data_option
@trackers_option
@click.option("--only", multiple=True, help="Only constants whose name holds this; repeatable.")
@embeddings_option
@jobs_option
def main(data: Path, trackers: list[str], only: tuple[str, ...], embeddings: Path | None, jobs: int) -> None:
    """Halve and double each hand-set constant, one at a time; print headroom gained and clips hurt.

    \b
    Example:
        python benchmarks/sensitivity.py --data ../shared/data/soccernet-dev
        python benchmarks/sensitivity.py --data ../shared/data/soccernet-dev --embeddings DIR --only SHARE --only SURE
    """
    level = "generic" if embeddings else "none"
    pool = click.get_current_context().with_resource(ProcessPoolExecutor(jobs))
    scores = Scores(jobs_for(data, trackers, (level,), embeddings), pool)
    constants = [c for c in CONSTANTS if not only or any(name in c for name in only)]
    settings = variants(constants)
    outputs = list(scores.jobs)
    scores.need(((setting, output) for setting in settings.values() for output in outputs), (level,), "constants")
    result = {
        name: scores.summary([(setting, o) for o in outputs], level, HURT[1]) for name, setting in settings.items()
    }
    usual, hurt = result["", ""]
    console().print(f"as it is: headroom {usual:.1f} %, hurt by more than {HURT[1]} HOTA: {hurt} of {len(outputs)}\n")
    table = Table(box=None, pad_edge=False)
    for name in ("constant", "headroom halved", "doubled", "hurt halved", "doubled"):
        table.add_column(name, justify="left" if name == "constant" else "right", no_wrap=True)
    for line in constants:
        low, high = result[line, "halved"], result[line, "doubled"]
        where, name = line.split()[:2]
        table.add_row(
            f"{where}: {name}", *(f"{s:.1f} ({s - usual:+.1f})" for s, _ in (low, high)), str(low[1]), str(high[1])
        )
    console().print(table)


if __name__ == "__main__":
    main()
