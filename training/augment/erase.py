"""Somebody stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import augmentation
from reid_solve.training.settings import option

TRIES = 10  # a rectangle of the drawn area and shape may not fit


@augmentation("erase")
@dataclass(frozen=True)
class Erase:
    """Random erasing (Zhong et al. 2020): a rectangle of the picture becomes its mean colour, or noise."""

    p: float = option("chance of it", 0.5, at_least=0, at_most=1)
    smallest: float = option("least area, as a share of the picture", 0.02, above=0, below=1,
                             not_above="largest")  # fmt: skip
    largest: float = option("largest area, as a share of the picture", 0.33, above=0, below=1)
    ratio: float = option("longest side of the rectangle over the shortest, at most", 3.3, at_least=1, at_most=100)
    fill: Literal["mean", "noise"] = option("what it is filled with: the picture's mean colour, or noise", "mean")

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Erase something or not."""
        if own.random() >= self.p:
            return picture
        height, width = picture.shape[:2]
        for _ in range(TRIES):
            area = own.uniform(self.smallest, self.largest) * height * width
            shape = np.exp(own.uniform(-np.log(self.ratio), np.log(self.ratio)))
            h, w = round(np.sqrt(area * shape)), round(np.sqrt(area / shape))
            if not (0 < h < height and 0 < w < width):
                continue
            top, left = own.integers(0, height - h, endpoint=True), own.integers(0, width - w, endpoint=True)
            out = picture.copy()
            if self.fill == "noise":
                out[top : top + h, left : left + w] = own.integers(0, 256, (h, w, 3), np.uint8)
            else:
                out[top : top + h, left : left + w] = np.round(picture.reshape(-1, 3).mean(axis=0))
            return out
        return picture
