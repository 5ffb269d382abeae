"""When the tracker's own ids are kept, and when not."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.clips import clip, identities, same_partition, walkers

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.solver import harm
from reid_solve.solver.graph import Graph
from reid_solve.solver.methods.greedy import greedy
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.table import IntArray, Tracks


def shuffled(seed: int, every: int = 5, share: float = 1.0) -> tuple[Tracks, IntArray]:
    """Walkers whose ids change hands every few frames, all or a share of them, and the person of each row."""
    tracks, person = walkers(seed, people=10, frames=200, cut=0.01)
    track = tracks.codes("track_id")[0]
    rng = np.random.default_rng(seed)
    for begin in range(1, 201, every):
        here = (tracks.frame >= begin) & (tracks.frame < begin + every)
        ids = np.unique(track[here])
        moved = ids[rng.random(len(ids)) < share]
        names = dict(zip(moved, rng.permutation(moved), strict=True))
        track[here] = [names.get(i, i) for i in track[here]]
    return clip(tracks.frame, track, *tracks.boxes.T), person


def described(tracks: Tracks) -> Tracklets:
    return next(iter(describe(tracks)))


def true_purity(tracks: Tracks, person: IntArray) -> float:
    track = tracks.codes("track_id")[0]
    table = np.zeros((track.max() + 1, person.max() + 1))
    np.add.at(table, (track, person), 1)
    return float(table.max(axis=1).sum() / len(track))


def test_shuffled_ids_are_seen_to_be_mixed() -> None:
    for seed in range(5):
        tracks, person = shuffled(seed)
        assert harm.estimate_purity(described(tracks)) == pytest.approx(true_purity(tracks, person), abs=0.15)
        assert harm.estimate_purity(described(tracks)) < harm.LEAST_PURITY


def test_a_tracker_that_only_loses_people_is_not() -> None:
    for seed in range(10):
        assert harm.estimate_purity(described(walkers(seed, cut=0.05)[0])) > 0.8


def test_more_mixing_is_less_purity() -> None:
    found = [harm.estimate_purity(described(shuffled(1, 20, share)[0])) for share in (0.0, 0.1, 0.3, 1.0)]
    assert found == sorted(found, reverse=True)


def test_a_fast_pan_does_not_look_like_mixing() -> None:
    who, frame = np.repeat(np.arange(12), 60), np.tile(np.arange(1, 61), 12)
    # 110 pixels a frame, and people stand 110 apart: everybody steps into his neighbour's place
    tracks = clip(frame, who, 110.0 * who + 110 * (frame % 8), 500 + 3.0 * who)
    assert harm.estimate_purity(described(tracks)) > 0.95


def test_mixed_tracklets_keep_the_trackers_ids_and_say_so() -> None:
    tracks, _ = shuffled(0)
    result = rs.solve(tracks)
    assert same_partition(identities(result.tracks), tracks.codes("track_id")[0])
    assert result.summary()["method"] == "tracker"
    assert result.summary()["purity_estimate"] < harm.LEAST_PURITY
    (note,) = [n for n in result.tracks.notes if n.code == "kept-tracker-ids"]
    assert note.kind == "warning"
    assert "--force" in note.text
    score = np.asarray(result.tracks.canonical["identity_score"].to_numpy())
    assert score.max() < harm.LEAST_PURITY
    forced = rs.solve(tracks, force=True)
    assert forced.summary()["links"] > 0
    assert not [n for n in forced.tracks.notes if n.code == "kept-tracker-ids"]


def test_must_links_are_obeyed_even_then() -> None:
    mixed, _ = shuffled(0)
    code, values = mixed.codes("track_id")
    first = {c: mixed.frame[code == c].min() for c in np.unique(code)}
    last = {c: mixed.frame[code == c].max() for c in np.unique(code)}
    pair = next((a, b) for a in first for b in first if last[a] < first[b])
    named = [values[int(c)].as_py() for c in pair]
    out = identities(rs.solve(mixed, must_link=[named]).tracks)
    assert len(np.unique(out)) == len(first) - 1
    assert len(np.unique(out[np.isin(code, pair)])) == 1


def links(log_odds: list[float]) -> Graph:
    n = len(log_odds)
    i = np.arange(n)
    pairs = Pairs(i, i + n, np.ones(n, np.int64))
    return Graph(2 * n, pairs, {"motion": np.array(log_odds)}, np.zeros((0, 2), np.int64))


def pieces(lengths: list[int], frames: int = 50) -> Tracklets:
    frame = np.concatenate([np.arange(k) + (frames if at >= len(lengths) // 2 else 0) for at, k in enumerate(lengths)])
    who = np.repeat(np.arange(len(lengths)), lengths)
    return described(clip(frame + 1, who, 100.0 * who))


def test_what_links_are_expected_to_do() -> None:
    even, graph = pieces([40, 40, 40, 40]), links([0.0, 0.0])
    assert harm.expected_change(even, graph, greedy(graph)) == pytest.approx(80 * (0.25 - 0.5 / 6))
    assert harm.harmful(even, graph, greedy(graph)) is None
    nothing = links([-9.0, -9.0])
    assert harm.harmful(even, nothing, greedy(nothing)) is None  # no link, no harm


def test_links_that_do_more_harm_than_good_are_refused() -> None:
    graph = links([-1.0, -2.5])  # the better one joins two short tracklets, the bad one two long ones
    taken = greedy(links([5.0, 5.0]))
    assert harm.expected_change(pieces([2, 40, 2, 40]), graph, taken) < 0
    assert "more harm than good" in str(harm.harmful(pieces([2, 40, 2, 40]), graph, taken))
    graph = links([-2.5, -1.0])
    assert harm.harmful(pieces([2, 40, 2, 40]), graph, taken) is None


def test_on_the_command_line(tmp_path: Path) -> None:
    shuffled(0)[0].source.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    command = ["solve", str(tmp_path / "t.csv"), "--json", "--fps", "25", "--size", "1920x1080"]
    kept = json.loads(CliRunner().invoke(main, command).stdout)
    assert kept["warnings"]["kept-tracker-ids"] == 1
    assert kept["links"] == 0
    forced = json.loads(CliRunner().invoke(main, [*command, "--force", "--fill", "linear"]).stdout)
    assert "kept-tracker-ids" not in forced["warnings"]
    assert forced["links"] > 0


def test_an_empty_table_is_pure() -> None:
    nothing = clip(np.zeros(0), np.zeros(0, np.int64), np.zeros(0))
    assert rs.solve(nothing).summary()["purity_estimate"] is None
