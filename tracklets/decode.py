"""Decoded frames of a video by their number, leaving out what nobody asked for where nothing builds on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.extras import optional

REORDER = 64  # packets; H.264 and HEVC store a frame at most 16 frames before or after its turn


class _UnsureError(Exception):
    """The packets do not say for certain which frame each of them is."""


def opened(path: Path) -> Any:
    """Open a video with PyAV, as a context.

    Raises:
        InputError: no file, or no video in it.
    """
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


def every_frame(path: Path) -> Iterator[tuple[int, Any]]:
    """All frames of a video, numbered from 0.

    Raises:
        InputError: no file, no video in it, or one without frames.
        av.FFmpegError: it breaks off.
    """
    number = -1
    with opened(path) as container:
        for number, frame in enumerate(container.decode(_stream(container))):
            yield number, frame
    if number < 0:
        raise InputError(f"{path}: holds no frames; is the file complete?")


def wanted_frames(path: Path, wanted: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """Some frames of a video, ascending.

    Frames that are not wanted are decoded only if the decoder may need them for others: H.264 and HEVC mark those that
    it will not, often half of them. Numbers then come from the times of presentation in the packets. Where these leave
    a doubt, and where anything fails, the video is decoded from its start as ``every_frame`` does, which is slower,
    and never a matter of opinion.

    Args:
        path: of the video.
        wanted: numbers from 0, in any order. Those beyond the end are passed over.

    Raises:
        InputError: no file, no video in it, or one without frames.
        av.FFmpegError: it breaks off.
    """
    av = optional("av", "video", "decoding video")
    left = deque(sorted({number for number in wanted if number >= 0}))
    if not left:
        return
    try:
        for number, frame in _needed_frames(path, set(left)):
            if number != left[0]:
                raise _UnsureError
            yield left.popleft(), frame
            if not left:
                return
    except (_UnsureError, av.FFmpegError):
        yield from _picked_frames(path, left)


def _picked_frames(path: Path, left: deque[int]) -> Iterator[tuple[int, Any]]:
    """Wanted frames, ascending, among all that are decoded."""
    for number, frame in every_frame(path):
        if number == left[0]:
            yield left.popleft(), frame
            if not left:
                return


def _needed_frames(path: Path, wanted: set[int]) -> Iterator[tuple[int, Any]]:
    """Wanted frames; others are decoded where others build on them, and dropped."""
    number_at: dict[int, int] = {}  # of the times of packets sent to the decoder
    sent = last = -1

    def received(frames: list[Any]) -> Iterator[tuple[int, Any]]:
        nonlocal last
        for frame in frames:
            number = number_at.pop(frame.pts, -1)
            if number <= last:
                raise _UnsureError
            last = number
            if number in wanted:
                yield number, frame

    with opened(path) as container:
        stream = _stream(container)
        for number, packet in _numbered(container.demux(video=0)):
            if sent < 0 and (number or not packet.is_keyframe):  # decoders differ about what comes before a key frame
                raise _UnsureError
            stream.codec_context.skip_frame = "DEFAULT" if number in wanted else "NONREF"
            number_at[packet.pts] = number
            sent = max(sent, number)
            yield from received(stream.decode(packet))
            if len(number_at) > 4 * REORDER:  # of frames that were left out
                number_at = {time: number for time, number in number_at.items() if number > last}
        yield from received(stream.decode(None))
    if sent < 0 or any(last < number <= sent for number in wanted):
        raise _UnsureError


def _stream(container: Any) -> Any:
    """The first video, to be decoded by as many threads as there are processors."""
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


def _numbered(packets: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Packets as they come, each with the number of its frame in the order in which they are shown."""
    held: deque[Any] = deque()
    times: list[int] = []
    number_at: dict[int, int] = {}
    shown, last = 0, None

    def known(until: int) -> Iterator[tuple[int, Any]]:
        """Number the earliest frames but ``until``, and let go the packets that they concern."""
        nonlocal shown, last
        while len(times) > until:
            time = heappop(times)
            if last is not None and time <= last:
                raise _UnsureError
            number_at[time], last = shown, time
            shown += 1
        while held and held[0].pts in number_at:
            packet = held.popleft()
            yield number_at.pop(packet.pts), packet

    for packet in packets:
        if not packet.size:  # the demuxer's last
            break
        if packet.pts is None or packet.is_discard or packet.is_corrupt:
            raise _UnsureError
        held.append(packet)
        heappush(times, packet.pts)
        yield from known(REORDER)
    yield from known(0)
