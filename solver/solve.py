"""Tracks in, identities out: describe, build the graph, solve, write the answer back onto the rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.solver.constraints.contract import honour
from reid_solve.solver.constraints.doubt import withhold
from reid_solve.solver.constraints.pinned import check_known, pins
from reid_solve.solver.constraints.references import wishes
from reid_solve.solver.constraints.roster import Squad, parse, with_roster
from reid_solve.solver.cues import CUES
from reid_solve.solver.graph import Graph, build
from reid_solve.solver.harm import estimate_purity, harmful, keep_ids, kept_note, too_mixed
from reid_solve.solver.looks import MIN_PAIRS
from reid_solve.solver.methods import METHODS, choose
from reid_solve.solver.methods.exact import unproved
from reid_solve.solver.methods.registry import Method
from reid_solve.solver.plda import MIN_EMBEDDINGS, MIN_TRACKLETS, PARTS
from reid_solve.solver.result import Result, Solved
from reid_solve.solver.rows import to_rows
from reid_solve.solver.solution import Solution
from reid_solve.solver.switches import cut_at_switches
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import DEFAULT_FPS, Tracklets, describe
from reid_solve.tracklets.embeddings import Matrix, attach, read_embeddings
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.fill import FILL_GAP_SECONDS, check_fill
from reid_solve.tracklets.fill import fill as fill_gaps
from reid_solve.tracklets.read import read
from reid_solve.tracklets.split import uncut
from reid_solve.tracklets.table import IntArray, Note, Tracks, counted


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
        method: ``auto``, or one of ``solver/methods``: flow, cluster, exact, greedy, hdbscan.
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
    described = describe(tracks, fps, size, seen)
    del seen
    while (tracklets := next(described, None)) is not None:
        purity = estimate_purity(tracklets)
        tracklets = cut_at_switches(tracklets) if "appearance" in cues else tracklets  # a season has no room for both
        solved, notes = _harmless(tracklets, purity, attempt, force)
        recordings.append(solved)
        tracks = tracks.noted(*notes)
        doubt = unproved(solved.graph, solved.solution)
        if doubt is not None:
            tracks = tracks.noted(Note("unproved", 1, doubt, "warning"))
    tracks = tracks.noted(*(_unused(recordings) if "appearance" in cues else ()))
    identity, score = to_rows(tracks, recordings)
    tracks = tracks.with_identity(identity, score)
    if fill is not None:
        tracks = fill_gaps(tracks, [solved.tracklets for solved in recordings], fill, fill_gap)
    return Result(tracks, recordings, perf_counter() - start, sizes)


def _harmless(
    pieces: Tracklets, purity: float, attempt: Callable[[Tracklets, bool], Solved], force: bool
) -> tuple[Solved, list[Note]]:
    """Solve one recording, or keep its tracker's ids, and say so, where those are expected to be better."""
    why = None if force else too_mixed(purity)
    if why is None:
        solved = replace(attempt(pieces, False), purity=purity)
        why = None if force else harmful(solved.tracklets, solved.graph, solved.solution)
        if why is None:
            return solved, []
    return replace(attempt(uncut(pieces), True), purity=purity), [kept_note(why)]


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


def _unused(recordings: Sequence[Solved]) -> list[Note]:
    """That embeddings were given which teach nothing (``solver/looks.py``) and so are no evidence."""
    given = [solved.tracklets.appearance for solved in recordings if "appearance" not in solved.graph.terms]
    rows = [len(seen.row) for seen in given if seen is not None]
    if not rows:
        return []
    where = f" in {len(rows)} of {len(recordings)} recordings" if len(recordings) > 1 else ""
    text = (
        f"{counted(sum(rows), 'embedding')} not used{where}: too few, or alike within each tracklet; it takes "
        f"{MIN_TRACKLETS} tracklets with {PARTS * MIN_EMBEDDINGS} or more that differ, spread over their time, and "
        f"{MIN_PAIRS} pairs of tracklets that are seen together"
    )
    return [Note("unused-embeddings", sum(rows), text, "warning")]


def _assumed(tracks: Tracks, fps: float | None, size: tuple[int, int] | None) -> list[Note]:
    """What had to be assumed about the recording; a wrong frame rate makes every gap wrong."""
    notes = []
    if len(tracks) and not (fps or tracks.clip.fps):
        notes.append(Note("assumed-fps", 1, f"no frame rate known: {DEFAULT_FPS:g} assumed; give --fps", "warning"))
    if len(tracks) and not (size or (tracks.clip.width and tracks.clip.height)):
        text = "no picture size known: taken from how far the boxes reach; give --size"
        notes.append(Note("assumed-size", 1, text, "warning"))
    return notes
