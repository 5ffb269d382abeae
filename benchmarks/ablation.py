"""What each cue is worth: each is switched off in turn, and all clips are scored again.

Levels and data as for soccernet.py. A cue that another can stand in for looks worthless here: with ``--alone``, each is
also added on its own to motion and time.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table
from soccernet import HURT, LEVELS, TRACKERS, by_method, jobs_for, measure

from reid_solve.report.tables import console
from reid_solve.solver.cues import CUES

BASE = ("motion", "time")


def variants(alone: bool) -> dict[str, tuple[str, ...]]:
    """Cues in use, by what to call it."""
    out = {"all": tuple(CUES)} | {f"without {cue}": tuple(c for c in CUES if c != cue) for cue in CUES}
    if alone:
        others = [c for c in CUES if c not in BASE]
        out |= {"motion and time": BASE} | {f"motion, time, {cue}": (*BASE, cue) for cue in others}
    return out


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--tracker", "trackers", multiple=True, default=TRACKERS, show_default=True)
@click.option(
    "--embeddings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars; without, only what goes without.",
)
@click.option("--alone", is_flag=True, help="Also add each cue on its own to motion and time.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="ablation.json", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, trackers: list[str], embeddings: Path | None, alone: bool, out: Path, jobs: int) -> None:
    """Switch each cue off in turn; print share of headroom and clips hurt, at every level.

    \b
    Example:
        python benchmarks/ablation.py --data ../shared/data/soccernet-dev --embeddings DIR
    """
    levels = LEVELS if embeddings else LEVELS[:1]
    work = jobs_for(data, trackers, levels, embeddings)
    table = Table(box=None, pad_edge=False)
    table.add_column("cues", no_wrap=True)
    for level in levels:
        for name in (f"{level} %", "change", *(f"hurt >{h}" for h in HURT)):
            table.add_column(name, justify="right")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, cues in variants(alone).items():
        rows = measure([replace(job, cues=cues) for job in work], jobs)
        found[name] = {}
        for level, methods in by_method(rows, trackers).items():
            solved = methods["reid-solve"]
            hurt = {f"hurt_{h}": sum(len(t[f"hurt_{h}"]) for t in solved["trackers"].values()) for h in HURT}
            found[name][level] = {"headroom": solved["headroom"], **hurt}
        cells = []
        for level, figure in found[name].items():
            change = figure["headroom"] - found["all"][level]["headroom"]
            cells += [f"{figure['headroom']:.1f}", f"{change:+.1f}" if name != "all" else ""]
            cells += [str(figure[f"hurt_{h}"]) for h in HURT]
        table.add_row(name, *cells)
    out.write_text(json.dumps(found, indent=1))
    console().print(table)


if __name__ == "__main__":
    main()
