"""Reasons are the ones that decided, and the graph that is written is the graph that was solved."""

from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import SIZE, clip, identities, walkers

import reid_solve as rs
from reid_solve.solver.explain import explain
from reid_solve.solver.export import to_networkx, to_table, write_graph


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_verdict_agrees_with_the_answer(seed: int) -> None:
    tracks, _ = walkers(seed, people=4, frames=100, cut=0.03)
    result = rs.solve(tracks)
    identity, track = identities(result.tracks), np.asarray(tracks.canonical["track_id"].to_numpy())
    ids = np.unique(track).tolist()
    for a in ids:
        for b in ids[:: max(len(ids) // 5, 1)]:
            if a == b:
                continue
            (reason,) = explain(result, a, b)
            seen = np.intersect1d(tracks.frame[track == a], tracks.frame[track == b])
            together = reason["verdict"] == "joined"
            assert together == (len(set(identity[track == a]) & set(identity[track == b])) > 0) or len(seen)
            if len(seen) and reason["verdict"] == "conflict":
                assert reason["frame"] == seen[0]
                assert f"frame {seen[0]}" in reason["reason"]
            if len(seen) > 6:
                assert reason["verdict"] == "conflict"
            for link in reason["links"]:
                assert sum(link["terms"].values()) == pytest.approx(link["log_odds"], abs=1e-2)
                assert link["taken"] == together
                weights = [abs(term) for term in link["terms"].values()]
                assert weights == sorted(weights, reverse=True)


def test_who_begins_as_a_duplicate_is_in_the_chain() -> None:
    """The first rows of b are a's once more, and get an identity of their own: b is the same person all the same.

    a  ##########
    b          ##########     the same box
    c                       ######
    """
    frame = np.r_[0:10, 8:40, 43:60]
    tracks = clip(frame, np.repeat(["a", "b", "c"], [10, 32, 17]), np.repeat([100.0, 101.0, 102.0], [10, 32, 17]))
    result = rs.solve(tracks)
    (solved,) = result.recordings
    assert identities(result.tracks)[[9, 10, 12, 58]].tolist() == [1, 2, 1, 1]
    assert result.identities(solved).tolist() == [1, 1, 1]
    for one, other, links in (("a", "b", 1), ("b", "c", 1), ("a", "c", 2), ("c", "a", 2)):
        (reason,) = explain(result, one, other)
        assert (reason["verdict"], len(reason["links"])) == ("joined", links)
    edges = to_table(result).to_pylist()
    assert all(edge["from_identity"] == edge["to_identity"] for edge in edges if edge["taken"])


def test_identities_go_on_from_recording_to_recording() -> None:
    parts = [walkers(seed, people=3, frames=60)[0].canonical for seed in range(2)]
    named = [part.append_column("sequence", pa.array([str(k)] * len(part))) for k, part in enumerate(parts)]
    result = rs.solve(pa.concat_tables(named), fps=25, size=SIZE)
    identity = identities(result.tracks)
    for solved in result.recordings:
        first = solved.tracklets.rows[solved.tracklets.offsets[:-1]]
        np.testing.assert_array_equal(result.identities(solved), identity[first])


def test_the_chain_between_two_is_told_link_by_link() -> None:
    frame = np.r_[0:30, 35:60, 65:100]
    tracks = clip(frame, np.repeat(["a", "b", "c"], [30, 25, 35]), 500.0 + frame)
    (reason,) = explain(rs.solve(tracks), "c", "a")
    assert reason["verdict"] == "joined"
    assert [(k["from"]["track"], k["to"]["track"]) for k in reason["links"]] == [("a", "b"), ("b", "c")]
    (reason,) = explain(rs.solve(tracks, cannot_link=[("a", "c")]), "a", "c")
    assert (reason["verdict"], reason["frame"]) == ("conflict", None)
    assert "cannot-linked" in reason["reason"]
    (reason,) = explain(rs.solve(tracks, must_link=[("a", "c")]), "a", "c")
    assert "must-linked" in reason["reason"]
    (reason,) = explain(rs.solve(tracks, min_confidence=1), "a", "b")
    assert reason["verdict"] == "apart"
    assert "minimum" in reason["reason"]


def test_no_candidate_says_why() -> None:
    frame = np.r_[0:30, 2000:2030, 50:60, 80:90, 60:80]
    track = np.repeat([1, 2, 3, 3, 4], [30, 30, 10, 10, 20])
    result = rs.solve(clip(frame, track, 500.0 + np.arange(len(frame))))
    assert "longer than" in explain(result, 1, 2)[0]["reason"]
    assert explain(result, 3, 4)[0]["verdict"] == "no candidate"
    assert "fits into a gap" in explain(result, 3, 4)[0]["reason"]


def test_a_gap_that_could_be_bridged_is_not_too_long() -> None:
    """A second, and the other end of the picture: there is no candidate at all, and yet not for want of time."""
    frame, track = np.r_[0:100, 124:200, 0:200, 0:200, 0:200], np.repeat([1, 2, 3, 4, 5], [100, 76, 200, 200, 200])
    result = rs.solve(clip(frame, track, np.array([0.0, 100, 1800, 500, 900, 1300])[track], w=4.0, h=10.0))
    assert "hopeless after 1.0 s" in explain(result, 1, 2)[0]["reason"]


def test_a_duplicate_that_ends_with_the_other_is_no_hopeless_link() -> None:
    """2 is a second box on the last frame of 1."""
    result = rs.solve(clip([*range(10), 9], [1] * 10 + [2], [100.0] * 10 + [101.0]))
    assert "both end in frame 9" in explain(result, 1, 2)[0]["reason"]


def test_the_winner_is_named() -> None:
    """2 and 3 start where 1 ended; 3 is a little off and loses."""
    frame = np.r_[0:30, 33:60, 33:60]
    x = np.r_[500.0 + np.arange(30), 533.0 + np.arange(27), 560.0 + np.arange(27)]
    result = rs.solve(clip(frame, np.repeat([1, 2, 3], [30, 27, 27]), x))
    assert explain(result, 1, 2)[0]["verdict"] == "joined"
    (reason,) = explain(result, 1, 3)
    assert reason["verdict"] == "apart"
    assert [r["link"]["to"]["track"] for r in reason["rivals"] if r["taken"]] == ["2"]


@pytest.mark.parametrize("ids", [("1", "7"), (1, 1)])
def test_unknown_tracks_are_refused(ids: tuple[object, object]) -> None:
    with pytest.raises(rs.OptionError, match=str(ids[1])):
        explain(rs.solve(clip(np.arange(9), [1] * 9, 500.0)), *ids)


def test_the_written_graph_is_the_solved_graph(tmp_path: Path) -> None:
    tracks, person = walkers(1, people=4, frames=150)
    a, b = np.unique(np.asarray(tracks.canonical["track_id"].to_numpy())[person == 0])[:2].tolist()
    result = rs.solve(tracks, must_link=[(a, b)])
    (solved,) = result.recordings
    graph = solved.graph
    write_graph(result, tmp_path / "g.graphml", conflicts=True)
    read = nx.read_graphml(tmp_path / "g.graphml")
    wanted = to_networkx(result, conflicts=True)
    assert dict(read.nodes(data=True)) == dict(wanted.nodes(data=True))
    assert {(i, j): edge for i, j, edge in read.edges(data=True)} == {
        (i, j): edge for i, j, edge in wanted.edges(data=True)
    }
    assert len(read) == graph.count
    kinds = [kind for _, _, kind in read.edges(data="kind")]
    assert (kinds.count("link"), kinds.count("conflict")) == (len(graph.pairs), len(graph.conflicts))
    taken = [edge for *_, edge in read.edges(data=True) if edge.get("taken")]
    assert len(taken) == len(solved.solution.links)
    for edge in taken:
        assert sum(edge[name] for name in graph.terms) == pytest.approx(edge["log_odds"])
    assert {node["identity"] for _, node in read.nodes(data=True)} == set(identities(result.tracks).tolist())
    assert {node["track"] for _, node in read.nodes(data=True)} == set(
        map(str, np.unique(tracks.canonical["track_id"]))
    )

    write_graph(result, tmp_path / "g.parquet", conflicts=True)
    table = pq.read_table(tmp_path / "g.parquet")
    assert table.equals(to_table(result, conflicts=True))
    assert table.num_rows == len(graph.pairs) + len(graph.conflicts)
    assert set(graph.terms) < set(table.column_names)
    assert table["motion"].null_count == len(graph.conflicts)
    with pytest.raises(rs.OptionError, match="graphml"):
        write_graph(result, tmp_path / "g.dot")


def test_an_empty_table_has_an_empty_graph(tmp_path: Path) -> None:
    result = rs.solve(clip(np.zeros(0), np.zeros(0, np.int64), np.zeros(0)))
    write_graph(result, tmp_path / "g.graphml")
    write_graph(result, tmp_path / "g.parquet")
    assert len(to_networkx(result)) == 0
