"""A set that grows beside its name: what it is made of, going on where a run was interrupted, and what was left out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.table import Note
from reid_solve.training.data.clips import Clip

VERSION = 2  # of the recipe; a new one does not go on with an older one's half
PART = ".part"


def plan_of(kind: str, seed: int, clips: Sequence[Clip], tested: set[str]) -> str:
    """What a half-made set must have been made of, for this run to go on with it."""
    facts = [
        [clip.name, clip.match, clip.match in tested, clip.gt.stat().st_size, clip.gt.stat().st_mtime_ns]
        for clip in clips
    ]
    return hashlib.sha256(json.dumps([VERSION, kind, seed, facts]).encode()).hexdigest()


def begin(part: Path, plan: str) -> None:
    """Go on with what an interrupted run of the same plan left, or begin anew."""
    mark = part / "done" / ".plan"
    if part.exists() and not mark.is_file():
        raise OutputError(f"{part}: is in the way, and not of an interrupted run; move it")
    if part.exists() and mark.read_text() != plan:
        shutil.rmtree(part)
    if not part.exists():
        mark.parent.mkdir(parents=True)
        mark.write_text(plan)


def summed(notes: Sequence[Note]) -> tuple[Note, ...]:
    """One note for each kind: the first clip's where there are more, and how many of them there are."""
    by_code: dict[str, list[Note]] = {}
    for note in notes:
        by_code.setdefault(note.code, []).append(note)
    out = []
    for code, same in by_code.items():
        total = sum(note.count for note in same)
        more = f" (and {len(same) - 1} more clips, {total} in all)" if len(same) > 1 else ""
        out.append(Note(code, total, same[0].text + more, same[0].kind))
    return tuple(out)
