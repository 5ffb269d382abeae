"""Candidates, conflicts and cues on clips small enough to draw."""

from dataclasses import replace

import numpy as np
import pytest
from tests.clips import SIZE, clip, walkers

from reid_solve.solver.constraints.overlap import overlap
from reid_solve.solver.cues import CUES
from reid_solve.solver.graph import _together, build
from reid_solve.solver.pairs import Pairs, by_gap, candidates
from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.split import cut
from reid_solve.tracklets.table import Tracks


def tracklets(tracks: Tracks, appearance: tuple[np.ndarray, np.ndarray] | None = None) -> Tracklets:
    (only,) = describe(tracks, appearance=appearance)
    return only


def spans(*runs: tuple[int, range, float]) -> Tracks:
    """Rows of several runs (id, frames, x)."""
    frame = np.concatenate([list(r) for _, r, _ in runs])
    ids = np.concatenate([[i] * len(r) for i, r, _ in runs])
    return clip(frame, ids, np.concatenate([[x] * len(r) for _, r, x in runs]))


def linked(tracks: Tracks) -> set[tuple[int, int]]:
    t = tracklets(tracks)
    names = tracks.codes("track_id")[1].to_pylist()
    return {(names[t.track[a]], names[t.track[b]]) for p in candidates(t, 30) for a, b in zip(p.i, p.j, strict=True)}


def conflicting(tracks: Tracks) -> set[frozenset[int]]:
    t = tracklets(tracks)
    names = tracks.codes("track_id")[1].to_pylist()
    return {frozenset((names[t.track[a]], names[t.track[b]])) for a, b in overlap(t)}


def test_later_tracklets_are_candidates_and_simultaneous_ones_conflicts() -> None:
    """
    7  ####
    8  ##########
    9      ##
    """
    tracks = spans((7, range(4), 100.0), (8, range(10), 500.0), (9, range(5, 7), 110.0))
    assert linked(tracks) == {(7, 9)}
    assert conflicting(tracks) == {frozenset((7, 8)), frozenset((8, 9))}


def test_a_tracklet_in_the_gap_of_another_is_no_conflict() -> None:
    """
    1  ###....###
    2     ###
    """
    frame = [*range(3), *range(7, 10), *range(3, 6)]
    assert conflicting(clip(frame, [1] * 6 + [2] * 3, 100.0)) == set()


@pytest.mark.parametrize(("x", "shared", "tolerated"), [(105.0, 3, True), (105.0, 9, False), (190.0, 3, False)])
def test_a_short_duplicate_on_the_same_box_is_tolerated(x: float, shared: int, tolerated: bool) -> None:
    """
    1  ##########
    2         ########     the same box for `shared` frames
    """
    tracks = spans((1, range(10), 100.0), (2, range(10 - shared, 30), x))
    assert (frozenset((1, 2)) in conflicting(tracks)) is not tolerated
    assert ((1, 2) in linked(tracks)) is tolerated


def test_only_frames_that_both_are_seen_in_make_a_duplicate() -> None:
    """
    1  ##########
    2         # ########     the same box in frames 7 and 9; in 8 it is not seen, and later it is elsewhere
    """
    frame = [*range(10), 7, *range(9, 17)]
    tracks = clip(frame, [1] * 10 + [2] * 9, [100.0] * 10 + [105.0] * 2 + [105.0 + 60 * k for k in range(1, 8)])
    assert conflicting(tracks) == set()
    assert linked(tracks) == {(1, 2)}


def test_rows_of_a_duplicate_may_be_billions_of_frames_apart() -> None:
    frame = 2**31 * np.array([*range(10), *range(9, 20)])
    for x, tolerated in ((105.0, True), (190.0, False)):
        tracks = clip(frame, [1] * 10 + [2] * 11, [100.0] * 10 + [x] * 11)
        assert (not conflicting(tracks)) is tolerated
        assert ((1, 2) in linked(tracks)) is tolerated


@pytest.mark.parametrize("gap", [[3, 0, 2, 2, 1], [7, 500], []])
def test_values_by_gap_are_those_of_each_gap(gap: list[int]) -> None:
    gaps = np.array(gap, np.int64)
    np.testing.assert_array_equal(by_gap(gaps, np.sqrt), np.sqrt(gaps))


def test_gaps_beyond_the_window_are_no_candidates() -> None:
    tracks = spans((1, range(5), 100.0), (2, range(2000, 2005), 100.0))
    assert linked(tracks) == set()


