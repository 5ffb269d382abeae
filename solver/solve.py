"""Tracks in, identities out: describe, build the graph, solve, write the answer back onto the rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from reid_solve.solver.cues import CUES
from reid_solve.solver.graph import Graph, build
from reid_solve.solver.methods import METHODS, choose
from reid_solve.solver.solution import Solution, confidence
from reid_solve.solver.switches import cut_at_switches
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import DEFAULT_FPS, Tracklets, describe
from reid_solve.tracklets.embeddings import Matrix, attach, read_embeddings
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import FloatArray, IntArray, Note, Tracks
from reid_solve.tracklets.write import write

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Solved:
    """One recording: what was seen, how it was priced, what was decided."""

    tracklets: Tracklets
    graph: Graph
    solution: Solution


@dataclass(frozen=True)
class Result:
    """The input's rows with ``identity`` and ``identity_score``, and how they came about.

    Attributes:
        tracks: the rows; nothing but the two columns is added.
        recordings: one a sequence of the input.
        seconds: for describing, building and solving, reading left out.
    """

    tracks: Tracks
    recordings: Sequence[Solved]
    seconds: float

    def write(self, path: str | PathLike[str], format: str = "auto") -> None:
        """Write the rows, atomically; the format goes by the extension.

        Raises:
            OutputError: the file cannot be written.
        """
        write(self.tracks, path, format=format)

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
            "tracklets": sum(len(r.tracklets) for r in self.recordings),
            "identities": len(identities),
            "links": sum(len(s.links) for s in solutions),
            "cues": [name for name in CUES if any(name in r.graph.terms for r in self.recordings)],
            "method": solutions[0].method if solutions else "none",
            "objective": round(objective, 6),
            "bound": round(bound, 6),
            "gap": round(100 * (bound - objective) / bound, 6) if bound > 0 else 0.0,
            "repairs": notes["repair"],
            "warnings": notes["warning"],
            "seconds": round(self.seconds, 3),
        }


def solve(
    source: Any,
    *,
    embeddings: str | PathLike[str] | None = None,
    method: str = "auto",
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    cues: Collection[str] | None = None,
    **reading: Any,
) -> Result:
    """Decide which tracklets are one person.

    Args:
        source: anything ``read`` takes.
        embeddings: a sidecar with frame, track_id and embedding; else the table's own ``embedding`` column, if any.
        method: ``auto``, ``flow`` (exact min-cost path cover) or ``greedy``.
        fps: frames per second; else the file's, else a seqinfo.ini's beside it, else 25.
        size: width and height of the picture in pixels; likewise, else from the boxes' extent.
        cues: names of the cues to use; all by default.
        **reading: more options of ``read``.

    Raises:
        InputError: the source or the sidecar cannot be used; OptionError: an unknown method or cue.
    """
    if method != "auto" and method not in METHODS:
        raise OptionError(f"no method {method!r}; try one of: auto, {', '.join(METHODS)}")
    unknown = sorted(set(cues or ()) - set(CUES))
    if unknown:
        raise OptionError(f"no cue {', '.join(unknown)}; there are: {', '.join(CUES)}")
    tracks = read(source, fps=fps, size=size, **reading)
    start = perf_counter()
    seen: tuple[IntArray, Matrix] | None
    if embeddings is not None:
        attached = attach(tracks, read_embeddings(Path(embeddings)))
        tracks = tracks.noted(*attached.notes)
        seen = (attached.rows, attached.vectors)
    else:
        seen = _own_embeddings(tracks)
    tracks = tracks.noted(*_assumed(tracks, fps, size))
    recordings = []
    for tracklets in describe(tracks, fps, size, seen):
        tracklets = cut_at_switches(tracklets)
        graph = build(tracklets, cues)
        recordings.append(Solved(tracklets, graph, METHODS[choose(method, graph)](graph)))
    identity, score = _to_rows(tracks, recordings)
    return Result(tracks.with_identity(identity, score), recordings, perf_counter() - start)


def _own_embeddings(tracks: Tracks) -> tuple[IntArray, Matrix] | None:
    """Rows (m,) with an embedding in the table itself, and the vectors (m, D)."""
    if "embedding" not in tracks:
        return None
    column = arrays.whole(tracks.canonical["embedding"])
    rows = np.flatnonzero(arrays.present(column))
    flat = arrays.values(column.flatten())  # nulls are skipped
    return (rows, flat.reshape(len(rows), -1)) if len(rows) else None


def _assumed(tracks: Tracks, fps: float | None, size: tuple[int, int] | None) -> list[Note]:
    """What had to be assumed about the recording; a wrong frame rate makes every gap wrong."""
    notes = []
    if len(tracks) and not (fps or tracks.clip.fps):
        notes.append(Note("assumed-fps", 1, f"no frame rate known: {DEFAULT_FPS:g} assumed; give --fps", "warning"))
    if len(tracks) and not (size or (tracks.clip.width and tracks.clip.height)):
        text = "no picture size known: taken from how far the boxes reach; give --size"
        notes.append(Note("assumed-size", 1, text, "warning"))
    return notes


def _to_rows(tracks: Tracks, recordings: Sequence[Solved]) -> tuple[pa.Array, pa.Array]:
    """Identities of tracklets to identities of rows, numbered from 1 over all recordings.

    Where a duplicate was tolerated, two rows of one frame would share an identity: the one with the better score (the
    larger box, if equal) keeps it, the other's tracklet gets an identity of its own for such rows.
    """
    identity, score = np.zeros(len(tracks), np.int64), np.zeros(len(tracks), np.float32)
    taken = 0
    for solved in recordings:
        tracklets, solution = solved.tracklets, solved.solution
        if not len(tracklets):
            continue
        own = solution.identity[tracklets.node] + 1 + taken
        taken = int(own.max())
        spare, displaced = _displaced(tracklets, own, tracks.score[tracklets.rows])
        own[displaced] = taken + 1 + spare
        taken = max(taken, int(own.max()))
        identity[tracklets.rows] = own
        score[tracklets.rows] = confidence(solved.graph, solution)[tracklets.node]
        _check_frames(tracklets, own)
    nobody = identity == 0
    return arrays.column(identity, nobody), arrays.column(score, nobody)


def _displaced(tracklets: Tracklets, own: IntArray, score: FloatArray) -> tuple[IntArray, IntArray]:
    """Number of the spare identity for, and index of, rows that must give theirs up."""
    area = tracklets.boxes[:, 2] * tracklets.boxes[:, 3]
    order = np.lexsort((tracklets.node, -area, -score, tracklets.frame, own))
    again = (np.diff(own[order]) == 0) & (np.diff(tracklets.frame[order]) == 0)
    displaced = np.sort(order[1:][again])
    return np.unique(tracklets.node[displaced], return_inverse=True)[1], displaced


def _check_frames(tracklets: Tracklets, own: IntArray) -> None:
    order = np.lexsort((tracklets.frame, own))
    if ((np.diff(own[order]) == 0) & (np.diff(tracklets.frame[order]) == 0)).any():
        raise AssertionError("two rows of one frame share an identity; please report this as a bug")
