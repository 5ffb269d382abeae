"""Wanted frames are the frames that plain decoding gives those numbers, whatever the container says or leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from reid_solve.tracklets import decode
from reid_solve.tracklets.decode import every_frame, wanted_frames
from reid_solve.tracklets.errors import InputError

COUNT = 150  # frames: more than wait for their number, and more than one group of pictures
# Every other frame is one on which none builds.
PARTS = "bframes=3:b-adapt=0:b-pyramid=normal:keyint=40:scenecut=0"
PYRAMID = {"crf": "12", "preset": "veryfast", "x264-params": PARTS}
OPEN = {**PYRAMID, "x264-params": f"{PARTS}:open-gop=1"}


def film(path: Path, codec: str = "libx264", options: dict[str, str] | None = None,
         time: Callable[[int], int] = int) -> Path:  # fmt: skip
    """A bright square that walks through the picture: where it is tells the frame."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or PYRAMID)
        stream.width, stream.height, stream.pix_fmt = 192, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number in range(COUNT):
            picture = np.full((64, 192, 3), 30, np.uint8)
            picture[10:50, number : number + 40] = 200
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = time(number), Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pixels(frames: Iterator[tuple[int, Any]]) -> dict[int, np.ndarray]:
    return {number: frame.to_ndarray(format="bgr24") for number, frame in frames}


def place(picture: np.ndarray) -> int:
    """The column at which the square begins."""
    return int(np.flatnonzero(picture[30, :, 1] > 115)[0])


def uneven(number: int) -> int:
    return number + (number // 7) * 3


KINDS: dict[str, dict[str, Any]] = {
    "pyramid.mp4": {}, "pyramid.mkv": {}, "pyramid.ts": {}, "open.mp4": {"options": OPEN},
    "uneven.mp4": {"time": uneven}, "late.mkv": {"time": lambda number: number + 500},
    "hevc.mp4": {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:bframes=4"}},
    "plain.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "30", "b": "2000000"}}, "bare.h264": {},
}  # fmt: skip
SURE = ("pyramid.mp4", "pyramid.mkv", "open.mp4", "uneven.mp4", "late.mkv", "hevc.mp4")


@pytest.fixture(scope="module", params=KINDS)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Any]]:
    """A film of each kind, and all its pictures."""
    path = film(tmp_path_factory.mktemp("films") / request.param, **KINDS[request.param])
    every = pixels(every_frame(path))
    assert all(abs(place(picture) - number) <= 1 for number, picture in every.items())
    return path, every


@pytest.mark.parametrize("wanted", [range(0, COUNT, 2), range(1, COUNT, 7), [3, 77, 149], [0], [64, 65], [5, 500]])
def test_wanted_frames_are_those_of_plain_decoding(
    known: tuple[Path, dict[int, Any]], wanted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, every = known
    if path.name in SURE:
        monkeypatch.delattr(decode, "_picked_frames")  # what is slow is not needed
    found = pixels(wanted_frames(path, wanted))
    assert list(found) == [number for number in wanted if number < len(every)]
    for number, picture in found.items():
        np.testing.assert_array_equal(picture, every[number])


class Counting:
    """A stream that counts the frames it decodes."""

    count = 0

    def __init__(self, stream: Any) -> None:
        self.stream, self.codec_context = stream, stream.codec_context

    def decode(self, packet: Any) -> Any:
        frames = self.stream.decode(packet)
        Counting.count += len(frames)
        return frames


def test_frames_on_which_none_builds_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = film(tmp_path / "v.mp4")
    stream_of = decode._stream
    monkeypatch.setattr(decode, "_stream", lambda container: Counting(stream_of(container)))
    assert len(pixels(wanted_frames(path, [0, COUNT - 1]))) == 2
    assert COUNT / 4 < Counting.count < 0.7 * COUNT


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ["pyramid.mp4", "pyramid.ts", "pyramid.mkv"])
def test_damaged_films_give_what_plain_decoding_gives(name: str, seed: int, tmp_path: Path) -> None:
    path = film(tmp_path / name)
    content = bytearray(path.read_bytes())
    chance = np.random.default_rng(seed)
    for at in chance.integers(len(content) // 4, len(content) * 3 // 4, 3):
        content[at] ^= int(chance.integers(1, 256))
    path.write_bytes(content)

    def read(frames: Iterator[tuple[int, Any]]) -> tuple[dict[int, Any], bool]:
        found: dict[int, Any] = {}
        try:
            for number, frame in frames:
                found[number] = frame.to_ndarray(format="bgr24")
        except (av.FFmpegError, InputError):
            return found, True
        return found, False

    every, broken = read(every_frame(path))
    found, failed = read(wanted_frames(path, range(0, COUNT, 2)))
    assert broken or not failed
    even = [number for number in every if number % 2 == 0]
    # Damage in a frame that is left out does no harm.
    assert list(found) == (sorted(found) if broken else even)
    assert set(even) <= set(found) <= set(range(0, COUNT, 2))


def test_no_frames_is_one_line_and_nothing_wanted_is_nothing(tmp_path: Path) -> None:
    path = film(tmp_path / "v.mp4")
    assert list(wanted_frames(path, [])) == []
    assert list(wanted_frames(path, [-3, COUNT])) == []
    with pytest.raises(InputError, match="no such video"):
        list(wanted_frames(tmp_path / "none.mp4", [0]))
