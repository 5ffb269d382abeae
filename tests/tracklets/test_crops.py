"""Sampling detections and cutting them out: clear, spread in time, every pixel where the box says, each frame once."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import SIZE, clip, walkers

from reid_solve.tracklets.crops import crops, every, quality, sample
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Clip, Tracks
from reid_solve.tracklets.video import Video, write_video

FILM = Video(Path("nowhere.mp4"), *SIZE, Fraction(25), 0)


def test_quality_knows_who_stands_in_front_and_what_is_cut_off() -> None:
    x = [400.0, 420, 1000, -20, -100, 1500]
    y = [500.0, 510, 500, 500, 500, 500]
    w = [40.0, 40, 40, 40, 40, 4]
    h = [100.0, 100, 100, 100, 100, 10]
    found = quality(clip([1] * 6, np.arange(6), x, y, w, h), FILM)
    shared = 20 * 90 / 4000
    np.testing.assert_allclose(found[:4], [1 - shared, 1 - shared / 2, 1, 0.5])
    assert found[4] == 0  # out of the picture
    assert found[5] == pytest.approx(10 / 48)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_overlap_is_that_of_every_pair(seed: int) -> None:
    tracks, _ = walkers(seed, people=6, frames=12)
    x, y, w, h = tracks.boxes.T
    covered = np.zeros(len(tracks))
    for a in range(len(tracks)):
        for b in range(len(tracks)):
            if a != b and tracks.frame[a] == tracks.frame[b]:
                low = np.maximum(tracks.boxes[a, :2], tracks.boxes[b, :2])
                high = np.minimum(*(tracks.boxes[k, :2] + tracks.boxes[k, 2:] for k in (a, b)))
                share = np.clip(high - low, 0, None).prod() / (w[a] * h[a])
                covered[a] += share if y[a] + h[a] < y[b] + h[b] else share / 2
    inside = np.clip(np.minimum(x + w, SIZE[0]) - np.maximum(x, 0), 0, None) / w
    inside *= np.clip(np.minimum(y + h, SIZE[1]) - np.maximum(y, 0), 0, None) / h
    expected = np.clip(1 - covered, 0.01, 1) * inside * np.minimum(h / 48, 1)
    np.testing.assert_allclose(quality(tracks, FILM), np.where(inside > 0, expected, 0), atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), per_tracklet=st.integers(1, 20))
def test_a_sample_is_spread_over_every_tracklet(seed: int, per_tracklet: int) -> None:
    tracks, _ = walkers(seed, frames=100)
    rows = sample(tracks, FILM, per_tracklet)
    assert len(np.unique(rows)) == len(rows)
    assert (np.diff(tracks.frame[rows]) >= 0).all()
    code = tracks.codes("track_id")[0]
    good = quality(tracks, FILM)
    for track in np.unique(code[good > 0]):
        own = tracks.frame[rows[code[rows] == track]]
        assert 1 <= len(own) <= per_tracklet
        span = np.ptp(tracks.frame[code == track]) + 1
        whole = span == (code == track).sum()
        if whole and (good[code == track] > 0.99).all() and span >= 2 * per_tracklet >= 4:
            assert len(own) == per_tracklet
            assert np.diff(own).max() <= 2 * span / per_tracklet
    assert set(rows) <= set(every(tracks, FILM))


def test_the_clear_are_preferred_and_the_unclear_taken_where_there_is_nothing_else() -> None:
    t = np.arange(50)
    hidden = np.where(t < 25, 410.0, 900.0)  # 2 stands in front of 1 for the first half
    tracks = clip(np.tile(t, 2), np.repeat([1, 2], 50), np.concatenate([np.full(50, 400.0), hidden]),
                  np.repeat([500.0, 505.0], 50))  # fmt: skip
    frames = tracks.frame[sample(tracks, FILM, 10)]
    code = tracks.codes("track_id")[0][sample(tracks, FILM, 10)]
    assert frames[code == 0].min() >= 25
    assert frames[code == 1].min() < 5  # who stands in front is seen well enough
    always = clip(np.tile(t, 2), np.repeat([1, 2], 50), np.repeat([400.0, 401.0], 50), np.repeat([500.0, 505.0], 50))
    rows = sample(always, FILM, 10)
    assert (always.codes("track_id")[0][rows] == 0).any()


def test_long_tracklets_get_a_crop_at_least_so_often_and_nobody_without_an_id_any() -> None:
    t = np.arange(1000)
    tracks = clip(t, np.ones(1000, np.int64), 400.0)
    assert len(sample(tracks, FILM, 16)) == 16
    often = tracks.frame[sample(tracks, FILM, 16, seconds=0.5)]
    assert len(often) == 80
    assert np.diff(often).max() <= 25
    assert len(every(tracks, FILM, 4)) == 250
    from pyarrow import array, table

    nobody = table({"frame": [1], "track_id": array([None], "int64"), "x": [4.0], "y": [4.0], "w": [40.0], "h": [90.0]})
    assert len(sample(Tracks(nobody, nobody), FILM)) == len(every(Tracks(nobody, nobody), FILM)) == 0


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of 64x48; frame k is k times 20 bright on the left half, and black on the right."""
    path = tmp_path_factory.mktemp("film") / "v.mp4"
    frames = np.zeros((10, 48, 64, 3), np.uint8)
    frames[:, :, :32] = (np.arange(10) * 20)[:, None, None, None]
    write_video(path, frames, Fraction(25), quality=10)
    return path


