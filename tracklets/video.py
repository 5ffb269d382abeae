"""Video files as streams of pictures: decoded one after the other, never held; and encoded the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.decode import every_frame, opened, wanted_frames
from reid_solve.tracklets.errors import InputError, OutputError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.write import atomically

Picture = npt.NDArray[np.uint8]  # (height, width, 3), blue, green, red
EXTENSIONS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".ts")
QUALITY = 23  # constant rate factor of H.264; what players and editors are used to
AHEAD = 4  # pictures that a thread makes before they are asked for: 100 MB of 4K

Item = TypeVar("Item")


@dataclass(frozen=True)
class Video:
    """A video file.

    Attributes:
        path: of the file.
        width, height: of the picture, pixels.
        rate: frames per second, exactly.
        count: frames, as the container says; 0 where it does not.
        exact: whether it has counted them; if not, they follow from its length.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    count: int
    exact: bool = True

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.rate)


def probe(path: Path) -> Video:
    """Read a video's header.

    Raises:
        InputError: no file, or no video in it.
    """
    with opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        count, exact = stream.frames, bool(stream.frames)
        if not exact and container.duration:
            count = round(container.duration / 1_000_000 * rate)
        width, height = stream.codec_context.width, stream.codec_context.height
        return Video(path, width, height, Fraction(rate), int(count), exact)


def pictures(
    path: Path, stop: int | None = None, wanted: Iterable[int] | None = None, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, Picture]]:
    """Decode a video from its first frame on; a few frames are in memory at a time.

    Args:
        path: of the video.
        stop: number of frames to decode; all by default.
        wanted: numbers of the frames to hand out; all by default. Of the others only those are decoded on which frames
            may build, see ``decode.wanted_frames``.
        size: width and height to scale to; the video's own by default.

    Yields:
        the frame's number from 0, and the picture.

    Raises:
        InputError: no file, no video in it, or one that breaks off.
    """
    av = optional("av", "video", "decoding video")
    number = -1
    if stop is not None and wanted is not None:
        wanted = [frame for frame in wanted if frame < stop]
    try:
        for number, frame in every_frame(path) if wanted is None else wanted_frames(path, wanted):
            if stop is not None and number >= stop:
                return
            if size is not None and size != (frame.width, frame.height):
                frame = frame.reformat(*size, format="bgr24", interpolation="AREA")
            yield number, frame.to_ndarray(format="bgr24")
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: cannot be decoded after frame {number}: {error.strerror}; re-encode it, or cut it there"
        ) from error


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
        # By its name, not through Python's stream: so it is told what goes wrong on the disk.
        with av.open(target.name, "w", format="mp4", options={"movflags": "faststart"}) as container:
            try:
                stream = container.add_stream("libx264", rate=rate, options={"crf": str(quality), "preset": "veryfast"})
            except ValueError as error:
                text = "this build of PyAV has no libx264; pip install --force-reinstall av"
                raise OutputError(f"{path}: cannot be encoded: {text}") from error
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 0
            for written, picture in enumerate(frames, 1):
                height, width = picture.shape[0] & ~1, picture.shape[1] & ~1
                if written == 1:
                    stream.width, stream.height = width, height
                # Not from_ndarray, whose copy costs more than the conversion to the encoder's own format.
                whole = np.ascontiguousarray(picture[:height, :width])
                frame = av.VideoFrame.from_numpy_buffer(whole, format="bgr24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    try:
        atomically(path, fill)
    except av.FFmpegError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; make room, or choose another place") from error
    return written


def ahead(items: Iterable[Item], depth: int = AHEAD) -> Iterator[Item]:
    """Let a thread of its own make items while others are being used: decoding, drawing and encoding side by side.

    What goes wrong over there is raised here; when this stops early, the thread stops, too.

    Args:
        items: made in the thread, one after the other.
        depth: how many may wait.
    """
    waiting: Queue[tuple[bool, Any]] = Queue(depth)
    stopped = Event()

    def put(done: bool, item: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((done, item), timeout=0.1)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        source = iter(items)
        error: BaseException | None = None
        try:
            for item in source:
                if not put(False, item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            if hasattr(source, "close"):
                source.close()
        put(True, error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            done, item = waiting.get()
            if done:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            try:
                waiting.get_nowait()
            except Empty:
                thread.join(0.01)


def first_frame(tracks: Tracks) -> int:
    """The number that a table gives to the video's first frame: as its format says, else 0 if it uses 0, else 1."""
    if tracks.clip.frame_base is not None:
        return tracks.clip.frame_base
    frame = tracks.frame
    return 0 if len(frame) and int(frame.min()) == 0 else 1
