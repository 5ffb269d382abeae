"""Small pictures with soft edges, drawn once and laid over every frame that needs them: rings, plates, triangles.

Why not supervision's annotators: they draw jagged edges in one thickness for all, and a label's text anew in every
frame. Laying a kept sprite over a frame takes no longer (``benchmarks/render.py`` compares them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reid_solve.report.colours import DARK, WHITE, Colour, ink_on, mixed
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

Style = Literal["solid", "dashed", "thin"]
Mask = npt.NDArray[np.float32]  # (height, width), 0 to 1
FINE = 4  # shapes are drawn this many times larger, then shrunk: soft edges
FLAT = 0.36  # a ring's height / width: a circle on the ground as a camera in the stand sees it
ARC = (-48, 228)  # degrees; open behind the feet
DASHES = 7
KEPT = 4096  # sprites: some hundred people, rings of a few dozen sizes


@dataclass(frozen=True)
class Sprite:
    """Colours times opacity (h, w, 3), and how much of what is below shows (h, w, 1), 0 to 256."""

    over: Picture
    keep: npt.NDArray[np.uint16]

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.over.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.over.shape[0])


def lay(picture: Picture, sprite: Sprite, x: int, y: int) -> None:
    """Lay a sprite over a picture, in place, its top left corner at x, y; what lies outside is cut off."""
    left, top = max(0, -x), max(0, -y)
    patch = picture[y + top : max(0, y + sprite.height), x + left : max(0, x + sprite.width)]
    if not patch.size:
        return
    part = slice(top, top + patch.shape[0]), slice(left, left + patch.shape[1])
    below = patch * sprite.keep[part]
    below >>= 8
    below += sprite.over[part]
    patch[:] = below


@lru_cache(KEPT)
def ring(radius: int, stroke: float, colour: Colour, style: Style = "solid") -> Sprite:
    """A ring on the ground, ``radius`` pixels to either side, on a dark one that sets it off from any floor."""
    cv2 = optional("cv2", "video", "drawing on video")
    flat, margin = max(2, round(FLAT * radius)), round(stroke) + 2
    size = (2 * (radius + margin), 2 * (flat + margin))
    middle = (size[0] * FINE // 2, size[1] * FINE // 2)
    arcs = [ARC]
    if style == "dashed":
        ends = np.linspace(*ARC, 2 * DASHES)
        arcs = [(int(a), int(b)) for a, b in zip(ends[::2], ends[1::2], strict=True)]
    width = max(1.0, stroke / 2) if style == "thin" else stroke
    masks = []
    for thick in (width + 1.6, width):
        canvas = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
        for start, stop in arcs:
            cv2.ellipse(canvas, middle, (radius * FINE, flat * FINE), 0, start, stop, 255, round(thick * FINE))
        masks.append(_shrunk(canvas, size))
    return _layered([(masks[0] * 0.65, DARK), (masks[1], colour)])


@lru_cache(KEPT)
def triangle(side: int, colour: Colour) -> Sprite:
    """A triangle that points down, ``side`` pixels wide."""
    cv2 = optional("cv2", "video", "drawing on video")
    size = (side + 4, side + 4)
    corners = np.array([[2, 2], [side + 2, 2], [side / 2 + 2, side * 0.9 + 2]])
    middle, masks = corners.mean(0), []
    for share in (1.25, 0.95):
        canvas = np.zeros((size[1] * FINE, size[0] * FINE), np.uint8)
        grown = middle + (corners - middle) * share
        cv2.fillPoly(canvas, [np.round(grown * FINE).astype(np.int32)], 255)
        masks.append(_shrunk(canvas, size))
    return _layered([(masks[0] * 0.8, DARK), (masks[1], colour)])


@lru_cache(KEPT)
def plate(text: str, pixels: int, colour: Colour, hollow: bool = False) -> Sprite:
    """A text on a rounded plate of a colour; hollow: in the colour, on a dark plate that lets the picture through."""
    ink = _text(text, pixels)
    pad = max(2, round(pixels * 0.3))
    size = (max(ink.shape[1] + 2 * pad, ink.shape[0]), ink.shape[0] + 2 * max(1, pad // 3))
    body, border = _rounded(size, pixels * 0.28, 0), _rounded(size, pixels * 0.28, max(1.0, pixels / 14))
    words = np.zeros_like(body)
    top, left = (size[1] - ink.shape[0]) // 2, (size[0] - ink.shape[1]) // 2
    words[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    if hollow:
        bright = mixed(colour, WHITE, 0.45)
        return _layered([(body * 0.75, bright), (border, DARK), (words, bright)])
    return _layered([(body * 0.9, mixed(colour, DARK, 0.75)), (border, colour), (words, ink_on(colour))])


@lru_cache(64)
def caption(text: str, pixels: int) -> Sprite:
    """White words on a dark field that lets the picture through."""
    ink = _text(text.replace(" ", "  "), pixels)  # the font's own space is hardly one
    pad = round(pixels * 0.5)
    words = np.pad(ink, ((pad // 2, pad // 2), (pad, pad)))
    return _layered([(_rounded(words.shape[::-1], pixels * 0.3, 0) * 0.72, DARK), (words, WHITE)])


@lru_cache(KEPT)
def label(text: str, pixels: int, colour: Colour) -> Sprite:
    """Bare words."""
    return _layered([(_text(text, pixels), colour)])


def _text(text: str, pixels: int) -> Mask:
    """Where the ink of a line of text is; all lines of one size are equally high."""
    pillow: Any = optional("PIL.ImageFont", "video", "writing on video")
    draw: Any = optional("PIL.ImageDraw", "video", "writing on video")
    image: Any = optional("PIL.Image", "video", "writing on video")
    font = pillow.load_default(size=pixels)
    left, _, right, _ = font.getbbox(text)
    ascent, descent = font.getmetrics()
    canvas = image.new("L", (max(1, int(right - left) + 1), ascent + descent))
    draw.Draw(canvas).text((-left, 0), text, fill=255, font=font, stroke_width=0)
    ink = np.asarray(canvas, np.float32) / 255
    # Capitals and digits stand in the middle of a plate only if what hangs below the line does not count.
    return np.asarray(ink[max(0, ascent - round(pixels * 0.86)) : ascent + round(pixels * 0.22)], np.float32)


def _rounded(size: tuple[int, int], corner: float, inset: float) -> Mask:
    """A rectangle with round corners that fills ``size`` but for ``inset`` on all sides."""
    x, y = (np.abs(np.arange(n) + 0.5 - n / 2) - (n / 2 - inset - corner) for n in size)
    # Signed distance to the rectangle without its round corners; those are as far as the corner's radius.
    away = np.hypot(np.maximum(x[None], 0), np.maximum(y[:, None], 0))
    away += np.minimum(np.maximum(x[None], y[:, None]), 0)
    return np.asarray(np.clip(corner - away + 0.5, 0, 1), np.float32)


def _shrunk(canvas: Picture, size: tuple[int, int]) -> Mask:
    cv2 = optional("cv2", "video", "drawing on video")
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA) / 255, np.float32)


def _layered(layers: Sequence[tuple[Mask, Colour]]) -> Sprite:
    """Layers of one size, the lowest first, as one."""
    shape = layers[0][0].shape
    over, keep = np.zeros((*shape, 3), np.float32), np.ones((*shape, 1), np.float32)
    for mask, colour in layers:
        over = over * (1 - mask[..., None]) + mask[..., None] * np.array(colour[::-1], np.float32)
        keep = keep * (1 - mask[..., None])
    # Rounded down, so that colour and what shows through never add up to more than white.
    return Sprite(np.floor(over).astype(np.uint8), np.floor(keep * 256).astype(np.uint16))
