"""What solving gives back: the rows with their identities, and everything that led to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from reid_solve.solver.constraints.pinned import Pins
from reid_solve.solver.constraints.roster import Squad
from reid_solve.solver.cues import CUES
from reid_solve.solver.graph import Graph
from reid_solve.solver.solution import Solution
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import IntArray, Note, Tracks
from reid_solve.tracklets.write import write

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Solved:
    """One recording: what was seen, how it was priced, what was decided.

    Attributes:
        tracklets: what was seen, cut where the tracker may have changed its person.
        graph: candidates that were offered, and the links that must-links call for.
        solution: what was decided.
        considered: the candidates before any were withheld; None if that is ``graph``.
        withheld: links worth taking that were not probable enough.
        squads: the roster, if there is one.
        pins: what a person said about the recording, if anything.
        purity: share of boxes that seem to be of the person their tracklet stands for, before it was cut.
    """

    tracklets: Tracklets
    graph: Graph
    solution: Solution
    considered: Graph | None = None
    withheld: int = 0
    squads: Sequence[Squad] = ()
    pins: Pins | None = None
    purity: float = 1.0


@dataclass(frozen=True)
class Result:
    """The input's rows with ``identity`` and ``identity_score``, and how they came about.

    Attributes:
        tracks: the rows; nothing but the two columns is added, unless gaps are filled (``tracklets/fill.py``).
        recordings: one a sequence of the input.
        seconds: for describing, building and solving, reading left out.
        roster: team sizes, if given.
    """

    tracks: Tracks
    recordings: Sequence[Solved]
    seconds: float
    roster: tuple[int, ...] = ()

    @property
    def constraints(self) -> dict[str, int]:
        """Pairs of tracklets that a person said are, and are not, one person; and all that cannot be."""
        pins = [r.pins for r in self.recordings if r.pins is not None]
        return {
            "must_link": sum(len(p.must) for p in pins),
            "cannot_link": sum(len(p.cannot) for p in pins),
            "conflicts": sum(len(r.graph.conflicts) for r in self.recordings),
        }

    def identities(self, solved: Solved) -> IntArray:
        """Identity (N,) of each tracklet of a recording as in the output.

        Its rows in frames in which a duplicate has that identity have another, of their own: see ``solver/rows.py``,
        which numbers those of a recording after all others.
        """
        column = arrays.values(self.tracks.canonical["identity"])[solved.tracklets.rows]
        return np.asarray(solved.solution.identity + (column.min() if len(column) else 0), np.int64)

    def write(self, path: str | PathLike[str], format: str = "auto") -> tuple[Note, ...]:
        """Write the rows, atomically; the format goes by the extension.

        Returns:
            what the format could not hold.

        Raises:
            OutputError: the file cannot be written.
        """
        return write(self.tracks, path, format=format)

    def to_pandas(self) -> pd.DataFrame:
        """The rows with the user's own columns plus the two that were added."""
        frame: pd.DataFrame = self.tracks.source.to_pandas()
        return frame

    def summary(self) -> dict[str, Any]:
        """What ``solve --json`` prints: counts, method, objective and bound, repairs, warnings and seconds."""
        solutions = [r.solution for r in self.recordings]
        objective, bound = sum(s.objective for s in solutions), sum(s.bound for s in solutions)
        notes = {"repair": {}, "warning": {}}  # type: dict[str, dict[str, int]]
        for note in self.tracks.notes:
            notes[note.kind][note.code] = notes[note.kind].get(note.code, 0) + note.count
        identities = self.tracks.codes("identity")[1]
        return {
            "rows": len(self.tracks),
            "recordings": len(self.recordings),
            "tracklets": sum(len(np.unique(r.tracklets.track)) for r in self.recordings),
            "pieces": sum(len(r.tracklets) for r in self.recordings),
            "identities": len(identities),
            "links": sum(len(s.links) for s in solutions),
            "cues": [name for name in CUES if any(name in r.graph.terms for r in self.recordings)],
            "method": solutions[0].method if solutions else "none",
            "objective": round(objective, 6),
            "bound": round(bound, 6),
            "gap": round(100 * (bound - objective) / bound, 6) if bound > 0 else 0.0,
            "withheld": sum(r.withheld for r in self.recordings),
            "constraints": self.constraints,
            **({"roster": [s.facts() for r in self.recordings for s in r.squads]} if self.roster else {}),
            "purity_estimate": _purity(self.recordings),
            "interpolated": notes["warning"].get("interpolated", 0),
            "repairs": notes["repair"],
            "warnings": notes["warning"],
            "seconds": round(self.seconds, 3),
        }


def _purity(recordings: Sequence[Solved]) -> float | None:
    """Estimated purity of all recordings' tracklets, weighed by their rows."""
    rows = [len(solved.tracklets.frame) for solved in recordings]
    total = sum(solved.purity * n for solved, n in zip(recordings, rows, strict=True))
    return round(total / sum(rows), 4) if sum(rows) else None