def small(frame: object, x: object, base: int | None = 1, size: tuple[int, int] | None = (64, 48)) -> Tracks:
    made = clip(frame, np.arange(len(np.atleast_1d(np.asarray(frame)))), x, 8.0, 16.0, 30.0)
    width, height = size or (None, None)
    return Tracks(made.canonical, made.source, Clip(width=width, height=height, source="t.txt", frame_base=base))


@pytest.mark.parametrize("base", [0, 1])
def test_crops_are_what_the_boxes_show(film: Path, base: int) -> None:
    tracks = small(np.array([3, 3, 7, 0]) + base, [8.0, 40.0, -4.0, 8.0], base)
    seen = crops(film, tracks, np.array([2, 0, 1, 3]))
    found = {int(row): crop for rows, some in seen for row, crop in zip(rows, some, strict=True)}
    assert [found[k].shape for k in range(4)] == [(30, 16, 3), (30, 16, 3), (30, 12, 3), (30, 16, 3)]
    for row, shade in ((0, 60), (1, 0), (2, 140), (3, 0)):
        assert abs(float(np.median(found[row])) - shade) <= 4
    assert (seen.empty, seen.beyond) == (0, 0)


def test_boxes_without_pixels_and_frames_that_are_not_there_are_counted(film: Path) -> None:
    tracks = small([1, 2, 12, 0], [8.0, 100.0, 8.0, 8.0])
    seen = crops(film, tracks, np.arange(4))
    assert [rows.tolist() for rows, _ in seen] == [[0]]
    assert (seen.empty, seen.beyond) == (1, 2)


def test_of_no_rows_there_are_no_crops(film: Path) -> None:
    assert list(crops(film, small([1, 2], [8.0, 100.0]), np.zeros(0, np.int64))) == []
    assert list(crops(film, small([1], [100.0]), np.array([0]))) == []


def test_another_video_is_refused(film: Path) -> None:
    with pytest.raises(InputError, match=r"64x48 pixels, while the boxes of t\.txt are of one with 1920x1080"):
        crops(film, small([1], [8.0], size=(1920, 1080)), np.array([0]))
    with pytest.raises(InputError, match=r"frames 50 to 50, but .* has only 10 frames from 1 on"):
        crops(film, small([50], [8.0]), np.array([0]))
    with pytest.raises(InputError, match=r"nothing\.mp4"):
        crops(film.with_name("nothing.mp4"), small([1], [8.0]), np.array([0]))
