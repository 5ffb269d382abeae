"""What a run prints: a line for every stage when it is done, then where things are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from reid_solve.pipeline.stages import Done, Run
from reid_solve.report.tables import console, print_notes

DOING = {
    "track": "tracking",
    "embed": "looking at everybody",
    "team": "telling teams apart",
    "solve": "deciding who is who",
    "render": "drawing",
}


def print_run(run: Run) -> None:
    """Print the stages and their results on stderr."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("stage", "left"), ("s", "right"), ("what came of it", "left")):
        table.add_column(name, justify=justify, no_wrap=name == "stage")  # type: ignore[arg-type]
    for stage in run.stages:
        seconds = "kept" if stage.kept else f"{stage.seconds:.1f}"
        table.add_row(stage.name, seconds, escape(said(stage)))  # teams have the names that the user's table has
    seen: set[str] = set()
    for stage in run.stages:  # every stage reads what the one before it wrote, and notices the same again
        print_notes([note for note in stage.notes if note.text not in seen])
        seen |= {note.text for note in stage.notes}
    print_notes(run.notes)
    screen = console(stderr=True)
    screen.print(table)
    for stage in run.stages:
        if stage.output.parent == run.folder:
            screen.print(f"written to {escape(str(stage.output))}", soft_wrap=True, highlight=False)


def said(stage: Done) -> str:
    """A stage's result in a few words."""
    facts: Mapping[str, Any] = stage.facts
    if stage.name == "track":
        return f"{facts['rows']:,} boxes in {facts['tracklets']:,} tracklets"
    if stage.name == "embed":
        return f"{facts['crops']:,} crops, {facts['dims']} numbers each"
    if stage.name == "team":
        kits = facts["kits"]
        named = [
            f"{count} {name}" + (f" ({kits[name]})" if name in kits else "") for name, count in facts["labels"].items()
        ]
        return f"tracklets: {', '.join(named)}"
    if stage.name == "solve":
        gap = f"{facts['method']}, at most {facts['gap']:.1f} % from optimal"
        return f"{facts['tracklets']:,} tracklets are {facts['identities']:,} people ({gap})"
    return f"{facts['frames']:,} frames with {facts['boxes']:,} boxes"
