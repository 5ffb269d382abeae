"""Tracks in, identities out: describe, build the graph, solve, write the answer back onto the rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from reid_solve.solver.constraints.contract import honour
from reid_solve.solver.constraints.doubt import withhold
from reid_solve.solver.constraints.pinned import Pins, check_known, pins
from reid_solve.solver.constraints.references import wishes
from reid_solve.solver.constraints.roster import Squad, parse, with_roster
from reid_solve.solver.cues import CUES
from reid_solve.solver.graph import Graph, build
from reid_solve.solver.harm import METHOD as KEPT_IDS
from reid_solve.solver.harm import estimate_purity, harmful, keep_ids, kept_note, too_mixed
from reid_solve.solver.methods import METHODS, choose
from reid_solve.solver.methods.registry import Method
from reid_solve.solver.solution import Solution, confidence
from reid_solve.solver.switches import cut_at_switches
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import DEFAULT_FPS, Tracklets, describe
from reid_solve.tracklets.embeddings import Matrix, attach, read_embeddings
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.fill import FILL_GAP_SECONDS, check_fill
from reid_solve.tracklets.fill import fill as fill_gaps
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import FloatArray, IntArray, Note, Tracks
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
        """Identity (N,) of each tracklet of a recording as in the output: that of its first row."""
        column = arrays.values(self.tracks.canonical["identity"])
        return np.asarray(column[solved.tracklets.rows[solved.tracklets.offsets[:-1]]], np.int64)

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
            "withheld": sum(r.withheld for r in self.recordings),
            "constraints": self.constraints,
            **({"roster": [s.facts() for r in self.recordings for s in r.squads]} if self.roster else {}),
            "purity_estimate": _purity(self.recordings),
            "interpolated": notes["warning"].get("interpolated", 0),
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
    without: Collection[str] = (),
    must_link: Iterable[Sequence[Any]] = (),
    cannot_link: Iterable[Sequence[Any]] = (),
    constraints: str | PathLike[str] | None = None,
    min_confidence: float | None = None,
    roster: str | int | Sequence[int] | None = None,
    fill: str | None = None,
    fill_gap: float = FILL_GAP_SECONDS,
    force: bool = False,
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
        without: names of cues to leave out.
        must_link: pairs of tracks that are one person: ids, or references as in ``constraints/references.py``.
        cannot_link: pairs of tracks that are not.
        constraints: a JSON file with more of both.
        min_confidence: links less probable than this are not made; must-links are.
        roster: team sizes such as "11+11+3", or how many people there are: more identities cost.
        fill: ``linear`` or ``smooth``: add interpolated rows in short gaps; see ``tracklets/fill.py``.
        fill_gap: longest gap that is filled, in seconds.
        force: solve even where the tracker's own ids are expected to be better; see ``solver/harm.py``.
        **reading: more options of ``read``.

    Raises:
        InputError: the source or the sidecar cannot be used.
        OptionError: an unknown method, cue or track, or constraints that contradict each other or what was seen.
    """
    if method != "auto" and method not in METHODS:
        raise OptionError(f"no method {method!r}; try one of: auto, {', '.join(METHODS)}")
    unknown = sorted({*(cues or ()), *without} - set(CUES))
    if unknown:
        raise OptionError(f"no cue {', '.join(unknown)}; there are: {', '.join(CUES)}")
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise OptionError(f"min_confidence {min_confidence}: a probability is from 0 to 1")
    sizes = () if roster is None else parse(roster)
    said = wishes(must_link, cannot_link, constraints)
    cues = [name for name in (CUES if cues is None else cues) if name not in without]
    check_fill(fill, fill_gap)
    tracks = read(source, fps=fps, size=size, **reading)
    start = perf_counter()
    check_known(said, tracks)
    seen: tuple[IntArray, Matrix] | None
    if embeddings is not None:
        attached = attach(tracks, read_embeddings(Path(embeddings)))
        tracks = tracks.noted(*attached.notes)
        seen = (attached.rows, attached.vectors)
    else:
        seen = _own_embeddings(tracks)
    tracks = tracks.noted(*_assumed(tracks, fps, size))

    def attempt(tracklets: Tracklets, keep: bool) -> Solved:
        pinned = pins(said, tracklets)
        graph = build(tracklets, cues, pinned)
        how = keep_ids if keep else METHODS[choose(method, graph)]
        decided = _decide(tracklets, graph, how, min_confidence, () if keep else sizes)
        return replace(decided, pins=pinned)

    recordings = []
    for whole in describe(tracks, fps, size, seen):
        solved, notes = _harmless(whole, attempt, force)
        recordings.append(solved)
        tracks = tracks.noted(*notes)
    identity, score = _to_rows(tracks, recordings)
    tracks = tracks.with_identity(identity, score)
    if fill is not None:
        tracks = fill_gaps(tracks, [solved.tracklets for solved in recordings], fill, fill_gap)
    return Result(tracks, recordings, perf_counter() - start, sizes)


def _harmless(whole: Tracklets, attempt: Callable[[Tracklets, bool], Solved], force: bool) -> tuple[Solved, list[Note]]:
    """Solve one recording, or keep its tracker's ids, and say so, where those are expected to be better."""
    purity = estimate_purity(whole)
    why = None if force else too_mixed(purity)
    if why is None:
        solved = replace(attempt(cut_at_switches(whole), False), purity=purity)
        why = None if force else harmful(solved.tracklets, solved.graph, solved.solution)
        if why is None:
            return solved, []
    return replace(attempt(whole, True), purity=purity), [kept_note(why)]


def _purity(recordings: Sequence[Solved]) -> float | None:
    """Estimated purity of all recordings' tracklets, weighed by their rows."""
    rows = [len(solved.tracklets.frame) for solved in recordings]
    total = sum(solved.purity * n for solved, n in zip(recordings, rows, strict=True))
    return round(total / sum(rows), 4) if sum(rows) else None


def _decide(
    tracklets: Tracklets, graph: Graph, method: Method, min_confidence: float | None, sizes: tuple[int, ...]
) -> Solved:
    """Solve one recording, with everything that was asked for."""
    offered, withheld = withhold(graph, min_confidence)

    def run(graph: Graph) -> tuple[Graph, Solution]:
        return honour(graph, method, tracklets.last)

    squads: Sequence[Squad] = ()
    if sizes and len(tracklets):
        solved, solution, squads = with_roster(offered, tracklets, sizes, run)
    else:
        solved, solution = run(offered)
    return Solved(tracklets, solved, solution, graph if withheld else None, withheld, squads)


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
        sure = solved.purity if solution.method == KEPT_IDS else 1.0  # that the id shows one person at all
        score[tracklets.rows] = sure * confidence(solved.graph, solution)[tracklets.node]
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
