"""The colours of a kit in a crop: shirt and shorts, as far as they are not the ground behind.

Of the pixels of shirt and shorts the mean colour is taken, in CIE L*a*b*: mixing light is linear enough for a blurred,
striped or lettered shirt to have a stable mean, whatever of the pattern is seen; what a median would make of
stripes is one or the other colour. How much the shirt's pixels scatter tells stripes and hoops from plain shirts of
the same mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reid_solve.tracklets.crops import crops
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.foreground import Ground, Lab, Picture, learn_ground, to_lab
from reid_solve.tracklets.table import FloatArray, IntArray, Tracks
from reid_solve.tracklets.video import Video

WIDTH, HEIGHT = 24, 48  # of a crop, once shrunk: enough for colours, and thousands fit in memory
SHIRT = (0.17, 0.47)  # of a box's height: from below the chin to the waist
SHORTS = (0.50, 0.65)
MIDDLE = (0.25, 0.75)  # of a box's width
LEAST = 1 / 3  # of those pixels; if fewer are not the ground's, the kit is of its colour
TAUGHT_BY = 400  # crops that teach the ground's colour
FEATURES = (
    "shirt L*", "shirt a*", "shirt b*", "shorts L*", "shorts a*", "shorts b*", "shirt's scatter L*", "of a*", "of b*"
)  # fmt: skip
PARTS_OF_FEATURES = 3  # shirt, shorts and pattern
SHIRT_COLOUR = slice(0, 3)


@dataclass(frozen=True)
class Kits:
    """Colours of the kits in some rows.

    Attributes:
        rows: (m,) rows of the table, ascending by frame.
        colour: (m, 9), see ``FEATURES``.
        ground: what was taken for the ground; None where there is no ground of one colour.
    """

    rows: IntArray
    colour: FloatArray
    ground: Ground | None


def look(video: Video | Path, tracks: Tracks, rows: IntArray, first: int | None = None) -> Kits:
    """Cut rows out of a video and measure the colours of their kits.

    Args:
        video: a file that was probed, or its path.
        tracks: the table.
        rows: (m,) rows to look at; those outside the picture are left out.
        first: number that the table gives to the video's first frame.

    Raises:
        InputError: see ``crops.crops``.
    """
    cv2 = optional("cv2", "video", "looking at shirts")
    seen: list[IntArray] = []
    small: list[Picture] = []
    for which, pictures in crops(video, tracks, rows, first):
        seen.append(which)
        small += [cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for picture in pictures]
    if not small:
        return Kits(np.zeros(0, np.int64), np.zeros((0, len(FEATURES))), None)
    ground = learn_ground([to_lab(picture) for picture in small[:: -(-len(small) // TAUGHT_BY)]])
    return Kits(np.concatenate(seen), measure(small, ground), ground)


def measure(pictures: Sequence[Picture], ground: Ground | None) -> FloatArray:
    """Colours of kits (m, 9), see ``FEATURES``, of crops of people."""
    found = np.zeros((len(pictures), len(FEATURES)))
    for at, picture in enumerate(pictures):
        lab = to_lab(picture, (WIDTH, HEIGHT))
        shirt, shorts = _part(lab, SHIRT, ground), _part(lab, SHORTS, ground)
        found[at] = np.concatenate([shirt.mean(axis=0), shorts.mean(axis=0), shirt.std(axis=0)])
    return found


def _part(lab: Lab, span: tuple[float, float], ground: Ground | None) -> Lab:
    """Pixels (k, 3) of a part of a person: the middle of a span of the crop, without the ground."""
    height, width = lab.shape[:2]
    top, bottom = (round(share * height) for share in span)
    left, right = (round(share * width) for share in MIDDLE)
    pixels = lab[top:bottom, left:right].reshape(-1, 3)
    if ground is None:
        return pixels
    kept = ground.foreground(pixels)
    return pixels[kept] if kept.mean() >= LEAST else pixels


def shirt_in_hex(colour: FloatArray) -> str:
    """A kit's shirt (F,) as #rrggbb, for people to recognise."""
    cv2 = optional("cv2", "video", "looking at shirts")
    rgb = cv2.cvtColor(colour[SHIRT_COLOUR].reshape(1, 1, 3).astype(np.float32), cv2.COLOR_LAB2RGB).ravel()
    return "#" + "".join(f"{round(255 * float(np.clip(one, 0, 1))):02x}" for one in rgb)
