"""From a video and its tracks to a sidecar: the right crops, the sharpest ones, cached, resumed, and read by solve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.tracklets.embed.walkers import HEIGHT, SHADES, WIDTH, Means, place

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.tracklets.embed.plan import make_plan, sharpness
from reid_solve.tracklets.embed.run import Embedded, embed
from reid_solve.tracklets.embeddings import read_embeddings
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.video import pictures, probe


def test_the_embeddings_are_of_the_right_people(video: Path, tracks: Tracks) -> None:
    model = Means()
    done = embed(tracks, video, model, per_tracklet=5, seconds=None)
    assert done.summary["crops"] == len(done.rows) == 8 * 5
    assert done.summary["tracklets"] == done.summary["tracklets_seen"] == 8
    assert (np.diff(tracks.frame[done.rows]) >= 0).all()
    ids = np.asarray(tracks.canonical["track_id"].to_numpy())[done.rows]
    np.testing.assert_allclose(done.vectors.mean(axis=1), np.array(SHADES)[ids // 10], atol=25)
    assert max(model.sizes) == 7
    assert model.loads == 1
    assert (done.quality == 1).all()
    assert done.notes == ()


def test_of_neighbours_the_sharpest_is_taken(video: Path, tracks: Tracks) -> None:
    done = embed(tracks, video, Means(), per_tracklet=5, seconds=None)
    assert ((tracks.frame[done.rows] - 1) % 3 == 0).all()
    everything = embed(tracks, video, Means(), step=1)
    focus = (tracks.frame[everything.rows] - 1) % 3 == 0
    assert everything.sharpness[focus].min() > 3 * everything.sharpness[~focus].max()
    assert len(everything.rows) == len(tracks)


def test_what_is_embedded_does_not_depend_on_batches_or_on_the_order_of_rows(video: Path, tracks: Tracks) -> None:
    first = embed(tracks, video, Means(batch=7), per_tracklet=4)
    again = embed(tracks, video, Means(batch=1000), per_tracklet=4)
    np.testing.assert_array_equal(
        embed(tracks, video, Means(batch=2, workers=5), per_tracklet=4).vectors, first.vectors
    )
    np.testing.assert_array_equal(first.rows, again.rows)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    order = np.random.default_rng(0).permutation(len(tracks))
    shuffled = Tracks(tracks.canonical.take(order), tracks.source.take(order), tracks.clip)

    def content(done: Embedded) -> dict[tuple[int, int], list[float]]:
        columns = (done.table()[name].to_pylist() for name in ("frame", "track_id", "embedding"))
        return {(frame, track): vector for frame, track, vector in zip(*columns, strict=True)}

    assert content(embed(shuffled, video, Means(), per_tracklet=4)) == content(first)


def test_the_sidecar_is_what_solve_reads(video: Path, tracks: Tracks, tmp_path: Path) -> None:
    done = embed(tracks, video, Means(), per_tracklet=6)
    done.write(tmp_path / "e.parquet")
    table = pq.read_table(tmp_path / "e.parquet")
    assert table.column_names == ["frame", "track_id", "embedding", "quality", "sharpness"]
    assert table.schema.field("embedding").type == pa.list_(pa.float32(), 3)
    about = json.loads(table.schema.metadata[b"reid_solve"])["embeddings"]
    assert about["backend"] == "means"
    assert about["dims"] == 3
    assert about["crops"] == table.num_rows
    assert read_embeddings(tmp_path / "e.parquet").num_rows == table.num_rows
    solved = rs.solve(tracks, embeddings=tmp_path / "e.parquet")
    # All are laid to their tracklets; a clip of so few people is too short to learn from.
    assert {note.code for note in solved.tracks.notes if "embedding" in note.code} == {"unused-embeddings"}
    at = tracks.canonical.schema.get_field_index("track_id")
    words = pa.array([f"p{value}" for value in tracks.canonical["track_id"].to_pylist()])
    canonical, source = (table.set_column(at, "track_id", words) for table in (tracks.canonical, tracks.source))
    named = Tracks(canonical, source, tracks.clip)
    assert embed(named, video, Means(), per_tracklet=6).table()["track_id"][0].as_py().startswith("p")


def test_a_plan_keeps_what_ends_in_one_frame_together(tracks: Tracks, video: Path) -> None:
    film = probe(video)
    rows = np.flatnonzero((tracks.frame - 1) % 4 == 0)
    rows = rows[np.argsort(tracks.frame[rows], kind="stable")]
    plan = make_plan(tracks, film, rows)
    assert len(np.unique(plan.row)) == len(plan.row)
    assert set(rows) <= set(plan.row)
    assert len(plan.row) > len(rows)
    for group in range(len(rows)):
        frames = plan.frame[plan.group == group]
        assert frames.max() == plan.due[group]
        assert np.ptp(frames) <= 4
    assert (np.diff(plan.due) >= 0).all()
    assert (np.diff(plan.chunk) >= 0).all()
    for frame in np.unique(plan.due):
        assert len(np.unique(plan.chunk[plan.due == frame])) == 1


def test_sharpness_is_that_of_the_picture_not_of_its_size(video: Path) -> None:
    shots = dict(pictures(video, wanted=[0, 1]))
    sharp, blurred = (sharpness(shots[k][40:100, place(1, k) : place(1, k) + 24].copy()) for k in (0, 1))
    assert sharp > 3 * blurred


def test_what_does_not_belong_together_is_refused(video: Path, tracks: Tracks, tmp_path: Path) -> None:
    late = tracks.canonical.set_column(0, "frame", pa.array(tracks.frame + 1000))
    with pytest.raises(InputError, match="has only 60 frames from 1 on"):
        embed(Tracks(late, late, tracks.clip), video, Means())
    two = tracks.canonical.append_column("sequence", pa.array(np.where(np.arange(len(tracks)) % 2, "a", "b")))
    with pytest.raises(InputError, match="holds 2 recordings"):
        embed(Tracks(two, two, tracks.clip), video, Means())
    away = tracks.canonical.set_column(2, "x", pa.array(tracks.boxes[:, 0] + 9999))
    with pytest.raises(InputError, match="nothing to embed"):
        embed(Tracks(away, away, tracks.clip), video, Means())
    half = tracks.canonical.set_column(0, "frame", pa.array(tracks.frame + 30))
    (note,) = embed(Tracks(half, half, tracks.clip), video, Means()).notes
    assert note.code == "boxes-beyond-video"

    class Broken(Means):
        def embed(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            return super().embed(batch) * np.float32(np.nan)

    with pytest.raises(InputError, match="no finite number"):
        embed(tracks, video, Broken())


def test_the_command(video: Path, tracks: Tracks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pq.write_table(tracks.canonical, "t.parquet")
    given = [str(video), "t.parquet", "-o", "e.parquet", "--size", f"{WIDTH}x{HEIGHT}", "--first-frame", "1"]

    def run(*args: str) -> Any:
        return CliRunner().invoke(main, ["embed", *given, *args])

    done = run("--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["backend"] == "color"
    assert (summary["cached"], summary["output"]) == (0, "e.parquet")
    assert pq.read_table("e.parquet").num_rows == summary["crops"]
    assert "from the cache" in run().stderr
    assert json.loads(run("--no-cache", "--json").stdout)["cached"] == 0
    fewer = json.loads(run("--per-tracklet", "1", "--spacing", "0", "--json", "--cache", "mine").stdout)
    assert fewer["crops"] == 8
    assert list(Path("mine").rglob("*.npz"))
    assert json.loads(run("--every", "10", "--json").stdout)["crops"] == 4 * 6
    for wrong, says in (
        (["-o", "e.csv"], "end the name in .parquet"),
        (["-o", "t.parquet"], "t.parquet"),
        (["--backend", "onnx:nothing.onnx"], "nothing.onnx"),
        (["--backend", "magic"], "color"),
    ):
        failed = run(*wrong)
        assert failed.exit_code == 2
        assert says in failed.stderr.splitlines()[-1]
