"""Videos as streams: exact rates, picked and scaled frames, pictures made ahead, files that are whole or not there."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from reid_solve.tracklets.errors import InputError, OutputError
from reid_solve.tracklets.video import Picture, ahead, pictures, probe, write_video

SHADES = [20 * k for k in range(12)]


def shaded(height: int = 48, width: int = 64) -> Iterator[Picture]:
    """Frames of one shade of grey each, so that each can be told."""
    for shade in SHADES:
        yield np.full((height, width, 3), shade, np.uint8)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "v.mp4"
    assert write_video(path, shaded(), Fraction(30000, 1001)) == len(SHADES)
    return path


@pytest.mark.parametrize(
    "rate", [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(50), Fraction(1)]
)
def test_what_is_written_is_read(tmp_path: Path, rate: Fraction) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, shaded(), rate)
    found = probe(path)
    assert (found.rate, found.count, found.width, found.height) == (rate, len(SHADES), 64, 48)
    frames = list(pictures(path))
    assert [number for number, _ in frames] == list(range(len(SHADES)))
    assert [round(float(picture.mean())) for _, picture in frames] == pytest.approx(SHADES, abs=4)


def test_an_odd_size_loses_a_line(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", shaded(49, 65), Fraction(25))
    assert (probe(tmp_path / "v.mp4").width, probe(tmp_path / "v.mp4").height) == (64, 48)


def test_the_picture_itself_is_encoded_not_a_neighbour_in_memory(tmp_path: Path) -> None:
    """A picture that is a part of another, whose rows do not follow each other in memory."""
    wide = np.zeros((48, 128, 3), np.uint8)
    wide[:, 64:] = 200
    write_video(tmp_path / "v.mp4", [wide[:, :64], wide[:, 64:]], Fraction(25))
    assert [picture.mean() for _, picture in pictures(tmp_path / "v.mp4")] == pytest.approx([0, 200], abs=4)


def test_some_frames_and_another_size(video: Path) -> None:
    some = list(pictures(video, wanted=[2, 5, 11], size=(32, 16)))
    assert [number for number, _ in some] == [2, 5, 11]
    assert all(picture.shape == (16, 32, 3) for _, picture in some)
    assert [round(float(picture.mean())) for _, picture in some] == pytest.approx([40, 100, 220], abs=4)
    assert [number for number, _ in pictures(video, stop=3)] == [0, 1, 2]


def test_it_can_be_played_before_all_of_it_is_there(video: Path) -> None:
    data = video.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    code = f"""
import resource
from fractions import Fraction
from pathlib import Path
import numpy as np
from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.video import write_video
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
noise = np.random.default_rng(0).integers(0, 255, (40, 240, 320, 3), np.uint8)
try:
    write_video(Path({str(tmp_path / "v.mp4")!r}), noise, Fraction(25))
except OutputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "v.mp4: cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failing_source_or_no_folder_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Picture]:
        yield from shaded()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_video(tmp_path / "v.mp4", ahead(broken()), Fraction(25))
    with pytest.raises(OutputError, match="no folder"):
        write_video(tmp_path / "no" / "v.mp4", shaded(), Fraction(25))
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_breaks_off_is_one_line(video: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(video.read_bytes()[:400])
    with pytest.raises(InputError, match=r"cut\.mp4"):
        list(ahead(pictures(tmp_path / "cut.mp4")))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4: not a video"):
        probe(tmp_path / "text.mp4")


def test_only_a_few_items_are_made_ahead() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for k in range(1000):
            made.append(k)
            yield k

    seen = []
    for item in ahead(source(), depth=3):
        seen.append(item)
        if item % 100 == 0:
            time.sleep(0.01)
        assert len(made) <= len(seen) + 3 + 2
    assert seen == list(range(1000))


def test_stopping_early_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    threads = threading.active_count()
    items = ahead(ahead(source()))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert closed.wait(5)
    assert threading.active_count() == threads
