"""The whole way, from rows to rows, and what must never change an answer."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip, identities, same_partition, walkers

import reid_solve as rs
from reid_solve.tracklets.table import Clip, Tracks


def purity(identity: np.ndarray, person: np.ndarray) -> float:
    counts = np.unique(np.column_stack([identity, person]), axis=0, return_counts=True)
    best: dict[int, int] = {}
    for (who, _), n in zip(*counts, strict=True):
        best[who] = max(best.get(who, 0), n)
    return sum(best.values()) / len(identity)


def test_people_are_put_together_again() -> None:
    tracks, person = walkers(0, people=8, frames=300)
    result = rs.solve(tracks)
    ids = len(np.unique(tracks.canonical["track_id"].to_numpy()))
    found = len(np.unique(identities(result.tracks)))
    assert found < ids / 2
    assert purity(identities(result.tracks), person) > 0.9


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.integers(0, 10**6))
def test_order_names_and_frame_numbers_do_not_matter(seed: int, shift: int) -> None:
    tracks, _ = walkers(seed, frames=120, cut=0.05)
    before = identities(rs.solve(tracks).tracks)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(tracks))
    name = rng.permutation(1000)
    renamed = name[tracks.canonical["track_id"].to_numpy()[order]]
    moved = clip(tracks.frame[order] + shift, renamed, *tracks.boxes[order].T)
    np.testing.assert_array_equal(before[order], identities(rs.solve(moved).tracks))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_mirrored_picture_gives_the_same_identities(seed: int) -> None:
    tracks, _ = walkers(seed, frames=120, cut=0.05)
    x, y, w, h = tracks.boxes.T
    mirrored = clip(tracks.frame, tracks.canonical["track_id"].to_numpy(), 1920 - x - w, y, w, h)
    assert same_partition(identities(rs.solve(tracks).tracks), identities(rs.solve(mirrored).tracks))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    tracks, _ = walkers(5)
    for name in ("a.parquet", "b.parquet"):
        rs.solve(tracks).write(tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_recordings_in_one_table_do_not_mix() -> None:
    one, _ = walkers(1)
    two, _ = walkers(2)
    both = pa.concat_tables(
        [t.canonical.append_column("sequence", pa.array([s] * len(t))) for s, t in (("a", one), ("b", two))]
    )
    result = rs.solve(Tracks(both, both, Clip(fps=25.0, width=1920, height=1080)))
    identity = identities(result.tracks)
    assert len(result.recordings) == 2
    assert not set(identity[: len(one)]) & set(identity[len(one) :])
    assert same_partition(identity[: len(one)], identities(rs.solve(one).tracks))


def test_unassigned_rows_stay_unassigned() -> None:
    """Two people side by side, one of whom loses his id for a frame."""
    table = clip([1, 2, 3, 1, 2, 3], [5, 5, 5, 6, 6, 6], [100.0, 101.0, 102.0, 800.0, 800.0, 800.0])
    ids = pa.array([5, 5, None, 6, 6, 6])
    tracks = Tracks(table.canonical.set_column(1, "track_id", ids), table.source, table.clip)
    out = rs.solve(tracks).tracks
    assert out.canonical["identity"].to_pylist() == [1, 1, None, 2, 2, 2]
    assert out.canonical["identity_score"].null_count == 1


def test_of_a_tolerated_duplicate_one_row_gets_another_identity() -> None:
    """
    1  ##########
    2         ########     the same box
    """
    frame = [*range(10), *range(8, 40)]
    out = rs.solve(clip(frame, [1] * 10 + [2] * 32, [100.0] * 10 + [101.0] * 32)).tracks
    identity = identities(out)
    assert identity[0] == identity[-1]
    assert sorted(np.bincount(identity)[1:]) == [2, 40]


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_anything_to_solve(rows: int) -> None:
    result = rs.solve(clip(np.arange(rows), np.arange(rows), 10.0))
    assert result.summary()["identities"] == rows
    assert result.summary()["objective"] == 0


@pytest.mark.parametrize("box", [(-4889.0, 55.0, 40.0, 90.0), (100.0, 100.0, 0.0, 0.0), (-50.0, -50.0, 10.0, 10.0)])
def test_boxes_outside_or_without_area_are_solved_too(box: tuple[float, float, float, float]) -> None:
    """No picture size is known, and the boxes give none."""
    tracks = clip(np.tile(np.arange(5), 2), np.repeat([1, 2], 5), *box, fps=None)
    result = rs.solve(Tracks(tracks.canonical, tracks.source, Clip()))
    assert result.summary()["identities"] == 2


def test_pitch_coordinates_take_the_place_of_the_camera() -> None:
    """Two people leave the picture's middle; on the pitch it is plain who comes back."""
    frame = [*range(30), *range(30), *range(60, 90), *range(60, 90)]
    ids = [1] * 30 + [2] * 30 + [3] * 30 + [4] * 30
    rng = np.random.default_rng(0)
    x = rng.uniform(800, 900, 120)  # boxes that tell nothing
    pitch_x = np.array([0.0] * 30 + [10.0] * 30 + [10.2] * 30 + [0.3] * 30) + rng.normal(0, 0.05, 120)
    tracks = clip(frame, ids, x, pitch_x=pitch_x, pitch_y=rng.normal(0, 0.05, 120))
    identity = identities(rs.solve(tracks).tracks)[[0, 30, 60, 90]]
    assert identity[0] == identity[3] != identity[1] == identity[2]


