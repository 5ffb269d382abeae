"""The list of cues: each learns from tracklets and returns a function of pairs, or None if it has nothing to say."""

from __future__ import annotations

from collections.abc import Callable

from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

Scorer = Callable[[Pairs], FloatArray]
Cue = Callable[[Tracklets], Scorer | None]
CUES: dict[str, Cue] = {}


def cue(name: str) -> Callable[[Cue], Cue]:
    """Register a cue; ``name`` becomes a column of log-odds (natural logarithm, positive speaks for one person)."""

    def register(learn: Cue) -> Cue:
        CUES[name] = learn
        return learn

    return register
