"""What was embedded is found again, and only that: other boxes, models and damaged entries are not taken for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tracklets.embed.walkers import Means

from reid_solve.tracklets.embed.cache import Cache, default_folder, fingerprint
from reid_solve.tracklets.embed.run import embed
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Tracks


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
