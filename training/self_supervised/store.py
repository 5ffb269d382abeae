"""Crops in memory: a video is decoded once, and what was cut out of it is kept in one array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.crops import crops
from reid_solve.tracklets.embed.cache import Cache, fingerprint
from reid_solve.tracklets.embed.inputs import resized
from reid_solve.tracklets.table import IntArray, Tracks
from reid_solve.tracklets.video import Picture, Video, first_frame


@dataclass(frozen=True)
class Store:
    """Crops by number.

    Attributes:
        rows: (m,) rows of the table, ascending.
        pixels: all crops' pixels, (bytes,).
        begin: (m,) where each crop's are.
        shape: (m, 2) height and width.
    """

    rows: IntArray
    pixels: npt.NDArray[np.uint8]
    begin: IntArray
    shape: IntArray

    def of(self, rows: IntArray) -> Load:
        """Crops of some of the rows, by their place among them."""
        return Load(self, np.searchsorted(self.rows, rows))


@dataclass(frozen=True)
class Load:
    """Crop (h, w, 3), BGR, of a place."""

    store: Store
    at: IntArray

    def __call__(self, place: int) -> Picture:
        """Look it up."""
        number = int(self.at[place])
        begin, (height, width) = int(self.store.begin[number]), self.store.shape[number].tolist()
        return self.store.pixels[begin : begin + height * width * 3].reshape(height, width, 3)


def cut_out(tracks: Tracks, video: Video, rows: IntArray, size: tuple[int, int], *, first: int | None = None,
            cache: Path | None = None) -> Store:  # fmt: skip
    """Cut rows out of a video, or remember what was cut out of it before.

    Args:
        tracks: boxes.
        video: what they were seen in.
        rows: (m,) of the table.
        size: height and width that a network looks at: a crop that is larger both ways is kept at that size.
        first: number of the video's first frame, see ``tracklets.crops.crops``.
        cache: folder that keeps crops; None keeps nothing.

    Returns:
        the crops of those rows that the video has.

    Raises:
        InputError: video and boxes do not belong together.
    """
    rows = np.sort(rows)
    base = first_frame(tracks) if first is None else first
    kept = Cache(cache)
    boxes = np.column_stack([tracks.frame[rows] - base, tracks.boxes[rows]])
    key = _key(f"crops 1; {fingerprint(video.path)}; {size}", boxes)
    found = kept.get(key)
    if found is None:
        found = _decoded(tracks, video, rows, size, base)
        kept.put(key, found)
        kept.prune()
    return Store(rows[found["at"]], found["pixels"], found["begin"], found["shape"])


def _decoded(tracks: Tracks, video: Video, rows: IntArray, size: tuple[int, int], base: int) -> dict[str, np.ndarray]:
    pixels, shape, row = [], [], []
    for numbers, pictures in crops(video, tracks, rows, base):
        for number, picture in zip(numbers.tolist(), pictures, strict=True):
            small = resized(picture, size) if picture.shape[0] > size[0] and picture.shape[1] > size[1] else picture
            pixels.append(small.reshape(-1))
            shape.append(small.shape[:2])
            row.append(number)
    order = np.argsort(row)
    shapes = np.array(shape, np.int64).reshape(-1, 2)[order]
    length = shapes.prod(axis=1) * 3
    return {
        "at": np.searchsorted(rows, np.array(row, np.int64)[order]),
        "pixels": np.concatenate([pixels[k] for k in order]) if pixels else np.zeros(0, np.uint8),
        "begin": np.cumsum(length) - length,
        "shape": shapes,
    }


def _key(asked: str, boxes: npt.NDArray[np.float64]) -> str:
    from hashlib import sha256

    digest = sha256(asked.encode())
    digest.update(np.ascontiguousarray(boxes).tobytes())
    return digest.hexdigest()
