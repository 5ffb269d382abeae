"""The baselines do what their papers say, and never put one person into two places."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import baselines as b
from tests.clips import clip, same_partition, walkers

import reid_solve as rs
from reid_solve.tracklets.table import Tracks


def pieces(*spans: tuple[int, int, float]) -> Tracks:
    """One tracklet a span: first and last frame, and x at frame 0; all walk to the right, 2 pixels a frame."""
    parts = [(np.arange(first, last + 1), x) for first, last, x in spans]
    frame = np.concatenate([f for f, _ in parts])
    track_id = np.repeat(np.arange(len(parts)) + 1, [len(f) for f, _ in parts])
    return clip(frame, track_id, np.concatenate([x + 2.0 * f for f, x in parts]))


def looks(*direction: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Sums of ten unit embeddings a tracklet, and the tens."""
    d = np.array(direction)
    return 10 * d / np.linalg.norm(d, axis=1, keepdims=True), np.full(len(d), 10)


def sure(pairs: b.Candidates) -> np.ndarray:
    """A model that believes in short misses of the velocity before the gap."""
    weights = np.zeros(pairs.motion.shape[1])
    weights[2] = -4.0
    return weights


def test_gta_like_merges_those_who_look_alike() -> None:
    tracks = pieces((1, 20, 100), (1, 20, 900), (30, 50, 100), (30, 50, 900))
    tracklets = b.tracklets_of(tracks)
    merges = b.gta_like(tracklets, *looks((1, 0), (0, 1), (0.99, 0.1), (0.1, 0.99)))
    assert same_partition(merges.below(0.3), np.array([0, 1, 0, 1]))
    assert same_partition(merges.below(0.0), np.arange(4))


def test_gta_like_distance_of_a_group_is_the_mean_over_all_pairs() -> None:
    tracklets = b.tracklets_of(pieces((1, 10, 100), (20, 30, 100), (40, 50, 100)))
    total, count = looks((1, 0), (0.9, 0.4), (0, 1))
    merges = b.gta_like(tracklets, total, count)
    unit = total / 10
    assert merges.heights == pytest.approx([1 - unit[0] @ unit[1], 1 - (unit[0] + unit[1]) @ unit[2] / 2])


def test_gta_like_never_merges_what_is_seen_together() -> None:
    tracks = pieces((1, 20, 100), (15, 40, 110), (30, 60, 120))  # the first and the last meet the one between
    merges = b.gta_like(b.tracklets_of(tracks), *looks((1, 0), (1, 0), (1, 0)))
    assert same_partition(merges.labels[-1], np.array([0, 1, 0]))


def test_gta_like_leaves_alone_who_has_no_embedding() -> None:
    tracklets = b.tracklets_of(pieces((1, 10, 100), (20, 30, 100)))
    assert not len(b.gta_like(tracklets, np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([1, 0])).heights)


def test_gta_like_gate() -> None:
    tracklets = b.tracklets_of(pieces((1, 10, 0), (12, 30, 1500)))
    assert len(b.gta_like(tracklets, *looks((1, 0), (1, 0))).heights) == 1
    assert not len(b.gta_like(tracklets, *looks((1, 0), (1, 0)), reach=0.5).heights)


def test_aflink_like_links_an_obvious_gap() -> None:
    tracks = pieces((1, 30, 100), (1, 30, 900), (40, 70, 100), (40, 70, 1300))
    tracklets = b.tracklets_of(tracks)
    pairs = b.motion_pairs(tracklets, b.GATES[0])
    label = b.aflink_like(len(tracklets), pairs, sure(pairs), 0.5)
    assert same_partition(label, np.array([0, 1, 0, 2]))


def test_aflink_like_looks_no_further_than_its_gate() -> None:
    pairs = b.motion_pairs(b.tracklets_of(pieces((1, 30, 100), (61, 90, 100))), b.Gate(30, 75.0))
    assert not len(pairs.i)


def test_fit_learns_what_separates() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=2000), np.ones(2000)])
    right = rng.random(2000) < 1 / (1 + np.exp(-(2 * x[:, 0] - 1)))
    assert b.fit(x, right) == pytest.approx([2, -1], abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_in_two_places(seed: int) -> None:
    tracks, _ = walkers(seed, people=6)
    tracklets = b.tracklets_of(tracks)
    rng = np.random.default_rng(seed)
    total, count = rng.normal(size=(len(tracklets), 4)), np.ones(len(tracklets), int)
    pairs = b.motion_pairs(tracklets, b.GATES[1])
    for label in (
        b.gta_like(tracklets, total, count).labels[-1],
        b.aflink_like(len(tracklets), pairs, sure(pairs), 0.05),
    ):
        assert len(np.unique(label)) < len(tracklets)
        identity = label[tracklets.node]
        rows = np.column_stack([identity, tracklets.frame])
        assert len(np.unique(rows, axis=0)) == len(rows)
        rs.evaluate(b.with_labels(tracks, tracklets, label), tracks)  # refuses an identity twice in a frame


def test_leave_one_out_does_not_look_at_the_clip_itself() -> None:
    scores = np.array([[9.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert b.leave_one_out(scores).tolist() == [1, 0, 0]
