"""Cutting at switches and joining again: swaps are put right, clean tracklets stay whole."""

from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest
from tests.clips import SIZE, clip, identities, same_partition

import reid_solve as rs
from reid_solve.solver.switches import cut_at_switches
from reid_solve.tracklets.describe import describe

PEOPLE, FRAMES = 12, 400


def meeting(swap: bool) -> tuple[rs.Tracks, np.ndarray, np.ndarray]:
    """Twelve people; the first two meet in frame 200, and the tracker swaps them there, or does not.

    id 1  aaaaaaaa|bbbbbbbb
    id 2  bbbbbbbb|aaaaaaaa
    """
    rng = np.random.default_rng(4)
    t = np.arange(FRAMES)
    lane = 150.0 * np.arange(PEOPLE)[:, None] + rng.normal(0, 0.3, (PEOPLE, FRAMES)).cumsum(axis=1)
    lane[0], lane[1] = 600 + 0.5 * (t - 200), 600 - 0.5 * (t - 200)
    depth = np.repeat([500.0, 500.0, *np.linspace(200, 900, PEOPLE - 2)], FRAMES)
    person = np.repeat(np.arange(PEOPLE), FRAMES)
    ids = person.copy()
    late = np.tile(t, PEOPLE) >= 200
    if swap:
        ids[(person == 0) & late], ids[(person == 1) & late] = 1, 0
    look = rng.normal(size=(PEOPLE, 12))[person] + rng.normal(0, 0.5, (len(person), 12))
    return clip(np.tile(t, PEOPLE), ids, lane.ravel(), depth), person, look.astype(np.float32)


def solved(swap: bool, tmp_path) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[no-untyped-def]
    import pyarrow as pa
    import pyarrow.parquet as pq

    tracks, person, look = meeting(swap)
    pick = np.arange(0, len(person), 5)
    sidecar = {
        "frame": tracks.frame[pick],
        "id": tracks.canonical["track_id"].to_numpy()[pick],
        "embedding": list(look[pick]),
    }
    pq.write_table(pa.table(sidecar), tmp_path / "e.parquet")
    return identities(rs.solve(tracks, embeddings=tmp_path / "e.parquet").tracks), person


def test_a_swap_is_put_right(tmp_path) -> None:  # type: ignore[no-untyped-def]
    identity, person = solved(True, tmp_path)
    pairs = np.unique(np.column_stack([identity, person]), axis=0, return_counts=True)
    right = sum(max(n for (_, p), n in zip(*pairs, strict=True) if p == who) for who in range(PEOPLE))
    assert right > 0.99 * len(person)


def test_people_who_only_meet_keep_their_ids(tmp_path) -> None:  # type: ignore[no-untyped-def]
    identity, person = solved(False, tmp_path)
    assert len(np.unique(np.column_stack([identity, person]), axis=0)) == PEOPLE


def test_only_doubtful_places_are_cut() -> None:
    for swap, pieces in ((True, PEOPLE + 2), (False, PEOPLE)):
        tracks, _, look = meeting(swap)
        rows = np.arange(0, len(look), 5)
        (whole,) = describe(tracks, appearance=(rows, look[rows]))
        assert len(cut_at_switches(whole)) == pieces


def test_kept_ids_are_those_of_whole_tracks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are put back before the tracker's ids are kept, or each would be somebody."""
    tracks, _, look = meeting(True)
    table = tracks.canonical.append_column("embedding", pa.array(list(look), pa.list_(pa.float32())))
    monkeypatch.setattr(import_module("reid_solve.solver.solve"), "too_mixed", lambda purity: "for a test")
    result = rs.solve(table, fps=25, size=SIZE)
    assert [len(solved.tracklets) for solved in result.recordings] == [PEOPLE]
    assert same_partition(identities(result.tracks), tracks.codes("track_id")[0])


def test_without_embeddings_nothing_is_cut() -> None:
    tracks, _, _ = meeting(True)
    (whole,) = describe(tracks)
    assert cut_at_switches(whole) is whole
