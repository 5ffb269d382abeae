"""What a person says is obeyed, by every method and on every output; what cannot be is refused, with names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip, identities, same_partition, walkers

import reid_solve as rs
from reid_solve.solver.constraints.references import wishes
from reid_solve.solver.constraints.roster import parse
from reid_solve.solver.methods import METHODS


def names(tracks: rs.Tracks) -> np.ndarray:
    return np.asarray(tracks.canonical["track_id"].to_numpy())


def apart_and_together(tracks: rs.Tracks, a: int, b: int) -> tuple[set[int], set[int]]:
    """Identities of two tracks."""
    identity, track = identities(tracks), names(tracks)
    return set(identity[track == a].tolist()), set(identity[track == b].tolist())


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
    assert result.summary()["constraints"] == {"must_link": 1, "cannot_link": 1, "conflicts": 4}
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
