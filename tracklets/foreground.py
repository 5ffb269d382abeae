"""Which pixels of a crop are the person: all that do not have the colour of the ground behind.

The ground (grass, parquet, snow) is learnt from the clip itself: at the sides of people's boxes, from the waist down,
there is mostly ground. Colours are CIE L*a*b*, in which distances are about as large as they look (CIE 1976); the
ground is one Gaussian in it, whose wide axis, light against shade, is learnt too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import BoolArray, FloatArray

Picture = npt.NDArray[np.uint8]
Lab = npt.NDArray[np.float32]  # (height, width, 3): L* from 0 to 100, a* and b* about 0

SIDE = 0.15  # of a box's width, at either side: beside the person
WAIST = 0.5  # of a box's height: above it, there are hoardings and stands behind people
GATE = 11.34  # chi-square with 3 degrees of freedom, 99 %
BIN = 4.0  # L*a*b* units; finer than a surface's texture
FLOOR = 2.0  # L*a*b* units; least standard deviation of a surface: what video compression leaves of a flat colour
LEAST_SHARE = 0.25  # of the pixels beside people; a colour that covers less is no ground
LOOSEST = 12.0  # L*a*b* units; largest standard deviation of a* or b* that is still one colour
ROUNDS = 10


@dataclass(frozen=True)
class Ground:
    """Colour of the playing surface: mean (3,) and precision (3, 3) in L*a*b*, and the share of pixels that have it."""

    mean: FloatArray
    precision: FloatArray
    share: float

    def foreground(self, colours: Lab) -> BoolArray:
        """Which colours (..., 3) are not the ground's, (...)."""
        return _distance(np.asarray(colours, float), self.mean, self.precision) > GATE


def to_lab(picture: Picture, size: tuple[int, int] | None = None) -> Lab:
    """A picture (h, w, 3), blue, green, red, as L*a*b*.

    Args:
        picture: a crop.
        size: width and height to shrink or stretch it to first, averaging over pixels that become one.
    """
    cv2 = optional("cv2", "video", "looking at colours")
    if size is not None:
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    lab: Lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    return lab


def beside(lab: Lab) -> Lab:
    """Pixels (m, 3) of a crop that are probably ground: left and right of the legs."""
    height, width = lab.shape[:2]
    side = max(round(SIDE * width), 1)
    legs = lab[round(WAIST * height) :]
    return np.concatenate([legs[:, :side].reshape(-1, 3), legs[:, width - side :].reshape(-1, 3)])


def learn_ground(crops: Iterable[Lab]) -> Ground | None:
    """Learn the colour of the ground from crops of people; None where there is no such colour.

    The commonest hue and saturation beside people is where it starts; mean and covariance of what lies within 99 % of
    them are then taken again, until they stay.
    """
    parts = [beside(lab) for lab in crops]
    if not parts:
        return None
    pixels = np.concatenate(parts).astype(float)
    cell = np.floor(pixels[:, 1:] / BIN).astype(np.int64)
    _, which, count = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    inside = which.ravel() == int(count.argmax())
    mean, covariance, precision = np.zeros(3), np.eye(3), np.eye(3)
    for _ in range(ROUNDS):
        mean = pixels[inside].mean(axis=0)
        away = pixels[inside] - mean
        covariance = away.T @ away / len(away) + FLOOR**2 * np.eye(3)
        precision = np.linalg.inv(covariance)
        before, inside = inside, _distance(pixels, mean, precision) <= GATE
        if (before == inside).all():
            break
    share = float(inside.mean())
    one_colour = covariance[[1, 2], [1, 2]].max() <= LOOSEST**2
    return Ground(mean, precision, share) if share >= LEAST_SHARE and one_colour else None


def _distance(colours: FloatArray, mean: FloatArray, precision: FloatArray) -> FloatArray:
    away = colours - mean
    return np.asarray(np.einsum("...i,ij,...j->...", away, precision, away))
