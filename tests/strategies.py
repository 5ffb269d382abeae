"""Hypothesis strategies: whole tables of tracks as trackers leave them, and problems as the solver meets them.

What matters for a failing example (who is seen when, what is missing) is drawn by hypothesis and shrinks; pixels and
vectors come from a seed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from reid_solve.solver.constraints.pinned import Pins
from reid_solve.solver.graph import PRIZE, Graph, Together
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import LIFTED, chain_order
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Tracks

SIZE = (1920, 1080)
LONG = 20  # times as many examples when HYPOTHESIS_PROFILE=long
MOST = 40  # frames of one recording
ROLES = ("player", "goalkeeper", "referee", "ball", "coach", "")
FIRST_FRAMES = (0, 1, 7, 86_400 * 60, 2**40)
STRANGE_IDS = (0, 1, 2, 30_000_000_000, 2**53 + 1, 2**62)
STRANGE_WORDS = ("7", "07", "é", "", "a b", "-", "id;1", "🥅")


def examples(count: int) -> int:
    """So many examples in the suite, ``LONG`` times as many under HYPOTHESIS_PROFILE=long."""
    return count * (LONG if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1)


def thorough(count: int) -> settings:
    """Settings of a property: examples by the profile, and no deadline, since solving takes what it takes."""
    return settings(max_examples=examples(count), deadline=None)


@dataclass(frozen=True)
class Run:
    """One tracklet: a person in consecutive frames, every ``step``-th of them."""

    sequence: int
    person: int
    first: int
    length: int
    step: int = 1


@st.composite
def runs(draw: st.DrawFn, sequences: int = 3, tracklets: int = 14) -> list[Run]:
    """Tracklets of a few people: any length from one frame, one after the other, at once, or one inside a gap."""
    step = draw(st.sampled_from([1, 1, 1, 5]))
    one = st.builds(
        Run,
        sequence=st.integers(0, draw(st.integers(0, sequences - 1))),
        person=st.integers(0, draw(st.integers(0, 5))),
        first=st.integers(0, MOST - 1),
        length=st.one_of(st.integers(1, 3), st.integers(1, MOST)),
        step=st.just(step),
    )
    return draw(st.lists(one, max_size=tracklets))


@st.composite
def tables(draw: st.DrawFn, sequences: int = 3, tracklets: int = 14) -> pa.Table:
    """A table that ``read`` takes: people who walk and cross, in tracklets, with whatever columns and holes.

    Two tracklets of a person at once are duplicates, on nearly the same boxes. Every tracklet has an id of its own in
    its recording; the ids of different recordings may be the same ones. Rows are in order of tracklets, of frames, or
    in none.
    """
    found = draw(runs(sequences, tracklets))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    track = np.repeat(np.arange(len(found)), [run.length for run in found]).astype(np.int64)
    sequence = np.array([run.sequence for run in found], np.int64)[track]
    person = np.array([run.person for run in found], np.int64)[track]
    frame = np.concatenate([run.first + run.step * np.arange(run.length) for run in found] or [np.zeros(0, np.int64)])
    columns: dict[str, Any] = {"frame": frame + draw(st.sampled_from(FIRST_FRAMES))}
    columns["track_id"] = draw(ids(found))[track] if len(found) else pa.array([], pa.int64())
    columns |= dict(zip("xywh", walked(rng, sequence, person, frame, draw(st.booleans())).T, strict=True))
    if len(set(sequence.tolist())) > 1 or draw(st.booleans()):
        columns["sequence"] = pa.array([f"clip {k}" for k in sequence], pa.string())
    n, count = len(track), len(found)
    odd = draw(st.sampled_from([0.0, 0.0, 0.1, 0.6]))  # share of rows that lack this or that

    def holed(values: Any, kind: Any = None) -> Any:
        return pa.array(values, kind, mask=rng.random(n) < odd)

    columns["track_id"] = _with_holes(columns["track_id"], rng.random(n) < (odd if draw(st.booleans()) else 0))
    if draw(st.booleans()):
        score = np.round(rng.random(n), draw(st.sampled_from([1, 6])))
        columns["score"] = holed(np.where(rng.random(n) < odd, np.nan, score))
    if draw(st.booleans()):
        flat = rng.random(n) < odd
        columns["w"] = np.where(flat, 0.0, columns["w"])
    for name, words in (("role", ROLES), ("team", ("left", "right", "", "A")), ("jersey", ("7", "07", "10", "99"))):
        if draw(st.booleans()):
            labels = np.array(words, object)
            own = labels[rng.integers(0, len(words), count)][track]  # of the tracklet, but for what was misread
            columns[name] = holed(
                np.where(rng.random(n) < odd, labels[rng.integers(0, len(words), n)], own), pa.string()
            )
    if draw(st.booleans()):
        columns["embedding"] = draw(embeddings(rng, person, odd))
    table = pa.table(columns)
    order = draw(st.sampled_from(["tracklets", "frames", "none"]))
    if order != "tracklets":
        by = np.lexsort((track, frame, sequence)) if order == "frames" else rng.permutation(n)
        table = table.take(pa.array(by))
    return table


@st.composite
def ids(draw: st.DrawFn, found: list[Run]) -> Any:
    """An id (count,) for each tracklet; whole numbers or words, some odd ones; none twice in a recording."""
    names: tuple[Any, ...] = draw(st.sampled_from([STRANGE_IDS, STRANGE_WORDS]))
    plain = range(3, 3 + len(found)) if names is STRANGE_IDS else [f"p{k}" for k in range(len(found))]
    given = draw(st.permutations([*plain, *[name for name in names if name != ""]]))
    if draw(st.booleans()):  # recordings share ids
        nth: dict[int, int] = {}
        number = []
        for run in found:
            number.append(nth.get(run.sequence, 0))
            nth[run.sequence] = number[-1] + 1
    else:
        number = list(range(len(found)))
    return np.array([given[k] for k in number], np.int64 if names is STRANGE_IDS else object)


def walked(rng: np.random.Generator, sequence: Any, person: Any, frame: Any, round_: bool) -> Any:
    """Boxes (n, 4) of people who walk evenly, across each other's way, under noise; whole pixels make ties."""
    place, pace = rng.uniform(100, 1700, (3, 6, 2)), rng.normal(0, 6, (3, 6, 2))
    here = place[sequence, person] * [1, 0.5] + pace[sequence, person] * frame[:, None]
    height = 80 + 10 * person
    box = np.column_stack([here, 0.4 * height, height]) + rng.normal(0, 0.7, (len(frame), 4))
    return np.round(box) if round_ else box


