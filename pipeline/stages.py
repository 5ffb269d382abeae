"""Stages of a run: what each makes, of what, and doing them in order or keeping what they made before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from reid_solve.pipeline.ledger import Ledger, key_of
from reid_solve.tracklets.table import Note

Progress = Callable[[int, int | None], None]
Watch = Callable[[str], AbstractContextManager[Progress | None]]
Work = Callable[[Path, Progress | None], tuple[Mapping[str, Any], Sequence[Note]]]


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Attributes:
        name: as the user knows it; also a command of that name.
        output: the file it makes.
        work: makes it, given where to put it and whom to tell of progress; returns facts for the summary, and notes.
        settings: all options that change the output.
        files: files and folders that it reads and no stage makes, by role.
        needs: names of the stages whose output it reads.
    """

    name: str
    output: Path
    work: Work
    settings: Mapping[str, Any]
    files: Mapping[str, str | Path | None] = field(default_factory=dict)
    needs: Sequence[str] = ()


@dataclass(frozen=True)
class Done:
    """A stage that is done: its output, what is to be said of it, and whether it had been done before."""

    name: str
    output: Path
    facts: dict[str, Any]
    notes: tuple[Note, ...]
    seconds: float
    kept: bool


@dataclass(frozen=True)
class Run:
    """All stages of a run, in order, and what is to be said of the run as a whole."""

    folder: Path
    stages: tuple[Done, ...]
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For ``--json`` and ``summary.json``."""
        return {
            "folder": str(self.folder),
            "stages": [
                {
                    "stage": s.name,
                    "output": str(s.output),
                    "seconds": round(s.seconds, 3),
                    "kept": s.kept,
                    **s.facts,
                    "notes": [asdict(note) for note in s.notes],
                }
                for s in self.stages
            ],
            "notes": [asdict(note) for note in self.notes],
        }


def carry_out(folder: Path, stages: Sequence[Stage], watch: Watch, left_out: Sequence[Stage] = ()) -> Run:
    """Do the stages in order, or keep what they made before; say which outputs of those left out are of another run."""
    ledger, keys, out = Ledger(folder / "stages"), dict[str, str](), list[Done]()

    def key_to(stage: Stage) -> str:
        needs = [keys[name] for name in stage.needs if name in keys]
        return key_of(stage.name, stage.settings, stage.files, needs, folder)

    for stage in stages:
        start = perf_counter()
        key = keys[stage.name] = key_to(stage)
        facts = ledger.done(stage.name, key, stage.output)
        kept = facts is not None
        if facts is None:
            with watch(stage.name) as progress:
                found, notes = stage.work(stage.output, progress)
            facts = {**found, "notes": [asdict(note) for note in notes]}
            ledger.record(stage.name, key, stage.output, facts)
        remembered = tuple(Note(**note) for note in facts.pop("notes", ()))
        out.append(Done(stage.name, stage.output, facts, remembered, perf_counter() - start, kept))
    old = [s.output for s in left_out if s.output.is_file() and ledger.done(s.name, key_to(s), s.output) is None]
    notes = [
        Note("of-another-run", 1, f"{path}: not of this run; delete it, or make it anew", "warning") for path in old
    ]
    return Run(folder, tuple(out), tuple(notes))
