"""Must-links and cannot-links on the tracklets of one recording, and the contradictions among them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reid_solve.solver.constraints.references import Reference, Wishes
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.overlaps import iou
from reid_solve.tracklets.table import IntArray, Tracks

LEAST_IOU = 0.5  # of a box that names a detection


@dataclass(frozen=True)
class Pins:
    """What a person says about N tracklets.

    Attributes:
        count: N.
        must: (M, 2) tracklets that are one person.
        cannot: (C, 2) tracklets that are not.
    """

    count: int
    must: IntArray
    cannot: IntArray

    @cached_property
    def group(self) -> IntArray:
        """Tracklets that must be one person have one number, (N,); all others one of their own."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        edges = (np.ones(len(self.must), np.int8), (self.must[:, 0], self.must[:, 1]))
        _, label = connected_components(coo_array(edges, shape=(self.count, self.count)), directed=False)
        return np.asarray(label, np.int64)


def check_known(said: Wishes, tracks: Tracks) -> None:
    """Refuse references to tracks that are not in the table, before anything expensive is done.

    Raises:
        OptionError: an unknown id or sequence, two tracks that no recording has both of, or a frame without sequence.
    """
    if not said:
        return
    code, values = tracks.codes("track_id")
    known = {name: k for k, name in enumerate(arrays.words(values).to_pylist())}
    sequences = _sequences(tracks)
    where: dict[int, set[int]] = {}
    for sequence, track in np.unique(np.column_stack([tracks.sequence, code]), axis=0).tolist():
        where.setdefault(track, set()).add(sequence)
    every = set(range(len(sequences)))
    unknown = sorted({r.track for p in (*said.must, *said.cannot) for r in p if r.track is not None} - set(known))
    if unknown:
        raise OptionError(f"no track {', '.join(unknown)} in {tracks.clip.source}; ids are as in its id column")
    for a, b in (*said.must, *said.cannot):
        there = set(every)
        for one in (a, b):
            if one.sequence is not None and one.sequence not in sequences:
                raise OptionError(f"no sequence {one.sequence!r} in {tracks.clip.source}; it has: {_few(sequences)}")
            if one.frame is not None and one.sequence is None and len(sequences) > 1:
                raise OptionError(f'{one}: the table has {len(sequences)} recordings; say which with "sequence"')
            there &= where[known[one.track]] if one.track is not None else every
            there &= every if one.sequence is None else {sequences.index(one.sequence)}
        if not there:
            raise OptionError(f"no recording of {tracks.clip.source} has both {a} and {b}")


def _sequences(tracks: Tracks) -> list[str]:
    return list(arrays.words(tracks.codes("sequence")[1]).to_pylist()) if "sequence" in tracks else ["0"]


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def pins(said: Wishes, tracklets: Tracklets) -> Pins | None:
    """The pairs of one recording; a whole track stands for all its pieces. None where nothing concerns it.

    Raises:
        OptionError: a track is not seen in the frame given, or no box there is like the one given.
    """
    if not said or not len(tracklets):
        return None
    names = track_names(tracklets)
    must: list[IntArray] = []
    cannot: list[IntArray] = []
    for pairs, out in ((said.must, must), (said.cannot, cannot)):
        for a, b in pairs:
            left, right = (_nodes(tracklets, names, one) for one in (a, b))
            if not len(left) or not len(right):
                continue  # of another recording
            if out is must:
                chain = np.unique(np.concatenate([left, right]))
                out.append(np.column_stack([chain[:-1], chain[1:]]))
                continue
            if len(np.intersect1d(left, right)):
                raise OptionError(f"cannot-link {a} and {b}: they are the same tracklet")
            i, j = np.repeat(left, len(right)), np.tile(right, len(left))
            out.append(np.column_stack([np.minimum(i, j), np.maximum(i, j)]))
    nothing = np.zeros((0, 2), np.int64)
    return Pins(len(tracklets), *(np.unique(np.concatenate([nothing, *part]), axis=0) for part in (must, cannot)))


def track_names(tracklets: Tracklets) -> np.ndarray:
    """Id of each tracklet's track as text, (N,)."""
    words = arrays.words(tracklets.tracks.codes("track_id")[1]).to_pylist()
    return np.array(words, object)[tracklets.track]


