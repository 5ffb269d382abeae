"""What has been done already: stages by a key of everything that their output depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reid_solve.tracklets.embed.cache import fingerprint
from reid_solve.tracklets.write import write_text

FILE = "stages.json"


class Ledger:
    """The stages of a folder that are done, in a file beside their outputs.

    A stage is done if it was recorded under the same key and its output is the file that it left. A ledger that cannot
    be read counts as empty: then everything is done again.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._folder = folder
        try:
            stages = json.loads(self._file.read_text())
            self._stages: dict[str, Any] = dict(stages) if isinstance(stages, dict) else {}
        except (OSError, ValueError):
            self._stages = {}

    def done(self, stage: str, key: str, output: Path) -> dict[str, Any] | None:
        """What was recorded of a stage; None if it has to be done (again)."""
        entry = self._stages.get(stage)
        if not isinstance(entry, dict) or entry.get("key") != key or not output.is_file():
            return None
        if not isinstance(entry.get("facts"), dict) or entry.get("output") != fingerprint(output):
            return None
        return dict(entry["facts"])

    def record(self, stage: str, key: str, output: Path, facts: Mapping[str, Any]) -> None:
        """Remember that a stage is done.

        Raises:
            OutputError: the ledger cannot be written.
        """
        self._stages[stage] = {"key": key, "output": fingerprint(output), "facts": dict(facts)}
        write_text(json.dumps(self._stages, indent=1), self._file)


def key_of(
    stage: str, settings: Mapping[str, Any], files: Mapping[str, str | Path | None], needs: list[str], own: Path
) -> str:
    """A name for everything that a stage's output depends on.

    Args:
        stage: its name.
        settings: options; numbers, texts, lists of them, None.
        files: files and folders that it reads and no stage made, by role; None where there is none. Their content
            counts; what is missing is for the stage to say.
        needs: keys of the stages whose output it reads.
        own: the run's folder, which may lie in one that is read, and does not count there.
    """
    facts = {
        "stage": stage,
        "version": version("reid-solve"),
        "settings": dict(settings),
        "files": {role: _content(Path(p), own) for role, p in files.items() if p and Path(p).exists()},
        "needs": needs,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _content(path: Path, own: Path) -> Any:
    """What stands for a file's content; for a folder's: names, sizes and times, since there may be pictures in it."""
    if path.is_file():
        return fingerprint(path)
    root, own = path.resolve(), own.resolve()
    files = sorted(one for one in root.rglob("*") if one.is_file() and not one.is_relative_to(own))
    return [[one.relative_to(root).as_posix(), one.stat().st_size, one.stat().st_mtime_ns] for one in files]