@st.composite
def embeddings(draw: st.DrawFn, rng: np.random.Generator, person: Any, odd: float) -> Any:
    """Vectors that tell people apart, or not; some missing, zero, NaN; or all the same."""
    size, noise = draw(st.sampled_from([1, 3, 16])), draw(st.sampled_from([0.0, 0.3, 3.0]))
    centre = rng.normal(size=(6, size))
    vector = centre[person] + rng.normal(0, 1, (len(person), size)) * noise
    hole = rng.random(len(person))
    vector[hole < odd / 3] = 0.0
    vector[(hole >= odd / 3) & (hole < odd / 2), 0] = np.nan
    missing = (hole >= odd / 2) & (hole < odd)
    rows = [None if gone else row.tolist() for row, gone in zip(vector, missing, strict=True)]
    return pa.array(rows, pa.list_(draw(st.sampled_from([pa.float32(), pa.float64()]))))


def _with_holes(values: Any, gone: Any) -> Any:
    words = values.dtype == object if isinstance(values, np.ndarray) else False
    return pa.array(values, pa.string() if words else pa.int64(), mask=gone if len(gone) else None)


def tracks_of(table: pa.Table, fps: float | None = 25.0) -> Tracks:
    """The table as checked tracks."""
    return read(table, fps=fps, size=SIZE)


@st.composite
def graphs(draw: st.DrawFn, most: int = 12, must: bool = False) -> Graph:
    """A problem: links, some of which lead back, conflicts, lifted evidence, ties, gains of all sizes, must-links.

    Nothing contradicts: no link, evidence or group of must-links joins a conflict; links make no cycle.
    """
    count = draw(st.integers(0, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    i, j = np.triu_indices(count, 1)
    pinned = np.column_stack([i, j])[
        rng.random(len(i)) < (draw(st.sampled_from([0.0, 0.4, 1.5])) if must else 0.0) / max(count, 1)
    ]
    group = Pins(count, pinned, pinned[:0]).group if count else i
    conflict = (rng.random(len(i)) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))) & (group[i] != group[j])
    link = ~conflict & (rng.random(len(i)) < draw(st.sampled_from([0.0, 0.2, 0.7, 1.0])))
    told = ~conflict & (rng.random(len(i)) < draw(st.sampled_from([0.0, 0.3, 1.0])))
    scale, shift = draw(st.sampled_from([1e-7, 1.0, 30.0, 1e5])), draw(st.sampled_from([-1.0, 0.0, 1.0]))
    digits = draw(st.sampled_from([0, 1, 9]))  # few digits: ties, and gains of exactly nothing

    def gains(size: int) -> Any:
        return np.round(rng.normal(shift, 2, size), digits) * scale

    a, b = i[link], j[link]
    if draw(st.booleans()):  # short duplicates that begin after the tracklet that continues them
        turned = (b == a + 1) & (a % 2 == 0) & (rng.random(len(a)) < 0.5)
        a, b = np.where(turned, b, a), np.where(turned, a, b)
    order = np.lexsort((b, a))
    pairs = Pairs(a[order], b[order], rng.integers(1, 9, len(order)))
    way = gains(len(order))
    part = rng.random(len(order))
    terms = {"motion": way * part - PRIZE, "time": way * (1 - part)}
    together = Together(i[told], j[told], {"looks": gains(int(told.sum())) / LIFTED})
    return Graph(count, pairs, terms, np.column_stack([i, j])[conflict], together, pinned)


def worth(graph: Graph, identity: Any) -> float:
    """What a partition is worth, pair by pair from the definition; -inf where a chain has no link or a conflict."""
    place = chain_order(graph)
    gain = dict(zip(zip(graph.pairs.i.tolist(), graph.pairs.j.tolist(), strict=True), graph.gain.tolist(), strict=True))
    ends = zip(graph.together.i.tolist(), graph.together.j.tolist(), strict=True)
    told = dict(zip(map(frozenset, ends), (LIFTED * graph.together.log_odds.astype(float)).tolist(), strict=True))
    never = {frozenset(pair) for pair in graph.conflicts.tolist()}
    total = 0.0
    for name in set(identity.tolist()):
        chain = sorted(np.flatnonzero(identity == name).tolist(), key=lambda k: int(place[k]))
        for p, one in enumerate(chain):
            for q in range(p + 1, len(chain)):
                if frozenset((one, chain[q])) in never:
                    return -np.inf
                if q == p + 1:
                    total += gain.get((one, chain[q]), -np.inf)
                else:
                    total += told.get(frozenset((one, chain[q])), 0.0)
    return total