def _nodes(tracklets: Tracklets, names: np.ndarray, one: Reference) -> IntArray:
    sequence = int(tracklets.tracks.sequence[tracklets.rows[0]])
    if one.sequence is not None and one.sequence != _sequences(tracklets.tracks)[sequence]:
        return np.zeros(0, np.int64)
    if one.frame is None:
        return np.flatnonzero(names == one.track)
    rows = np.flatnonzero(tracklets.frame == one.frame)
    if one.box is not None:
        overlap = iou(tracklets.boxes[rows], np.array(one.box))
        if overlap.max(initial=0) < LEAST_IOU:
            raise OptionError(f"{one}: no box there overlaps it by half")
        return tracklets.node[rows[[np.argmax(overlap)]]]
    pieces = np.flatnonzero(names == one.track)
    node = tracklets.node[rows]
    node = node[np.isin(node, pieces)]
    if len(pieces) and not len(node):
        seen = f"from {tracklets.first[pieces].min()} to {tracklets.last[pieces].max()}, but not there"
        raise OptionError(f"{one}: it is seen {seen}")
    return node


def check_contradictions(tracklets: Tracklets, pinned: Pins, seen_together: IntArray) -> None:
    """Refuse must-links between tracklets that cannot be one person.

    Args:
        tracklets: one recording.
        pinned: what a person says about it.
        seen_together: (C, 2) pairs that share a frame.

    Raises:
        OptionError: names both tracks, and the frame, or the must-links that contradict a cannot-link.
    """
    covered = _covered(tracklets, pinned)
    for pairs, why in ((pinned.cannot, "cannot-linked"), (seen_together, ""), (covered, "")):
        broken = pairs[pinned.group[pairs[:, 0]] == pinned.group[pairs[:, 1]]]
        if not len(broken):
            continue
        names = track_names(tracklets)
        a, b = (int(node) for node in broken[0])
        way = [str(names[node]) for node in _way(pinned, a, b)]
        way = [name for k, name in enumerate(way) if k == 0 or name != way[k - 1]]
        reason = f"also {why}" if why else f"both are seen in frame {shared_frame(tracklets, a, b)}"
        raise OptionError(
            f"tracks {names[a]} and {names[b]} are must-linked ({' - '.join(way)}) but {reason}; take one of them back"
        )


def _covered(tracklets: Tracklets, pinned: Pins) -> IntArray:
    """Pairs (C, 2) of must-linked tracklets that share a frame, the first of which is never seen without the others.

    A short duplicate of another may be the same person: it loses the frames they share. This one would lose all.
    """
    found = []
    nodes = np.unique(pinned.must)
    for name in np.unique(pinned.group[nodes]):
        members = nodes[pinned.group[nodes] == name].tolist()
        frames = [tracklets.frame[tracklets.offsets[k] : tracklets.offsets[k + 1]] for k in members]
        seen, times = np.unique(np.concatenate(frames), return_counts=True)
        for k, own in zip(members, frames, strict=True):
            if (times[np.searchsorted(seen, own)] > 1).all():
                other = next(j for j, theirs in zip(members, frames, strict=True) if j != k and own[0] in theirs)
                found.append((k, other))
    return np.array(found, np.int64).reshape(-1, 2)


def shared_frame(tracklets: Tracklets, a: int, b: int) -> int | None:
    """First frame in which both tracklets are seen; None without one."""
    left, right = (tracklets.frame[tracklets.offsets[k] : tracklets.offsets[k + 1]] for k in (a, b))
    both = np.intersect1d(left, right)
    return int(both[0]) if len(both) else None


def _way(pinned: Pins, a: int, b: int) -> list[int]:
    """Tracklets from a to b along must-links."""
    next_to: dict[int, list[int]] = {}
    for i, j in pinned.must.tolist():
        next_to.setdefault(i, []).append(j)
        next_to.setdefault(j, []).append(i)
    came, queue = {a: a}, deque([a])
    while queue and b not in came:
        at = queue.popleft()
        for other in next_to.get(at, ()):
            if other not in came:
                came[other] = at
                queue.append(other)
    way = [b]
    while way[-1] != a:
        way.append(came[way[-1]])
    return way[::-1]
