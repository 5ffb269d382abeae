"""Other light, other cameras: jitter of brightness, contrast, saturation and hue, and gamma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import augmentation
from reid_solve.training.settings import option

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)  # ITU-R BT.601


@augmentation("jitter")
@dataclass(frozen=True)
class Jitter:
    """Brightness, contrast, saturation and hue, as torchvision's ColorJitter, in this order and in one pass.

    Each factor is drawn from 1 - value to 1 + value; the hue is turned by up to ``hue`` of the colour circle. All four
    are linear in the colours but for the clipping at the end, so a picture costs one 3 x 4 matrix.
    """

    p: float = option("chance of it", 1.0, at_least=0, at_most=1)
    brightness: float = option("largest change, as a share", 0.2, at_least=0, at_most=1)
    contrast: float = option("largest change, as a share", 0.2, at_least=0, at_most=1)
    saturation: float = option("largest change, as a share", 0.2, at_least=0, at_most=1)
    hue: float = option("largest turn, as a share of the circle", 0.0, at_least=0, at_most=0.5)

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Change its colours or not."""
        if own.random() >= self.p:
            return picture
        cv2 = optional("cv2", "train", "jitter")
        spread = np.array([self.brightness, self.contrast, self.saturation])
        bright, contrast, saturation = 1 + spread * own.uniform(-1, 1, 3)
        turn = 2 * np.pi * self.hue * own.uniform(-1, 1)
        grey = np.repeat(LUMA, 3, axis=0)
        mixed = saturation * np.eye(3) + (1 - saturation) * grey
        if turn:
            mixed = _turned(turn) @ mixed
        mean = bright * (LUMA @ picture.reshape(-1, 3).mean(axis=0))  # contrast pulls towards the mean grey
        matrix = np.column_stack([bright * contrast * mixed, np.full(3, (1 - contrast) * mean)])
        return np.asarray(cv2.transform(picture, matrix.astype(np.float32)), np.uint8)


def _turned(angle: float) -> np.ndarray:
    """Colours turned about the axis of greys (Rodrigues), which stay as they are: (3, 3)."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


@augmentation("gamma")
@dataclass(frozen=True)
class Gamma:
    """Exposure: 255 · (v / 255) ** gamma, by table."""

    p: float = option("chance of it", 1.0, at_least=0, at_most=1)
    low: float = option("smallest exponent (brighter)", 0.8, above=0, not_above="high")
    high: float = option("largest exponent (darker)", 1.2, above=0, at_most=100)

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Expose it otherwise or not."""
        if own.random() >= self.p:
            return picture
        exponent = np.exp(own.uniform(np.log(self.low), np.log(self.high)))
        table = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
        return np.asarray(table[picture])
