"""Which detections of a video are worth looking at, and cutting them out of it in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.overlaps import overlaps
from reid_solve.tracklets.table import FloatArray, IntArray, Tracks
from reid_solve.tracklets.video import Picture, Video, first_frame, pictures, probe

PER_TRACKLET = 16
BEHIND = 0.5  # somebody behind shows only where the person's own box holds background, about half of it
SMALL = 48.0  # pixels of height; below, a shirt is a handful of pixels and a network's input mostly interpolation
UNCLEAR = 0.5  # least quality of a crop, where the tracklet has a better one: more of others than of him
CENTRE = 0.2  # how much of its quality a crop may lack to be preferred for lying in the middle of its stretch
MIN_PIXELS = 2  # of either side, after clipping


def quality(tracks: Tracks, video: Video) -> FloatArray:
    """How much of each row's crop is the person, (n,) from 0 (nothing usable) to 1 (whole, alone and large enough).

    The product of the share of the box that no other box covers, the share that lies in the picture, and, below
    ``SMALL`` pixels, the height. What the pixels look like (blur) is not known before they are decoded.
    """
    x, y, w, h = tracks.boxes.T
    area = np.maximum(w * h, 1e-9)
    width = np.minimum(x + w, video.width) - np.maximum(x, 0)
    height = np.minimum(y + h, video.height) - np.maximum(y, 0)
    inside = np.maximum(width, 0) * np.maximum(height, 0) / area
    large = np.minimum(h / SMALL, 1)
    seen = (width >= MIN_PIXELS) & (height >= MIN_PIXELS) & tracks.usable
    return np.where(seen, np.clip(1 - _covered(tracks), 0.01, 1) * np.clip(inside, 0, 1) * large, 0.0)


def _covered(tracks: Tracks) -> FloatArray:
    """Share of each box (n,) that boxes of the same frame cover; those behind, whose feet are higher, count half."""
    _, y, w, h = tracks.boxes.T
    rows = np.flatnonzero(tracks.usable)
    covered = np.zeros(len(tracks))
    if len(rows):
        picture = tracks.sequence * (int(np.ptp(tracks.frame)) + 1) + tracks.frame
        for i, j, shared in overlaps(picture[rows], tracks.boxes[rows]):
            a, b = rows[i], rows[j]
            a_behind = y[a] + h[a] < y[b] + h[b]
            covered += np.bincount(a, shared * np.where(a_behind, 1, BEHIND), minlength=len(covered))
            covered += np.bincount(b, shared * np.where(a_behind, BEHIND, 1), minlength=len(covered))
    return np.asarray(covered / np.maximum(w * h, 1e-9))


def sample(tracks: Tracks, video: Video, per_tracklet: int = PER_TRACKLET, seconds: float | None = None) -> IntArray:
    """Choose the rows to crop: the best of every stretch of time of each tracklet.

    A tracklet is divided into ``per_tracklet`` stretches of equal time, or more where they would be longer than
    ``seconds``; of each the row of the best ``quality`` is taken. Unclear rows are left out, except for a
    tracklet's best.

    Args:
        tracks: rows; those without an id are not sampled, but hide others.
        video: what they were seen in.
        per_tracklet: stretches, and so rows at most, of a tracklet, 1 or more.
        seconds: longest stretch; None leaves a long tracklet with ``per_tracklet`` rows.

    Returns:
        rows (m,), ascending by frame, then row.
    """
    good = quality(tracks, video)
    node = tracklet(tracks)
    rows = np.flatnonzero((node >= 0) & (good > 0))
    if not len(rows):
        return rows
    node, frame, good = np.unique(node[rows], return_inverse=True)[1], tracks.frame[rows], good[rows]
    count = int(node.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, node, frame)
    np.maximum.at(last, node, frame)
    span = last - first + 1
    parts = np.full(count, max(per_tracklet, 1))
    if seconds is not None:
        parts = np.maximum(parts, np.ceil(span / (seconds * video.fps)).astype(np.int64))
    parts = np.minimum(parts, span)
    place = (frame - first[node] + 0.5) * (parts / span)[node]  # in stretches
    stretch = np.minimum(place.astype(np.int64), parts[node] - 1)
    worth = good * (1 - CENTRE * 2 * np.abs(place - stretch - 0.5))
    key = np.concatenate([[0], np.cumsum(parts)])[node] + stretch
    order = np.lexsort((-worth, key))
    chosen = order[np.diff(key[order], prepend=-1) > 0]
    best = np.zeros(count)
    np.maximum.at(best, node[chosen], good[chosen])
    chosen = chosen[good[chosen] >= np.minimum(UNCLEAR, best[node[chosen]])]
    return by_frame(tracks, rows[chosen])


def every(tracks: Tracks, video: Video, step: int = 1) -> IntArray:
    """All rows with an id and something to see, of every ``step``-th frame from the first: (m,), ascending by frame."""
    rows = np.flatnonzero((tracklet(tracks) >= 0) & (quality(tracks, video) > 0))
    frame = tracks.frame[rows]
    return by_frame(tracks, rows[(frame - frame.min(initial=0)) % max(step, 1) == 0])


def by_frame(tracks: Tracks, rows: IntArray) -> IntArray:
    """Rows (m,) in the order in which a video shows them."""
    return rows[np.lexsort((rows, tracks.frame[rows]))]


def tracklet(tracks: Tracks) -> IntArray:
    """One number for each (sequence, id), (n,); -1 without an id."""
    code, names = tracks.codes("track_id")
    return np.where(code < 0, -1, tracks.sequence * (len(names) + 1) + code)


@dataclass
class Crops:
    """Crops of a video as they are decoded; iterate once. The counts are complete when the iteration is.

    Attributes:
        video: to decode.
        rows: (m,) rows of the table, ascending by frame.
        frame: (m,) frames of the video, from 0.
        corners: (m, 4) left, top, right, bottom, clipped to the picture.
        empty: rows whose box has no pixel in the picture.
        beyond: rows of frames that the video does not have.
    """

    video: Video
    rows: IntArray
    frame: IntArray
    corners: npt.NDArray[np.int64]
    empty: int = 0
    beyond: int = 0

    def __iter__(self) -> Iterator[tuple[IntArray, list[Picture]]]:
        """Rows (k,) of one frame and their crops, (height, width, 3) BGR each, frame after frame."""
        frames, begin = np.unique(self.frame, return_index=True)
        end = np.append(begin, len(self.frame))[1:]  # none, where there are no rows
        at = {frame: (a, b) for frame, a, b in zip(frames.tolist(), begin.tolist(), end.tolist(), strict=True)}
        left = len(self.rows)
        for number, picture in pictures(self.video.path, wanted=frames.tolist()):
            begins, ends = at[number]
            left -= ends - begins
            corners = self.corners[begins:ends].tolist()
            # a copy, or each crop would keep its whole picture
            yield self.rows[begins:ends], [picture[top:bottom, x:right].copy() for x, top, right, bottom in corners]
        self.beyond += left


def crops(video: Video | Path, tracks: Tracks, rows: IntArray, first: int | None = None) -> Crops:
    """Cut rows out of a video that is decoded once, from its beginning; one picture is in memory at a time.

    Args:
        video: a file that was probed, or its path.
        tracks: the table.
        rows: (m,) rows to cut out, in any order.
        first: number that the table gives to the video's first frame; else ``first_frame`` of the table.

    Returns:
        an iterable of rows and crops of one frame; boxes without a pixel in the picture are left out and counted.

    Raises:
        InputError: no such video; the boxes are of a picture of another size; no row lies in the video's time.
    """
    video = video if isinstance(video, Video) else probe(video)
    clip = tracks.clip
    if clip.width and clip.height and (clip.width, clip.height) != (video.width, video.height):
        raise InputError(
            f"{video.path}: its picture has {video.width}x{video.height} pixels, while the boxes of {clip.source} are "
            f"of one with {clip.width}x{clip.height}; give the video that they were made from"
        )
    rows = by_frame(tracks, np.asarray(rows, np.int64))
    base = first_frame(tracks) if first is None else first
    frame = tracks.frame[rows] - base
    low = np.clip(np.floor(tracks.boxes[rows, :2]), 0, (video.width, video.height))
    high = np.clip(np.ceil(tracks.boxes[rows, :2] + tracks.boxes[rows, 2:]), 0, (video.width, video.height))
    corners = np.nan_to_num(np.column_stack([low, high])).astype(np.int64)
    whole = (corners[:, 2:] - corners[:, :2] >= MIN_PIXELS).all(axis=1)
    there = (frame >= 0) & ((frame < video.count) | (video.count == 0))
    if len(rows) and not there.any():
        raise InputError(
            f"{clip.source}: frames {tracks.frame[rows[0]]} to {tracks.frame[rows[-1]]}, but {video.path} has only "
            f"{video.count} frames from {base} on; give the video that belongs to it, or say --first-frame"
        )
    early = frame < 0  # frames after the end are counted when the end is seen: containers may err about it
    kept = whole & ~early
    return Crops(video, rows[kept], frame[kept], corners[kept], int((~whole).sum()), int((whole & early).sum()))
