"""What each cue is worth: each is switched off in turn, and all clips are scored again.

Levels and data as for soccernet.py. A cue that another can stand in for looks worthless here: with ``--alone``, each is
also added on its own to motion and time.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
from measured import (
    HURT,
    LEVELS,
    OURS,
    by_method,
    data_option,
    embeddings_option,
    in_parallel,
    jobs_for,
    jobs_option,
    ours,
    trackers_option,
)  # fmt: skip
from rich.table import Table

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
@data_option
@trackers_option
@embeddings_option
@click.option("--alone", is_flag=True, help="Also add each cue on its own to motion and time.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="ablation.json", show_default=True)
@jobs_option
def main(data: Path, trackers: list[str], embeddings: Path | None, alone: bool, out: Path, jobs: int) -> None:
    """Switch each cue off in turn; print share of headroom and clips hurt, at every level.

    \b
    Example:
        python benchmarks/ablation.py --data ../shared/data/soccernet-dev --embeddings DIR
    """
    levels = LEVELS if embeddings else LEVELS[:1]
    work = jobs_for(data, trackers, levels, embeddings)
    table = Table(box=None, pad_edge=False)
    table.add_column("\ncues", no_wrap=True)
    limits = "/".join(f"{limit:g}" for limit in HURT)
    for level in levels:
        for name in (f"{level}\n%", "\nchange", f"hurt\n>{limits}"):
            table.add_column(name, justify="right", no_wrap=True)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, cues in variants(alone).items():
        done = in_parallel(ours, [replace(job, cues=cues) for job in work], jobs, name)
        by_level = by_method([row for rows in done for row in rows], trackers)
        kept = ("headroom", *(f"hurt_{limit}" for limit in HURT))
        found[name] = {level: {key: methods[OURS][key] for key in kept} for level, methods in by_level.items()}
        cells = []
        for level, figure in found[name].items():
            change = figure["headroom"] - found["all"][level]["headroom"]
            cells += [f"{figure['headroom']:.1f}", f"{change:+.1f}" if name != "all" else ""]
            cells += ["/".join(str(figure[f"hurt_{limit}"]) for limit in HURT)]
        table.add_row(name, *cells)
    out.write_text(json.dumps(found, indent=1))
    console().print(table)


if __name__ == "__main__":
    main()