def test_every_cue_prefers_the_person() -> None:
    """Summed over a clip, each cue that speaks gives true continuations more than false ones."""
    tracks, person = walkers(0, people=10, frames=600, cut=0.01)
    rng = np.random.default_rng(1)
    look = rng.normal(size=(10, 16))[person] + rng.normal(0, 0.5, (len(person), 16))
    team, role = np.array(["red", "blue"])[person % 2], np.array(["player", "referee"])[person // 9]
    ids = tracks.canonical["track_id"].to_numpy()
    teams = clip(tracks.frame, ids, *tracks.boxes.T, team=team, role=role)
    t = tracklets(teams, (np.arange(len(person)), look.astype(np.float32)))
    (pairs,) = candidates(t, 30)
    who = person[t.rows[t.start]]
    same = who[pairs.i] == who[pairs.j]
    for name in ("motion", "appearance", "team", "role"):
        # Labels only add to what embeddings say of the kit; where there are none, they say all of it.
        score = CUES[name](t if name in {"motion", "appearance"} else replace(t, appearance=None))
        assert score is not None
        assert score(pairs)[same].mean() > 0 > score(pairs)[~same].mean(), name
    graph = build(t)
    told = set(zip(graph.together.i.tolist(), graph.together.j.tolist(), strict=True))
    assert all(a < b for a, b in told)
    assert told
    assert not told & set(map(tuple, graph.conflicts.tolist()))
    following = np.array(
        [int(np.flatnonzero((who == w) & (t.first > e)).min(initial=10**6)) for w, e in zip(who, t.last, strict=True)]
    )
    right = following[graph.pairs.i] == graph.pairs.j
    assert graph.log_odds[right].mean() > 0 > graph.log_odds[~right].mean()


def test_cues_without_evidence_say_nothing() -> None:
    graph = build(tracklets(spans((1, range(5), 100.0), (2, range(8, 12), 100.0))))
    assert set(graph.terms) == {"motion", "time", "edge", "rivals"}


def test_one_cue_can_be_used_alone() -> None:
    tracks, _ = walkers(0)
    assert set(build(tracklets(tracks), ["motion"]).terms) == {"motion", "rivals"}


def test_motion_falls_with_distance_and_time_with_the_gap() -> None:
    bystanders = [(k, range(90), 90.0 * (k - 5)) for k in range(6, 12)]  # they hold the camera still
    tracks = spans((1, range(50), 900.0), *bystanders, *((k, range(60, 90), 900.0 + 60 * (k - 2)) for k in range(2, 6)))
    t = tracklets(tracks)
    motion = CUES["motion"](t)
    assert motion is not None
    first = np.flatnonzero(t.last == 49).repeat(4)
    at = np.flatnonzero(t.first == 60)
    at = at[np.argsort(t.boxes[t.start[at], 0])]
    scores = motion(Pairs(first, at, np.full(4, 11)))
    assert (np.diff(scores) < 0).all()
    time = CUES["time"](t)
    assert time is not None
    later = time(Pairs(first, first + 1, np.array([20, 80, 320, 640])))
    assert (np.diff(later) < 0).all()


def test_edge_expects_long_gaps_from_exits_and_short_ones_inside() -> None:
    tracks = spans((1, range(50), 2.0), (2, range(50), 900.0), (3, range(200, 400), 5.0), (4, range(60, 400), 900.0))
    t = tracklets(tracks)
    edge = CUES["edge"](t)
    assert edge is not None
    exit_, inside = (int(np.flatnonzero(t.boxes[t.end, 0] == x)[0]) for x in (2.0, 900.0))
    gaps = np.array([5, 150])
    at = np.array([3, 3])
    assert (
        np.diff(edge(Pairs(np.full(2, exit_), at, gaps)))[0] > 0 > np.diff(edge(Pairs(np.full(2, inside), at, gaps)))[0]
    )


def test_tracklets_without_a_usable_box_are_kept_apart() -> None:
    tracks = clip([1, 2, 5, 6], [1, 1, 2, 2], 100.0, w=[40.0, 40.0, 0.0, 0.0])
    assert linked(tracks) == set()
    assert build(tracklets(tracks)).count == 2


def test_picture_size_is_taken_from_the_clip() -> None:
    assert tracklets(spans((1, range(3), 5.0))).size == SIZE


def test_cutting_makes_no_evidence() -> None:
    tracks, _ = walkers(3, cut=0.01)
    whole = next(iter(describe(tracks, 25, SIZE)))
    middle = whole.offsets[:-1] + whole.length // 2
    pieces = cut(whole, middle[whole.length > 40])
    assert len(pieces) > len(whole)

    def evidence(tracklets: Tracklets) -> dict[tuple[int, int], float]:
        told = _together(tracklets, {"looks": lambda pairs: np.full(len(pairs), 4.0)}, overlap(tracklets))
        out: dict[tuple[int, int], float] = {}
        for a, b, nats in zip(tracklets.track[told.i], tracklets.track[told.j], told.log_odds, strict=True):
            key = (int(min(a, b)), int(max(a, b)))
            out[key] = out.get(key, 0.0) + float(nats)
        return out

    before, after = evidence(whole), evidence(pieces)
    both = [key for key in before if key in after]
    assert len(both) > 5
    assert [after[key] for key in both] == pytest.approx([before[key] for key in both])
