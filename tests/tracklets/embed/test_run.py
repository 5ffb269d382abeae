"""From a video and its tracks to a sidecar: the right crops, the sharpest ones, cached, resumed, and read by solve."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.clips import clip

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.tracklets.embed.cache import Cache, default_folder, fingerprint
from reid_solve.tracklets.embed.inputs import resized
from reid_solve.tracklets.embed.plan import make_plan, sharpness
from reid_solve.tracklets.embed.run import Embedded, embed
from reid_solve.tracklets.embeddings import read_embeddings
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Clip, Tracks
from reid_solve.tracklets.video import Picture, pictures, probe, write_video

FRAMES, WIDTH, HEIGHT = 60, 320, 160
SHADES = (60, 120, 180, 240)


class Means:
    """A model that gives the mean colour of a crop, and counts what it was asked."""

    def __init__(self, batch: int = 7, fail_after: int | None = None, workers: int = 1) -> None:
        self.name, self.key, self.batch, self.workers = "means", "means 1", batch, workers
        self.fail_after, self.sizes, self.loads = fail_after, list[int](), 0

    def load(self) -> None:
        self.loads += 1

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        return np.stack([resized(crop, (8, 8)) for crop in crops])

    def embed(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if self.fail_after is not None and sum(self.sizes) >= self.fail_after:
            raise KeyboardInterrupt
        self.sizes.append(len(batch))
        return np.asarray(batch.reshape(len(batch), -1, 3).mean(axis=1), np.float32)


def drawn() -> Iterator[Picture]:
    """Four people of one shade each, who walk to the right; only in every third frame are they in focus."""
    import cv2

    rng = np.random.default_rng(0)
    texture = rng.integers(-40, 40, (60, 24, 1))
    for t in range(FRAMES):
        picture = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
        for k, shade in enumerate(SHADES):
            picture[40:100, place(k, t) : place(k, t) + 24] = np.clip(shade + texture, 0, 255)
        yield picture if t % 3 == 0 else cv2.GaussianBlur(picture, (0, 0), 4)


def place(k: int, t: int) -> int:
    return 20 + 70 * k + t // 2


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for library in ("av", "cv2"):
        pytest.importorskip(library, reason="needs the extra [video]")
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, drawn(), Fraction(25), quality=12)
    return path


@pytest.fixture
def tracks() -> Tracks:
    """Two tracklets for each person, cut at frame 30; frames count from 1."""
    t, k = (a.ravel() for a in np.meshgrid(np.arange(FRAMES), np.arange(4)))
    made = clip(
        t + 1,
        10 * k + t // 30,
        [float(place(a, b)) for a, b in zip(k.tolist(), t.tolist(), strict=True)],
        40.0,
        24.0,
        60.0,
    )
    return Tracks(made.canonical, made.source, Clip(25.0, WIDTH, HEIGHT, source="t.parquet", frame_base=1))


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


def test_a_second_run_needs_neither_video_nor_model(
    video: Path, tracks: Tracks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = embed(tracks, video, Means(), cache=tmp_path)
    assert first.summary["cached"] == 0

    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("reid_solve.tracklets.crops.pictures", never)
    model = Means()
    again = embed(tracks, video, model, cache=tmp_path)
    assert model.loads == 0
    assert again.summary["cached"] == again.summary["crops"]
    np.testing.assert_array_equal(again.vectors, first.vectors)
    np.testing.assert_array_equal(again.rows, first.rows)
    np.testing.assert_array_equal(again.sharpness, first.sharpness)


def test_other_boxes_models_or_frames_are_not_taken_from_the_cache(video: Path, tracks: Tracks, tmp_path: Path) -> None:
    embed(tracks, video, Means(), cache=tmp_path)
    other = Means()
    other.key = "means 2"
    assert embed(tracks, video, other, cache=tmp_path).summary["cached"] == 0
    assert embed(tracks, video, Means(), cache=tmp_path, first=0).summary["cached"] == 0
    at = tracks.canonical.schema.get_field_index("x")
    moved = tracks.canonical.set_column(at, "x", pa.array(tracks.boxes[:, 0] + 1))
    assert embed(Tracks(moved, moved, tracks.clip), video, Means(), cache=tmp_path).summary["cached"] == 0


def test_an_interrupted_run_goes_on_where_it_stopped(
    video: Path, tracks: Tracks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_solve.tracklets.embed.plan.CHUNK", 20)
    whole = embed(tracks, video, Means(), step=2)
    with pytest.raises(KeyboardInterrupt):
        embed(tracks, video, Means(fail_after=50), step=2, cache=tmp_path)
    model = Means()
    rest = embed(tracks, video, model, step=2, cache=tmp_path)
    assert rest.summary["cached"] >= 40
    assert sum(model.sizes) == len(whole.rows) - rest.summary["cached"]
    np.testing.assert_array_equal(rest.vectors, whole.vectors)
    np.testing.assert_array_equal(rest.rows, whole.rows)


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "other"])
def test_damaged_entries_are_made_again(video: Path, tracks: Tracks, tmp_path: Path, damage: str) -> None:
    first = embed(tracks, video, Means(), cache=tmp_path)
    entries = list(tmp_path.rglob("*.npz"))
    assert entries
    for entry in entries:
        data = bytearray(entry.read_bytes())
        if damage == "noise":
            data[len(data) // 2] ^= 255
        if damage == "other":
            np.savez(entry, at=np.array([10**6]), sharp=np.zeros(1), vector=np.zeros((1, 3)))
        else:
            entry.write_bytes(bytes({"cut": data[:-30], "noise": data, "empty": bytearray()}[damage]))
    again = embed(tracks, video, Means(), cache=tmp_path)
    assert again.summary["cached"] == 0
    np.testing.assert_array_equal(again.vectors, first.vectors)
    assert embed(tracks, video, Means(), cache=tmp_path).summary["cached"] == len(first.rows)


def test_a_cache_that_cannot_be_written_only_costs_a_note(video: Path, tracks: Tracks, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = embed(tracks, video, Means(), cache=tmp_path / "file")
    assert [note.code for note in done.notes] == ["not-cached"]
    assert len(done.rows)


def test_the_cache_forgets_what_was_unused_for_longest(tmp_path: Path) -> None:
    import os

    cache = Cache(tmp_path)
    for k in range(5):
        cache.put(f"{k}{k}", {"a": np.zeros(1000)})
        os.utime(tmp_path / "embeddings" / f"{k}{k}" / f"{k}{k}.npz", (k, k))
    assert cache.get("00") is not None  # used just now
    assert cache.prune(limit=3 * 8600) == 2
    assert [cache.get(f"{k}{k}") is not None for k in range(5)] == [True, False, False, True, True]


def test_fingerprints_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path, text in zip(paths, (b"1" * 5000, b"1" * 5000, b"1" * 4999 + b"2"), strict=True):
        path.write_bytes(text)
    a, b, c = map(fingerprint, paths)
    assert a == b != c
    monkeypatch.setattr("reid_solve.tracklets.embed.cache.WHOLE", 100)  # as if they were large
    monkeypatch.setattr("reid_solve.tracklets.embed.cache.PIECE", 10)
    assert fingerprint(paths[0]) != fingerprint(paths[2])
    with pytest.raises(InputError, match="nothing: cannot be read"):
        fingerprint(tmp_path / "nothing")


def test_the_default_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "reid-solve"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_folder().parts[-3:] == ("Library", "Caches", "reid-solve")


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
