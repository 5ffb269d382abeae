"""Colour and texture of the kit, stripe by stripe: an embedder that needs no weights.

1. Foreground. What is at the left and right of a box is background; colours that its middle has more of are the
   person's. It learns from the crop alone whatever surrounds the person: grass, boards, a hall's floor.
2. Colour. In six soft stripes from head to feet (hair and skin, shirt, shorts, socks, shoes; as Gray and Tao 2008),
   a histogram of CIE Lab: lightness for grey pixels, hue and lightness for coloured ones, a pixel being split between
   the two by its chroma and between neighbouring bins.
3. Texture. Orientation of the gradients of brightness in each stripe (Dalal and Triggs 2005): numbers, hoops, seams.

Histograms enter by their square roots, so that a product of two vectors is the Bhattacharyya coefficient. The numbers
here were set by such reasoning and by looking at masks; none was fitted to the clip that the docs measure.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.inputs import resized
from reid_solve.tracklets.embed.registry import Embedder, Settings, Vectors, backend
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

Floats = npt.NDArray[np.float32]

VERSION = 1
BATCH = 64
SIZE = (64, 28)  # height and width at which crops are looked at; half of a usual broadcast crop
SIDE, MIDDLE = 0.35, 0.25  # distance from the box's middle line, in widths: background from here, person up to here
HEAD, BESIDE_HEAD = 0.15, 0.22  # a head is narrow: so far down, background begins here
LEAST = 0.05  # weight of any pixel: where person and background look alike, colours still count
TAPER = 0.15  # in widths; towards the sides of the box, others' limbs are as likely as one's own
LEVELS = 32  # of blue, green and red each, that are told apart; noise and compression move a pixel by as much
CELLS = (10, 12, 12)  # lightness, a, b: of the histograms that tell foreground from background
SPAN = 60.0  # a and b beyond it are as good as at it
STRIPES = ((0.07, 0.05), (0.24, 0.07), (0.38, 0.07), (0.53, 0.07), (0.71, 0.08), (0.91, 0.06))  # centre, spread
GREY, COLOURED = 6.0, 20.0  # chroma up to which a pixel is grey, from which it is coloured
GREYS, HUES, LIGHTS, ANGLES = 7, 12, 3, 8  # bins
TEXTURE = 0.35  # weight of the texture's vector beside the colour's


@backend("color", "color")
def colours(_: str, settings: Settings) -> Embedder:
    """The descriptor of colour and texture; the same on every device."""
    return ColorEmbedder(settings.batch or BATCH, settings.threads or os.cpu_count() or 1)


class ColorEmbedder:
    """Crops to vectors of colour and texture, (n, 306)."""

    name = "color"

    def __init__(self, batch: int = BATCH, workers: int = 1) -> None:
        self.batch, self.workers = batch, workers
        self.key = f"color {VERSION}"

    def load(self) -> None:
        """Nothing to load; says early where OpenCV is missing."""
        optional("cv2", "video", "the color embedder")

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        """Crops at the common size, (n, 64, 28, 3) BGR."""
        return np.stack([resized(crop, SIZE) for crop in crops])

    def embed(self, batch: npt.NDArray[Any]) -> Vectors:
        """Unit vectors (n, 306) of crops (n, 64, 28, 3)."""
        cell_of, bins_of = _palette()
        level = (batch // (256 // LEVELS)).astype(np.int32)
        kind = (level[..., 0] * LEVELS + level[..., 1]) * LEVELS + level[..., 2]
        weight = foreground(cell_of[kind])
        y = (np.arange(SIZE[0]) + 0.5) / SIZE[0]
        share = np.stack([np.exp(-0.5 * ((y - centre) / spread) ** 2) for centre, spread in STRIPES])
        stripe = (share.astype(np.float32)[:, :, None] * weight[:, None]).reshape(len(batch), len(STRIPES), -1)
        colour = stripe @ bins_of[kind.reshape(len(batch), -1)]
        texture = stripe @ _gradients(batch).reshape(len(batch), -1, ANGLES)
        both = np.concatenate([_rooted(colour), TEXTURE * _rooted(texture)], axis=1)
        return np.asarray(both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-12), np.float32)


def foreground(cell: npt.NDArray[np.int32]) -> Floats:
    """Probability that a pixel shows the person whom the box is about.

    The middle of a box is a mixture of person and background, its sides are background: so the background's share of
    the middle is how much rarer there the background's colours are (their median), and what the middle has beyond
    that share of the sides' histogram is the person's.

    Args:
        cell: (n, height, width) colour cell of each pixel, below the product of ``CELLS``.

    Returns:
        (n, height, width).
    """
    count, height, width = cell.shape
    away = np.abs((np.arange(width) + 0.5) / width - 0.5)
    head = np.arange(height)[:, None] < HEAD * height
    beside = np.broadcast_to((away > SIDE) | (head & (away > BESIDE_HEAD)), (height, width)).reshape(-1)
    middle = np.broadcast_to(away < MIDDLE, (height, width)).reshape(-1)
    flat = cell.reshape(count, -1) + (np.arange(count) * int(np.prod(CELLS)))[:, None]
    rest, mixed = (_histogram(flat[:, where], count) for where in (beside, middle))
    ratio = mixed / np.maximum(rest, 1e-9)
    order = np.argsort(ratio, axis=1)
    upto = np.cumsum(np.take_along_axis(rest, order, axis=1), axis=1)
    at = np.take_along_axis(order, (upto < 0.5).sum(axis=1)[:, None], axis=1)
    share = np.minimum(np.take_along_axis(ratio, at, axis=1), 1)
    own = np.clip(1 - share * rest / np.maximum(mixed, 1e-9), LEAST, 1)
    taper = np.clip((0.5 - away) / TAPER, LEAST, 1).astype(np.float32)
    return np.asarray(own.reshape(-1)[flat].reshape(count, height, width) * taper, np.float32)


def _histogram(cell: npt.NDArray[np.int64], count: int) -> Floats:
    """Share of each colour cell in each crop's pixels, neighbouring cells leaking into it, (count, cells)."""
    size = int(np.prod(CELLS))
    found = np.bincount(cell.reshape(-1), minlength=count * size).astype(np.float32).reshape(count, *CELLS)
    for axis in (1, 2, 3):
        first = np.take(found, [0], axis)
        last = np.take(found, [-1], axis)
        low = np.concatenate([first, np.take(found, np.arange(CELLS[axis - 1] - 1), axis)], axis)
        high = np.concatenate([np.take(found, np.arange(1, CELLS[axis - 1]), axis), last], axis)
        found = found / 2 + (low + high) / 4
    return np.asarray(found.reshape(count, size) / max(cell.shape[1], 1), np.float32)


