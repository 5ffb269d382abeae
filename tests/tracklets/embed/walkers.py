"""A drawn video of four people who walk side by side, and a model that sees their shades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.inputs import resized
from reid_solve.tracklets.video import Picture

FRAMES, WIDTH, HEIGHT = 60, 320, 160
SHADES = (60, 120, 180, 240)


class Means:
    """A model that gives the mean colour of a crop, and counts what it was asked."""

    def __init__(self, batch: int = 7, fail_after: int | None = None, workers: int = 1) -> None:
        self.name, self.key, self.batch, self.workers = "means", "means 1", batch, workers
        self.fail_after, self.sizes, self.loads = fail_after, list[int](), 0

    def load(self) -> None:
        self.loads += 1

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        return np.stack([resized(crop, (8, 8)) for crop in crops])

    def embed(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if self.fail_after is not None and sum(self.sizes) >= self.fail_after:
            raise KeyboardInterrupt
        self.sizes.append(len(batch))
        return np.asarray(batch.reshape(len(batch), -1, 3).mean(axis=1), np.float32)


def drawn() -> Iterator[Picture]:
    """Four people of one shade each, who walk to the right; only in every third frame are they in focus."""
    import cv2

    rng = np.random.default_rng(0)
    texture = rng.integers(-40, 40, (60, 24, 1))
    for t in range(FRAMES):
        picture = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
        for k, shade in enumerate(SHADES):
            picture[40:100, place(k, t) : place(k, t) + 24] = np.clip(shade + texture, 0, 255)
        yield picture if t % 3 == 0 else cv2.GaussianBlur(picture, (0, 0), 4)


def place(k: int, t: int) -> int:
    return 20 + 70 * k + t // 2
