"""What must not change who is who: the unit of pixels, time's direction (nearly), a clean tracklet in two pieces."""

import numpy as np
import pytest
from tests.clips import clip, identities, same_partition, walkers

import reid_solve as rs
from reid_solve.tracklets.table import Clip, Tracks


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pairs of rows (a sample of them) about which two labellings agree."""
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, len(a), (2, 50_000))
    return float(((a[i] == a[j]) == (b[i] == b[j])).mean())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("factor", [0.5, 2.0, 2 / 3])
def test_larger_pixels_change_nothing(seed: int, factor: float) -> None:
    tracks, _ = walkers(seed, frames=150, cut=0.03)
    scaled = clip(tracks.frame, tracks.canonical["track_id"].to_numpy(), *(tracks.boxes * factor).T)
    scaled = Tracks(
        scaled.canonical, scaled.source, Clip(fps=25.0, width=round(1920 * factor), height=round(1080 * factor))
    )
    assert same_partition(identities(rs.solve(tracks).tracks), identities(rs.solve(scaled).tracks))


@pytest.mark.parametrize("seed", range(6))
def test_reversed_time_changes_next_to_nothing(seed: int) -> None:
    tracks, _ = walkers(seed, frames=150, cut=0.03)
    backward = clip(151 - tracks.frame, tracks.canonical["track_id"].to_numpy(), *tracks.boxes.T)
    assert agreement(identities(rs.solve(tracks).tracks), identities(rs.solve(backward).tracks)) > 0.97


@pytest.mark.parametrize("seed", range(6))
def test_a_clean_tracklet_in_two_pieces_is_one_person(seed: int) -> None:
    tracks, person = walkers(seed, frames=150, cut=0.0)  # nobody is ever lost: one tracklet each
    ids = tracks.canonical["track_id"].to_numpy().copy()
    ids[(person == 3) & (tracks.frame > 75)] = 999
    pieces = clip(tracks.frame, ids, *tracks.boxes.T)
    assert same_partition(identities(rs.solve(pieces).tracks), person)
