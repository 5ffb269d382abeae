"""identity_score: what a decision's undoing would cost, weighed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip, walkers

import reid_solve as rs
from reid_solve.solver.confidence import WEIGHTS, across, confidence, decisions, evidence
from reid_solve.solver.graph import Graph, Together
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import Solution, from_identity, objective
from reid_solve.tracklets.table import Tracks


def chains(seed: int, count: int = 12) -> tuple[Graph, Solution]:
    """Random links and lifted evidence between all tracklets, and random chains."""
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(count, 1)
    pairs = Pairs(i, j, np.ones(len(i), np.int64))
    some = np.flatnonzero(rng.random(len(i)) < 0.7)
    together = Together(i[some], j[some], {"appearance": rng.normal(0, 3, len(some))})
    graph = Graph(count, pairs, {"motion": rng.normal(0, 2, len(i))}, np.zeros((0, 2), np.int64), together)
    return graph, from_identity(graph, rng.integers(0, 3, count), np.inf, "random")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_cutting_a_chain_costs_the_link_and_the_evidence_across_it(seed: int) -> None:
    graph, solution = chains(seed)
    before, lost = objective(graph, solution.identity), across(graph, solution)
    for link, lifted in zip(solution.links, lost, strict=True):
        after = solution.identity.copy()
        after[(after == after[graph.pairs.j[link]]) & (np.arange(graph.count) >= graph.pairs.j[link])] = 99
        assert before - objective(graph, after) == pytest.approx(graph.gain[link] + lifted)


def walk(*spans: tuple[int, int, float]) -> Tracks:
    """Somebody who stands at x from one frame to another, for each span; far away, somebody who is always there."""
    spans = (*spans, *((1, 200, 400.0 + 150 * k) for k in range(8)))
    frame = np.concatenate([np.arange(a, b + 1) for a, b, _ in spans])
    track = np.repeat(np.arange(len(spans)), [b - a + 1 for a, b, _ in spans])
    return clip(frame, track, np.repeat([x for *_, x in spans], [b - a + 1 for a, b, _ in spans]))


def scores(tracks: Tracks, **options: object) -> np.ndarray:
    """Score of each tracklet."""
    (solved,) = rs.solve(tracks, **options).recordings  # type: ignore[arg-type]
    by_track = np.full(len(solved.tracklets), np.nan)
    by_track[solved.tracklets.track] = confidence(solved)
    return by_track


def test_a_rival_makes_a_link_less_certain() -> None:
    alone = scores(walk((1, 80, 100), (90, 200, 102)))
    rivalled = scores(walk((1, 80, 100), (90, 200, 102), (90, 200, 96)))
    assert rivalled[0] < alone[0]
    assert alone[0] > 0.7


def test_who_is_seen_for_a_moment_is_less_certain() -> None:
    long, short = scores(walk((1, 80, 100), (90, 200, 100))), scores(walk((1, 80, 100), (90, 92, 100)))
    assert short[1] < long[1]


def test_what_a_person_said_is_certain() -> None:
    tracks = walk((1, 80, 100), (90, 200, 1500))
    said = rs.solve(tracks, must_link=[(0, 1)])
    (solved,) = said.recordings
    after, before = decisions(solved)
    (link,) = solved.solution.links
    assert after[solved.graph.pairs.i[link]] > 0.999
    assert before[solved.graph.pairs.j[link]] > 0.999


def test_a_link_that_was_withheld_still_speaks_against_nobody() -> None:
    tracks = walk((1, 80, 100), (90, 200, 100))
    made, withheld = scores(tracks), scores(tracks, min_confidence=1.0)
    assert made[0] > 0.6
    assert withheld[0] < 0.5


def test_evidence_across_counts_for_a_link() -> None:
    tracks, _ = walkers(3, people=6)
    (solved,) = rs.solve(tracks).recordings
    i, j = solved.graph.pairs.i[solved.solution.links], solved.graph.pairs.j[solved.solution.links]
    follow = dict(zip(i.tolist(), j.tolist(), strict=True))
    a = next(node for node in follow if follow[node] in follow)
    c = follow[follow[a]]
    less, more = (
        replace(
            solved, graph=replace(solved.graph, together=Together(np.array([a]), np.array([c]), {"x": np.array([x])}))
        )
        for x in (-4.0, 4.0)
    )
    assert confidence(more)[follow[a]] > confidence(less)[follow[a]] + 0.05
    assert evidence(more).shape == (2, len(solved.tracklets), len(WEIGHTS))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_scores_are_probabilities_of_both_decisions(seed: int) -> None:
    tracks, _ = walkers(seed, frames=120, cut=0.05)
    (solved,) = rs.solve(tracks).recordings
    p = decisions(solved)
    assert ((p > 0) & (p < 1)).all()
    assert confidence(solved) == pytest.approx(p[0] * p[1])
