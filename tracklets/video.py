"""Video files as streams of pictures: decoded one after the other, never held; and encoded the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.write import atomically

Picture = npt.NDArray[np.uint8]  # (height, width, 3), blue, green, red
EXTENSIONS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts")
QUALITY = 23  # constant rate factor of H.264; what players and editors are used to


@dataclass(frozen=True)
class Video:
    """A video file.

    Attributes:
        path: of the file.
        width, height: of the picture, pixels.
        rate: frames per second, exactly.
        count: frames, as the container says; 0 where it does not.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    count: int

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.rate)


def probe(path: Path) -> Video:
    """Read a video's header.

    Raises:
        InputError: no file, or no video in it.
    """
    with _opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        count = stream.frames
        if not count and container.duration:
            count = round(container.duration / 1_000_000 * rate)
        return Video(path, stream.codec_context.width, stream.codec_context.height, Fraction(rate), int(count))


def pictures(path: Path, stop: int | None = None, wanted: Iterable[int] | None = None) -> Iterator[tuple[int, Picture]]:
    """Decode a video from its first frame on; a few frames are in memory at a time.

    Args:
        path: of the video.
        stop: number of frames to decode; all by default.
        wanted: ascending numbers of the frames to hand out; all by default. The others are decoded, since frames build
            on each other, but not converted.

    Yields:
        the frame's number from 0, and the picture.

    Raises:
        InputError: no file, no video in it, or one that breaks off.
    """
    av = optional("av", "video", "decoding video")
    picked = None if wanted is None else iter(wanted)
    following = None if picked is None else next(picked, None)
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        number = -1
        try:
            for number, frame in enumerate(container.decode(stream)):
                if (stop is not None and number >= stop) or (picked is not None and following is None):
                    return
                if picked is not None:
                    if number != following:
                        continue
                    following = next(picked, None)
                yield number, frame.to_ndarray(format="bgr24")
        except av.FFmpegError as error:
            raise InputError(
                f"{path}: cannot be decoded after frame {number}: {error.strerror}; re-encode it, or cut it there"
            ) from error
    if number < 0:
        raise InputError(f"{path}: holds no frames; is the file complete?")


def write_video(path: Path, frames: Iterable[Picture], rate: Fraction, quality: int = QUALITY) -> int:
    """Encode pictures of one size as H.264 in mp4, whole or not at all.

    Args:
        path: of the new file.
        frames: pictures; odd widths and heights lose their last column or row, which H.264 cannot hold.
        rate: frames per second.
        quality: constant rate factor, 0 (lossless) to 51.

    Returns:
        the number of frames written.

    Raises:
        OutputError: it cannot be written.
    """
    av = optional("av", "video", "encoding video")
    written = 0

    def fill(target: Any) -> None:
        nonlocal written
        with av.open(target, "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"crf": str(quality), "preset": "veryfast"})
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 0
            for written, picture in enumerate(frames, 1):
                height, width = picture.shape[0] & ~1, picture.shape[1] & ~1
                if written == 1:
                    stream.width, stream.height = width, height
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="bgr24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    atomically(path, fill)
    return written


def first_frame(tracks: Tracks) -> int:
    """The number that a table gives to the video's first frame: as its format says, else 0 if it uses 0, else 1."""
    if tracks.clip.frame_base is not None:
        return tracks.clip.frame_base
    frame = tracks.frame
    return 0 if len(frame) and int(frame.min()) == 0 else 1


def _opened(path: Path) -> Any:
    av = optional("av", "video", "decoding video")
    if not Path(path).is_file():
        raise InputError(f"{path}: no such video; check the name")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise InputError(f"{path}: not a video that can be read ({error.strerror}); re-encode it as mp4") from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{path}: no pictures in it, only sound or data")
    return container
