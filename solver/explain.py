"""Why two tracks were, or were not, joined: the terms of every link between them, or what stood in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from reid_solve.solver.constraints.pinned import shared_frame, track_names
from reid_solve.solver.constraints.roles import kinds
from reid_solve.solver.graph import KEEP, PINNED, Graph, longest_gap
from reid_solve.solver.harm import METHOD as KEPT_IDS
from reid_solve.solver.pairs import tolerance
from reid_solve.solver.result import Result, Solved
from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import IntArray

RIVALS = 5  # shown for each end
KIND = ("ball", "referee", "player")


@dataclass(frozen=True)
class Case:
    """Two tracks of one recording and everything that is known about them."""

    solved: Solved
    names: np.ndarray  # (N,) track of each tracklet, as text
    left: IntArray  # pieces of the one track
    right: IntArray  # pieces of the other
    identity: IntArray  # (N,) identity of each tracklet in the output

    def piece(self, node: int) -> dict[str, Any]:
        """Name, time and identity of a tracklet."""
        tracklets = self.solved.tracklets
        return {
            "track": str(self.names[node]),
            "first_frame": int(tracklets.first[node]),
            "last_frame": int(tracklets.last[node]),
            "identity": int(self.identity[node]),
        }

    def link(self, graph: Graph, e: int, taken: bool) -> dict[str, Any]:
        """A link with its terms, the largest first."""
        i, j = int(graph.pairs.i[e]), int(graph.pairs.j[e])
        terms = {name: float(term[e]) for name, term in graph.terms.items() if term[e] != 0}
        log_odds = float(graph.log_odds[e])
        return {
            "from": self.piece(i),
            "to": self.piece(j),
            "gap_frames": int(graph.pairs.gap[e]),
            "gap_seconds": round(int(graph.pairs.gap[e]) / self.solved.tracklets.fps, 3),
            "terms": {name: round(terms[name], 4) for name in sorted(terms, key=lambda n: -abs(terms[n]))},
            "log_odds": round(log_odds, 4),
            "probability": round(float(1 / (1 + np.exp(-log_odds))), 6),
            "gain": round(float(graph.gain[e]), 4),
            "taken": taken,
        }


def explain(result: Result, a: object, b: object) -> list[dict[str, Any]]:
    """Say why two tracks were or were not joined.

    Args:
        result: from ``solve``.
        a, b: track ids.

    Returns:
        one object for each recording that has both: ``verdict`` is ``joined``, ``apart``, ``conflict`` or ``no
        candidate``, ``reason`` says it in words, ``links`` are the links between them (the chain, or the direct one),
        ``rivals`` what else the two ends of a direct link could have had.

    Raises:
        OptionError: no such track, or no recording has both.
    """
    said = str(a), str(b)
    known = set(arrays.words(result.tracks.codes("track_id")[1]).to_pylist())
    unknown = sorted(set(said) - known)
    if unknown:
        raise OptionError(f"no track {', '.join(unknown)} in {result.tracks.clip.source}; ids are as in its id column")
    if said[0] == said[1]:
        raise OptionError(f"track {said[0]} twice; give two tracks")
    out = []
    for number, solved in enumerate(result.recordings):
        names = track_names(solved.tracklets) if len(solved.tracklets) else np.zeros(0, object)
        left, right = (np.flatnonzero(names == name) for name in said)
        case = Case(solved, names, left, right, result.identities(solved))
        if len(case.left) and len(case.right):
            out.append({"recording": number, "tracks": list(said), **_verdict(case)})
    if not out:
        raise OptionError(f"no recording of {result.tracks.clip.source} has both track {said[0]} and track {said[1]}")
    return out


def _verdict(case: Case) -> dict[str, Any]:
    pieces = {"pieces": [case.piece(int(node)) for node in (*case.left, *case.right)]}
    same = np.intersect1d(case.identity[case.left], case.identity[case.right])
    if len(same):
        return pieces | _joined(case, int(same[0]))
    considered = case.solved.considered or case.solved.graph
    across = np.isin(considered.pairs.i, case.left) & np.isin(considered.pairs.j, case.right)
    across |= np.isin(considered.pairs.i, case.right) & np.isin(considered.pairs.j, case.left)
    found = np.flatnonzero(across)
    conflict = _conflict(case, case.left, case.right)
    if len(found):
        best = int(found[np.argmax(considered.log_odds[found])])
        return pieces | _apart(case, considered, best)
    if conflict:
        return pieces | {"verdict": "conflict", **conflict, "links": [], "rivals": []}
    return pieces | {"verdict": "no candidate", "reason": _no_candidate(case), "links": [], "rivals": []}


def _joined(case: Case, identity: int) -> dict[str, Any]:
    """The links of the chain from one to the other."""
    graph, links = case.solved.graph, case.solved.solution.links
    inside = links[case.identity[graph.pairs.i[links]] == identity]
    follow = {int(graph.pairs.i[e]): int(e) for e in inside}
    chains = [
        chain for a, b in ((case.left, case.right), (case.right, case.left)) for chain in _chains(case, follow, a, b)
    ]
    best = min(chains, key=len)
    steps = [case.link(graph, e, True) for e in best]
    pinned = sum(PINNED in step["terms"] for step in steps)
    reason = f"one person, identity {identity}: " + ("1 link" if len(best) == 1 else f"a chain of {len(best)} links")
    said = case.solved.pins
    if said is not None and len(np.intersect1d(said.group[case.left], said.group[case.right])):
        reason += "; must-linked"
    elif pinned:
        reason += f"; {pinned} because of must-links"
    return {"verdict": "joined", "reason": reason, "links": steps, "rivals": []}


def _chains(case: Case, follow: dict[int, int], starts: IntArray, goals: IntArray) -> Iterator[list[int]]:
    graph, wanted = case.solved.graph, set(goals.tolist())
    for node in starts.tolist():
        chain: list[int] = []
        while node in follow and (not chain or node not in wanted):
            chain.append(follow[node])
            node = int(graph.pairs.j[follow[node]])
        if chain and node in wanted:
            yield chain


def _apart(case: Case, graph: Graph, e: int) -> dict[str, Any]:
    """The direct link that was not taken, and who got its ends."""
    i, j = int(graph.pairs.i[e]), int(graph.pairs.j[e])
    link = case.link(graph, e, False)
    offered = case.solved.graph
    rivals = _rivals(case, graph, i, j)
    winners = [r for r in rivals if r["taken"]]
    who = case.identity
    blocked = _conflict(case, np.flatnonzero(who == who[i]), np.flatnonzero(who == who[j]))
    if case.solved.solution.method == KEPT_IDS:
        reason = "the tracker's own ids are kept in this recording"
    elif link["gain"] <= 0:
        reason = f"the evidence speaks against it: probability {link['probability']:.3f}"
    elif not ((offered.pairs.i == i) & (offered.pairs.j == j)).any():
        reason = f"probability {link['probability']:.3f} is below the minimum that was asked for"
    elif winners:
        taken = " and ".join(
            f"{w['link']['from']['track']} -> {w['link']['to']['track']} ({w['link']['probability']:.3f})"
            for w in winners
        )
        reason = f"probability {link['probability']:.3f}, but taken was {taken}"
    elif blocked:
        reason = f"probability {link['probability']:.3f}, but their identities hold people that differ"
    else:
        reason = f"probability {link['probability']:.3f}, but the rest of the two identities speaks against it"
    if blocked:
        reason += f"; {blocked['reason']}"
    frame = {"frame": blocked["frame"]} if blocked else {}
    return {"verdict": "apart", "reason": reason, **frame, "links": [link], "rivals": rivals}


def _rivals(case: Case, graph: Graph, i: int, j: int) -> list[dict[str, Any]]:
    """The most probable other successors of i and other predecessors of j."""
    taken = case.solved.graph
    links = case.solved.solution.links
    chosen = set(zip(taken.pairs.i[links].tolist(), taken.pairs.j[links].tolist(), strict=True))
    out = []
    for end, at, other in (
        ("after", graph.pairs.i == i, graph.pairs.j != j),
        ("before", graph.pairs.j == j, graph.pairs.i != i),
    ):
        found = np.flatnonzero(at & other)
        wins = [(int(graph.pairs.i[e]), int(graph.pairs.j[e])) in chosen for e in found]
        order = sorted(range(len(found)), key=lambda k: (not wins[k], -graph.log_odds[found[k]]))[:RIVALS]
        for k in order:
            link = case.link(graph, int(found[k]), wins[k])
            out.append({"side": end, "of": case.piece(i if end == "after" else j), "link": link, "taken": wins[k]})
    return out


def _conflict(case: Case, left: IntArray, right: IntArray) -> dict[str, Any] | None:
    """Why one of these tracklets and one of those cannot be one person."""
    graph, tracklets = case.solved.graph, case.solved.tracklets
    a, b = graph.conflicts[:, 0], graph.conflicts[:, 1]
    found = np.flatnonzero((np.isin(a, left) & np.isin(b, right)) | (np.isin(a, right) & np.isin(b, left)))
    frames = [(shared_frame(tracklets, int(a[k]), int(b[k])), int(k)) for k in found[:100]]
    seen = [(frame, k) for frame, k in frames if frame is not None]
    if seen:
        frame, k = min(seen)
        names = f"{case.names[a[k]]} and {case.names[b[k]]}"
        return {"frame": frame, "reason": f"tracks {names} are two people: both are seen in frame {frame}"}
    if not frames:
        return None
    k = frames[0][1]
    names = f"{case.names[a[k]]} and {case.names[b[k]]}"
    kind = kinds(tracklets)[[a[k], b[k]]]
    if kind.min() >= 0 and kind[0] != kind[1]:
        return {"frame": None, "reason": f"tracks {names} differ in role: {KIND[kind[0]]} and {KIND[kind[1]]}"}
    return {"frame": None, "reason": f"tracks {names} are cannot-linked"}


def _no_candidate(case: Case) -> str:
    """Why no piece of the one can follow one of the other: from the two that are nearest in time."""
    tracklets, graph = case.solved.tracklets, case.solved.graph
    pairs = [(int(a), int(b)) for a in case.left for b in case.right]
    ordered = [(a, b) if tracklets.last[a] <= tracklets.last[b] else (b, a) for a, b in pairs]
    i, j = min(ordered, key=lambda p: abs(int(tracklets.first[p[1]] - tracklets.last[p[0]])))
    gap = int(tracklets.first[j] - tracklets.last[i])
    names = f"{case.names[i]} and {case.names[j]}"
    if min(tracklets.start[i], tracklets.end[i], tracklets.start[j], tracklets.end[j]) < 0:
        return f"tracks {names}: one of them has no usable box"
    if gap <= -tolerance(tracklets):
        return f"tracks {names}: one fits into a gap of the other, so that neither follows the other"
    if tracklets.last[i] == tracklets.last[j]:
        return f"tracks {names}: both end in frame {tracklets.last[i]}, so that neither follows the other"
    seconds = gap / tracklets.fps
    if seconds > longest_gap(graph.terms):
        return f"tracks {names}: the gap of {seconds:.1f} s is longer than any that can be bridged"
    return f"tracks {names}: hopeless after {seconds:.1f} s, the cues add up to less than {KEEP:g} nats"
