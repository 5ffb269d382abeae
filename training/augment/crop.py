"""The person moves a little in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import augmentation
from reid_solve.training.settings import option


@augmentation("pad-crop")
@dataclass(frozen=True)
class PadCrop:
    """Pad with black on all sides and cut the old size out again, anywhere (Luo et al. 2019: 10 pixels)."""

    p: float = option("chance of it", 1.0, at_least=0, at_most=1)
    pixels: int = option("padding on each side", 10, at_least=1, at_most=10_000)

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Shift it or not."""
        if own.random() >= self.p:
            return picture
        down, right = own.integers(-self.pixels, self.pixels, 2, endpoint=True)
        height, width = picture.shape[:2]
        out = np.zeros_like(picture)
        if abs(down) < height and abs(right) < width:
            to, of = _overlap(int(down), height), _overlap(-int(down), height)
            across, from_ = _overlap(int(right), width), _overlap(-int(right), width)
            out[to, across] = picture[of, from_]
        return out


def _overlap(shift: int, size: int) -> slice:
    return slice(max(shift, 0), size + min(shift, 0))
