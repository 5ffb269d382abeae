"""A lens out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import augmentation
from reid_solve.training.settings import option


@augmentation("blur")
@dataclass(frozen=True)
class Blur:
    """Gaussian blur of a width drawn evenly."""

    p: float = option("chance of it", 0.2, at_least=0, at_most=1)
    low: float = option("smallest sigma, pixels", 0.1, above=0, not_above="high")
    high: float = option("largest sigma, pixels", 2.0, above=0, at_most=100)

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Blur it or not."""
        if own.random() >= self.p:
            return picture
        cv2 = optional("cv2", "train", "blur")
        sigma = own.uniform(self.low, self.high)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