def test_embeddings_decide_where_motion_cannot(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    tracks, person = walkers(3, people=12, frames=500, cut=0.02)
    rng = np.random.default_rng(0)
    look = rng.normal(size=(12, 8))[person] + rng.normal(0, 0.3, (len(person), 8))
    pick = np.arange(0, len(person), 3)
    sidecar = {
        "frame": tracks.frame[pick],
        "id": tracks.canonical["track_id"].to_numpy()[pick],
        "embedding": list(look[pick]),
    }
    pq.write_table(pa.table(sidecar), tmp_path / "e.parquet")
    with_look = rs.solve(tracks, embeddings=tmp_path / "e.parquet")
    assert "appearance" in with_look.summary()["cues"]
    assert purity(identities(with_look.tracks), person) >= purity(identities(rs.solve(tracks).tracks), person)
    inside = Tracks(
        tracks.canonical.append_column("embedding", pa.array(list(look), pa.list_(pa.float64()))),
        tracks.source,
        tracks.clip,
    )
    assert "appearance" in rs.solve(inside).summary()["cues"]


def test_embeddings_that_are_not_used_are_counted_and_only_these() -> None:
    """In recording ``a`` every row has one, in ``b`` one in forty, in ``c`` none."""
    rng, parts, vectors = np.random.default_rng(0), [], list[np.ndarray | None]()
    for seed, (name, every) in enumerate({"a": 1, "b": 40, "c": None}.items()):
        tracks, person = walkers(seed, frames=120)
        look = rng.normal(size=(8, 12))[person] + rng.normal(0, 0.3, (len(person), 12))
        vectors += [row if every and k % every == 0 else None for k, row in enumerate(look)]
        parts.append(tracks.canonical.append_column("sequence", pa.array([name] * len(tracks))))
    table = pa.concat_tables(parts).append_column("embedding", pa.array(vectors, pa.list_(pa.float32())))
    few = -(-len(parts[1]) // 40)
    result = rs.solve(table, fps=25, size=(1920, 1080))
    assert ["appearance" in solved.graph.terms for solved in result.recordings] == [True, False, False]
    assert result.summary()["warnings"] == {"unused-embeddings": few}
    (note,) = [note for note in result.tracks.notes if note.code == "unused-embeddings"]
    assert note.text.startswith(f"{few} embeddings not used in 1 of 3 recordings: too few")
    assert not rs.solve(table, fps=25, size=(1920, 1080), without=["appearance"]).summary()["warnings"]


def test_what_is_assumed_is_said() -> None:
    tracks = clip([1, 2], [1, 1], 5.0, fps=None)
    assert rs.solve(tracks).summary()["warnings"] == {"assumed-fps": 1}
    assert rs.solve(tracks, fps=30).summary()["warnings"] == {}


def test_unknown_methods_and_cues_are_refused() -> None:
    tracks, _ = walkers(0)
    with pytest.raises(rs.OptionError, match="try one of: auto, "):
        rs.solve(tracks, method="magic")
    with pytest.raises(rs.OptionError, match="there are: motion"):
        rs.solve(tracks, cues=["colour"])


def test_inputs_of_other_libraries(tmp_path: Path) -> None:
    tracks, _ = walkers(4)
    expected = identities(rs.solve(tracks).tracks)
    frame = tracks.canonical.to_pandas()
    for source in (frame, tracks.canonical, frame.assign(id=frame.track_id).drop(columns="track_id")):
        result = rs.solve(source, fps=25, size=(1920, 1080))
        np.testing.assert_array_equal(identities(result.tracks), expected)
    assert list(rs.solve(frame, fps=25).to_pandas().columns) == [*frame.columns, "identity", "identity_score"]
