"""What a training says while it goes on, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reid_solve.tracklets.table import Note


@dataclass(frozen=True)
class Progress:
    """After a step.

    Attributes:
        step: steps done.
        share: of the training done, up to 1.
        pictures: seen since this process began.
        seconds: since then.
        means: of the loss and its terms since the last line of the log; empty between lines.
        scores: of the last evaluation.
    """

    step: int
    share: float
    pictures: int
    seconds: float
    means: Mapping[str, float]
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Result:
    """A training that is done.

    Attributes:
        folder: where everything is.
        embedder: the file to embed with: the best network, where there was an evaluation, else the last.
        steps, epochs: done in all.
        best: score of the best network; None without evaluation.
        best_step: when it was.
        scores: of the last evaluation.
        pictures: seen since this process began, and in how many seconds.
        seconds: see ``pictures``.
        first: whether this process is the one that wrote.
        notes: what is odd about the pictures.
    """

    folder: Path
    embedder: Path
    steps: int
    epochs: int
    best: float | None
    best_step: int
    scores: Mapping[str, float]
    pictures: int
    seconds: float
    first: bool = True
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        rate = self.pictures / self.seconds if self.seconds else 0.0
        return {
            "folder": str(self.folder),
            "embedder": str(self.embedder),
            "steps": self.steps,
            "epochs": self.epochs,
            "best": self.best,
            "best_step": self.best_step,
            "scores": dict(self.scores),
            "pictures_per_second": round(rate, 1),
            "seconds": round(self.seconds, 3),
            "notes": [asdict(note) for note in self.notes],
        }
