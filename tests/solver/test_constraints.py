"""What a person says is obeyed, by every method and on every output; what cannot be is refused, with names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.clips import clip, identities, same_partition, walkers

import reid_solve as rs
from reid_solve.solver.constraints.contract import contract, fill_holes, honour
from reid_solve.solver.constraints.expand import expand
from reid_solve.solver.constraints.pinned import Pins
from reid_solve.solver.constraints.references import wishes
from reid_solve.solver.constraints.roster import parse
from reid_solve.solver.graph import PRIZE, Graph, Together
from reid_solve.solver.methods import METHODS
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import LIFTED, chain_order, from_identity, objective

SLOW = {"exact", "hdbscan"}  # one example each is enough


def problem(links: dict[tuple[int, int], float], conflicts: list[tuple[int, int]], must: list[tuple[int, int]],
            count: int) -> Graph:  # fmt: skip
    i, j = np.array(list(links), np.int64).reshape(-1, 2).T
    terms = {"way": np.array(list(links.values()), float) - PRIZE}
    never, always = (np.array(pairs, np.int64).reshape(-1, 2) for pairs in (conflicts, must))
    return Graph(count, Pairs(i, j, np.ones_like(i)), terms, never, must=always)


def random_problem(seed: int, count: int) -> Graph:
    """Mixed signs; some tracklets conflict, some must be one person; no contradictions."""
    rng = np.random.default_rng(seed)
    i, j = np.triu_indices(count, 1)
    must = np.column_stack([i, j])[rng.random(len(i)) < rng.choice([0.0, 0.5, 1.5]) / max(count, 1)]
    group = Pins(count, must, must[:0]).group if count else np.zeros(0, int)
    conflict = (rng.random(len(i)) < 0.2) & (group[i] != group[j])
    link = ~conflict & (rng.random(len(i)) < 0.5)
    lifted = ~conflict & (rng.random(len(i)) < rng.choice([0.0, 0.5]))
    together = Together(i[lifted], j[lifted], {"person": rng.normal(0, 2, int(lifted.sum())) / LIFTED})
    pairs = Pairs(i[link], j[link], np.ones(int(link.sum()), np.int64))
    way = {"way": rng.normal(0, 2, int(link.sum())) - PRIZE}
    return Graph(count, pairs, way, np.column_stack([i, j])[conflict], together, must)


def names(tracks: rs.Tracks) -> np.ndarray:
    return np.asarray(tracks.canonical["track_id"].to_numpy())


def apart_and_together(tracks: rs.Tracks, a: int, b: int) -> tuple[set[int], set[int]]:
    """Identities of two tracks."""
    identity, track = identities(tracks), names(tracks)
    return set(identity[track == a].tolist()), set(identity[track == b].tolist())


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 12))
def test_every_method_honours_must_links(seed: int, count: int) -> None:
    graph = random_problem(seed, count)
    end = np.random.default_rng(seed).permutation(count)
    for name, method in METHODS.items():
        if name in SLOW and seed % 10:
            continue
        larger, answer = honour(graph, method, end)
        assert (answer.identity[graph.must[:, 0]] == answer.identity[graph.must[:, 1]]).all()
        assert (answer.identity[graph.conflicts[:, 0]] != answer.identity[graph.conflicts[:, 1]]).all()
        again = from_identity(larger, answer.identity, answer.bound, name)
        assert again.objective == pytest.approx(answer.objective) == pytest.approx(objective(larger, answer.identity))
        assert answer.objective <= answer.bound + 1e-9
        np.testing.assert_array_equal(honour(graph, method, end)[1].identity, answer.identity)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 12))
def test_a_contracted_problem_is_worth_what_it_stands_for(seed: int, count: int) -> None:
    """The smaller objective differs from the larger one by what is inside the groups, whatever the answer."""
    graph = random_problem(seed, count)
    group = Pins(count, graph.must, graph.must[:0]).group
    group = np.where(np.bincount(group)[group] > 1, group, -1)
    place = chain_order(graph)
    small = contract(graph, group, place, np.arange(count))
    assert (small.graph.pairs.i < small.graph.pairs.j).all()
    inside = []
    for answer in (
        flow(small.graph),
        cluster(small.graph),
        from_identity(small.graph, np.arange(small.graph.count), 0, "alone"),
    ):
        taken = small.link[answer.links]
        _, expanded = expand(graph, small.node, taken, answer, group, place, np.inf)
        inside.append(expanded.objective - answer.objective)
    assert inside == pytest.approx([inside[0]] * 3)


def test_what_lies_between_two_must_linked_is_filled_in() -> None:
    """1 follows 0 and nobody priced 1 -> 2: with 0 and 2 one person, 1 stays; a stranger in between does not join.

    0 --3-- 1     2        3 conflicts with 0
    """
    graph = problem({(0, 1): 3.0, (1, 3): 1.0}, [(0, 3)], [(0, 2)], 4)
    larger, answer = honour(graph, flow, np.arange(4))
    assert answer.identity.tolist() == [0, 0, 0, 1]
    assert answer.objective == pytest.approx(3)
    assert larger.log_odds[answer.links].min() > 0
    against = problem({(0, 1): 3.0, (1, 2): -4.0}, [], [(0, 2)], 3)
    assert honour(against, flow, np.arange(3))[1].identity.tolist() == [0, 1, 0]
    group = fill_holes(graph, flow(problem({(0, 1): 3.0}, [], [], 4)), np.array([0, -1, 0, -1]), np.arange(4))
    assert group.tolist() == [0, 0, 0, -1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), picks=st.lists(st.integers(0, 10**6), min_size=4, max_size=4))
@pytest.mark.parametrize("method", ["auto", "greedy", "cluster"])
def test_links_of_a_person_are_obeyed_or_refused(method: str, seed: int, picks: list[int]) -> None:
    tracks, _ = walkers(seed, people=4, frames=100, cut=0.03)
    ids = np.unique(names(tracks)).tolist()
    a, b, c, d = (ids[pick % len(ids)] for pick in picks)
    assume(a != b and c != d)
    frames = [set(tracks.frame[names(tracks) == k].tolist()) for k in (a, b)]
    options: dict[str, Any] = {"must_link": [(a, b)], "cannot_link": [(c, d)], "method": method}
    if len(frames[0] & frames[1]) > 5 or {a, b} == {c, d}:
        with pytest.raises(rs.OptionError, match=rf"tracks ({a} and {b}|{b} and {a}) are must-linked"):
            rs.solve(tracks, **options)
        return
    assume(not frames[0] & frames[1])
    result = rs.solve(tracks, **options)
    left, right = apart_and_together(result.tracks, a, b)
    assert left & right
    left, right = apart_and_together(result.tracks, c, d)
    assert not left & right
    assert result.summary()["constraints"]["must_link"] >= 1


def three_in_a_row() -> rs.Tracks:
    """One person in three tracks, 1 - 2 - 3, and 9 beside them all the time."""
    frame = np.r_[0:30, 35:60, 65:100, 0:100]
    track = np.repeat([1, 2, 3, 9], [30, 25, 35, 100])
    return clip(frame, track, np.where(track == 9, 1500.0, 500.0 + frame))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_all_methods_join_and_part(method: str) -> None:
    tracks = three_in_a_row()
    assert len(set(identities(rs.solve(tracks, method=method).tracks).tolist())) <= 4
    result = rs.solve(tracks, must_link=[(1, 3)], cannot_link=[(1, 2)], method=method)
    one, two, three = (apart_and_together(result.tracks, k, 9)[0] for k in (1, 2, 3))
    assert one == three != two


def test_contradictions_are_named() -> None:
    tracks = three_in_a_row()
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"must_link": [(1, 9)]}, ["1", "9", "frame 0"]),
        ({"must_link": [(1, 2), (2, 9)]}, ["1 - 2 - 9", "frame 0"]),
        ({"must_link": [(1, 2), (2, 3)], "cannot_link": [(3, 1)]}, ["1 - 2 - 3", "cannot-linked"]),
        ({"cannot_link": [(1, 1)]}, ["same"]),
        ({"must_link": [(1, 77), ("x", 2)]}, ["77", "x"]),
        ({"must_link": [(1, {"frame": 50, "track_id": 3})]}, ["track 3 in frame 50", "65"]),
        ({"must_link": [(1, {"frame": 50, "box": [0, 0, 5, 5]})]}, ["frame 50", "half"]),
        ({"must_link": [(1, 2, 3)]}, ["pair"]),
        ({"must_link": ["12"]}, ["pair"]),
        ({"must_link": [(1, 2.5)]}, ["2.5"]),
        ({"min_confidence": 2}, ["min_confidence"]),
        ({"roster": "eleven"}, ["11+11+3"]),
    ]
    for options, says in cases:
        with pytest.raises(rs.OptionError) as error:
            rs.solve(tracks, **options)
        assert all(word in str(error.value) for word in says), (options, str(error.value))


def test_a_duplicate_that_is_never_seen_alone_cannot_be_linked_to_what_it_doubles() -> None:
    """
    1  ##########
    2           #          the same box: tolerated, but all its rows would have to be somebody else's
    3         ########     the same box: loses three frames to 1, or 1 to it
    """
    frame, x = [*range(10), 9], [100.0] * 10 + [101.0]
    with pytest.raises(rs.OptionError, match=r"must-linked \((1 - 2|2 - 1)\) but both are seen in frame 9"):
        rs.solve(clip(frame, [1] * 10 + [2], x), must_link=[(1, 2)])
    assert len(rs.solve(clip(frame, [1] * 10 + [2], x)).recordings[0].graph.conflicts) == 0
    frame, ids = [*range(10), *range(7, 15)], [1] * 10 + [3] * 8
    result = rs.solve(clip(frame, ids, [100.0] * 10 + [101.0] * 8), must_link=[(1, 3)])
    one, three = apart_and_together(result.tracks, 1, 3)
    assert one & three


def test_a_file_names_tracks_by_id_and_by_frame_and_box(tmp_path: Path) -> None:
    path = tmp_path / "constraints.json"
    said = {
        "must_link": [[{"frame": 10, "box": [512, 500, 40, 100]}, {"frame": 70, "track_id": 3}]],
        "cannot_link": [[1, "2"]],
    }
    path.write_text(json.dumps(said))
    tracks = three_in_a_row()
    result = rs.solve(tracks, constraints=path)
    assert apart_and_together(result.tracks, 1, 3)[0] == apart_and_together(result.tracks, 1, 3)[1]
    assert apart_and_together(result.tracks, 1, 2)[0] != apart_and_together(result.tracks, 1, 2)[1]
    for text in ("[1]", "{", '{"must": []}', '{"must_link": [[1]]}', '{"must_link": [[{"frame": 1}, 2]]}'):
        path.write_text(text)
        with pytest.raises(rs.OptionError, match=r"constraints\.json"):
            rs.solve(tracks, constraints=path)
    with pytest.raises(rs.OptionError, match="no such file"):
        rs.solve(tracks, constraints=tmp_path / "none.json")
    assert not wishes()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_nothing_is_certain_but_what_a_person_says(seed: int) -> None:
    tracks, _ = walkers(seed, people=4, frames=100, cut=0.03)
    result = rs.solve(tracks, min_confidence=1.0)
    assert same_partition(identities(result.tracks), np.unique(names(tracks), return_inverse=True)[1])
    free = rs.solve(tracks)
    half = rs.solve(tracks, min_confidence=0.5)
    assert free.summary()["withheld"] == 0
    assert half.summary()["links"] <= free.summary()["links"]
    for solved in half.recordings:
        assert (solved.graph.log_odds[solved.solution.links] >= 0).all()


def test_a_must_link_overrules_the_minimum() -> None:
    tracks = three_in_a_row()
    result = rs.solve(tracks, must_link=[(1, 2)], min_confidence=1.0)
    one, two = apart_and_together(result.tracks, 1, 2)
    assert one == two != apart_and_together(result.tracks, 3, 3)[0]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), column=st.sampled_from(["role", "class_name"]))
def test_roles_are_never_merged(seed: int, column: str) -> None:
    tracks, _ = walkers(seed, people=4, frames=100, cut=0.03)
    track = names(tracks)
    words = np.array(["ball", "referee", "player", "goalkeeper"])[
        np.random.default_rng(seed).permutation(track.max() + 1) % 4
    ]
    labelled = clip(tracks.frame, track, *tracks.boxes.T, **{column: words[track]})
    kind = np.where(words == "goalkeeper", "player", words)[track]
    identity = identities(rs.solve(labelled).tracks)
    length = np.bincount(track)[track]
    sure = np.unique(np.column_stack([identity, kind])[length >= 3], axis=0)
    assert len(sure) == len(np.unique(identity[length >= 3]))


def test_a_goalkeeper_may_be_a_player_and_a_must_link_overrules_roles() -> None:
    tracks = three_in_a_row()
    track = names(tracks)
    for other, merged in (("goalkeeper", True), ("referee", False)):
        role = np.where(track == 2, other, "player")
        labelled = clip(tracks.frame, track, *tracks.boxes.T, class_name=role)
        found = apart_and_together(rs.solve(labelled).tracks, 1, 2)
        assert (found[0] == found[1]) == merged
        found = apart_and_together(rs.solve(labelled, must_link=[(1, 2)]).tracks, 1, 2)
        assert found[0] == found[1]


def test_a_roster_costs_and_never_breaks_conflicts() -> None:
    tracks, _ = walkers(3, people=6, frames=400, cut=0.02)
    free = rs.solve(tracks)
    assert "roster" not in free.summary()
    found = rs.solve(tracks, roster=6)
    (squad,) = found.summary()["roster"]
    before = rs.solve(tracks, roster=1000).summary()["roster"][0]
    assert before["price"] == 0
    assert before["met"]
    assert squad["people"] <= before["people"]
    assert squad["price"] <= 3
    assert squad["met"] == (squad["people"] <= 6)
    assert found.summary()["objective"] <= free.summary()["objective"] + 1e-9
    tight = rs.solve(tracks, roster=1)  # checks conflicts inside
    assert not tight.summary()["roster"][0]["met"]


def test_a_roster_counts_by_team() -> None:
    tracks, person = walkers(5, people=6, frames=200, cut=0.02)
    team = np.array(["left", "right", "left", "right", "left", "referee"])[person]
    labelled = clip(tracks.frame, names(tracks), *tracks.boxes.T, team=team)
    facts = rs.solve(labelled, roster="3+2+1").summary()["roster"]
    assert [(f["name"], f["cap"]) for f in facts] == [("left", 3), ("right", 2), ("others", 1)]
    assert parse(22) == (22,)
    assert parse(" 11 + 11+3") == parse([11, 11, 3]) == (11, 11, 3)
