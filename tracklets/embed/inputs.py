"""Crops of any size as one array of the size that a model wants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

VERSION = 1  # of what happens to a crop before the network; a new one makes cached embeddings old
PERSON = (256, 128)  # height and width that re-identification networks are trained with
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Input:
    """What a network wants to see.

    Attributes:
        size: height and width, pixels.
        mean, std: of red, green, blue in 0..1.
        letterbox: keep the crop's shape and fill the rest with the mean colour; else stretch it.
    """

    size: tuple[int, int]
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    letterbox: bool = False

    def prepare(self, crops: list[Picture]) -> npt.NDArray[np.uint8]:
        """Crops as (n, 3, height, width), red first."""
        out = np.empty((len(crops), *self.size, 3), np.uint8)
        for k, crop in enumerate(crops):
            out[k] = self._fitted(crop)
        return np.ascontiguousarray(out[..., ::-1].transpose(0, 3, 1, 2))

    def framed(self, crops: list[Picture], margins: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
        """Crops as (n, top + height + bottom, left + width + right, 3), blue first, the mean colour around them.

        Args:
            crops: BGR, of any sizes.
            margins: top, bottom, left, right, in pixels.
        """
        (height, width), (top, bottom, left, right) = self.size, margins
        out = np.repeat(_plain(top + height + bottom, left + width + right, self.mean)[None], len(crops), axis=0)
        for k, crop in enumerate(crops):
            out[k, top : top + height, left : left + width] = self._fitted(crop)
        return out

    def normalise(self, batch: Any, out: npt.NDArray[np.float32] | None = None) -> Any:
        """Pixels (n, 3, height, width) as numbers around 0; numpy arrays stay numpy, in float32.

        ``out``, an array of that shape, is filled instead of a new one, whose pages cost more than the numbers.
        """
        mean, std = (np.array(v, np.float32).reshape(1, -1, 1, 1) * 255 for v in (self.mean, self.std))
        if out is None:
            out = np.subtract(batch, mean, dtype=np.float32)
        else:
            np.copyto(out, batch)
            out -= mean
        out /= std
        return out

    def _fitted(self, crop: Picture) -> npt.NDArray[np.uint8]:
        return self._boxed(crop) if self.letterbox else resized(crop, self.size)

    def _boxed(self, crop: Picture) -> npt.NDArray[np.uint8]:
        height, width = self.size
        scale = min(height / crop.shape[0], width / crop.shape[1])
        inner = (min(max(round(crop.shape[0] * scale), 1), height), min(max(round(crop.shape[1] * scale), 1), width))
        out = _plain(height, width, self.mean).copy()
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        out[top : top + inner[0], left : left + inner[1]] = resized(crop, inner)
        return out


@cache
def _plain(height: int, width: int, mean: tuple[float, ...]) -> npt.NDArray[np.uint8]:
    """A picture (height, width, 3) of the mean colour, blue first. Kept: copying one costs less than filling it."""
    return np.tile(np.round(np.array(mean[::-1]) * 255).astype(np.uint8), (height, width, 1))


def resized(crop: Picture, size: tuple[int, int]) -> Picture:
    """A crop at another height and width: averaged where it shrinks, interpolated where it grows."""
    cv2 = optional("cv2", "video", "resizing crops")
    shrinks = crop.shape[0] > size[0]
    return np.asarray(
        cv2.resize(crop, (size[1], size[0]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )
