"""Left becomes right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import augmentation
from reid_solve.training.settings import option


@augmentation("flip")
@dataclass(frozen=True)
class Flip:
    """Mirror a picture; with ``joint``, all of a person's in a batch or none (CLIP-ReIdent flips its pairs so)."""

    p: float = option("chance of it", 0.5, at_least=0, at_most=1)
    joint: bool = option("all pictures of one person in a batch are mirrored together, or none", False)

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Mirror it or not."""
        chance = (shared if self.joint else own).random()
        return np.ascontiguousarray(picture[:, ::-1]) if chance < self.p else picture