@cache
def _palette() -> tuple[npt.NDArray[np.int32], Floats]:
    """Every colour that is told apart: its cell (32768,), and its shares of the bins (32768, 43)."""
    cv2 = optional("cv2", "video", "the color embedder")
    level = (np.arange(LEVELS, dtype=np.float32) + 0.5) / LEVELS
    grid = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    lab = cv2.cvtColor(grid, cv2.COLOR_BGR2LAB)[:, 0]
    scaled = (lab + np.array([0, SPAN, SPAN])) / np.array([100, 2 * SPAN, 2 * SPAN])
    cell = np.clip((scaled * CELLS).astype(np.int32), 0, np.array(CELLS) - 1)
    return np.asarray((cell[:, 0] * CELLS[1] + cell[:, 1]) * CELLS[2] + cell[:, 2], np.int32), _bins(lab)


def _bins(lab: Floats) -> Floats:
    """Shares (n, 43) of colours (n, 3) in the bins: greys by lightness, then colours by hue and lightness."""
    light, a, b = lab.T
    coloured = np.clip((np.hypot(a, b) - GREY) / (COLOURED - GREY), 0, 1)
    grey = _soft(np.clip(light / 100 * GREYS - 0.5, 0, GREYS - 1), GREYS)
    hue = _soft(np.arctan2(b, a) / (2 * np.pi) % 1 * HUES, HUES)
    height = _soft(np.clip(light / 100 * LIGHTS - 0.5, 0, LIGHTS - 1), LIGHTS)
    both = (hue[:, :, None] * height[:, None]).reshape(len(lab), -1)
    return np.asarray(np.concatenate([(1 - coloured)[:, None] * grey, coloured[:, None] * both], axis=1), np.float32)


def _gradients(batch: npt.NDArray[Any]) -> Floats:
    """Strength of the change of brightness in each direction, (n, height, width, 8)."""
    bright = batch.astype(np.float32).mean(axis=3)
    dy, dx = np.gradient(bright, axis=(1, 2))
    direction = np.arctan2(dy, dx) / np.float32(np.pi) % 1 * ANGLES
    return np.asarray(_soft(direction, ANGLES) * np.hypot(dx, dy)[..., None], np.float32)


def _soft(value: npt.NDArray[Any], bins: int) -> Floats:
    """Values (...) from 0 to ``bins`` as shares (..., bins) of the two nearest bins, of which last and first meet."""
    away = np.abs(value[..., None] - np.arange(bins, dtype=np.float32))
    return np.asarray(np.maximum(1 - np.minimum(away, bins - away), 0), np.float32)


def _rooted(stripes: npt.NDArray[Any]) -> Floats:
    """Square roots of joint histograms of stripe and bin (n, stripes, bins), flat and of length 1.

    A stripe counts as much as it shows of the person: torso and shorts more than head and feet.
    """
    total = stripes.sum(axis=(1, 2), keepdims=True)
    return np.asarray(np.sqrt(stripes / np.maximum(total, 1e-6)).reshape(len(stripes), -1), np.float32)
