"""Picture files: read, and handed out as PyTorch takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.tracklets.embed.inputs import PERSON, Input
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture
from reid_solve.training.data.reidset import ReidSet


def read_picture(path: Path) -> Picture:
    """An image file as (height, width, 3), BGR.

    Raises:
        InputError: it cannot be read as a picture.
    """
    cv2 = optional("cv2", "train", "reading pictures")
    try:
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)  # names may be of any script
    except (OSError, cv2.error):
        found = None
    if found is None:
        raise InputError(f"{path}: cannot be read as a picture; take it out of the set, or get it again")
    return np.asarray(found, np.uint8)


@dataclass(frozen=True)
class Images:
    """Rows of a set as a dataset, for a loop of one's own.

    It goes with any loader: ``DataLoader(Images(train), batch_sampler=build("random-pk", train.numbers(), ...))``, also
    one with workers. ``reid-solve train`` has a reader of its own, whose chance can be taken up where it stopped.

    Attributes:
        found: the set.
        input: size, normalisation and letterbox of the network.
        augment: from a picture (H, W, 3), red first and of the network's size, to another of that kind.
    """

    found: ReidSet
    input: Input = Input(PERSON)  # noqa: RUF009 - frozen
    augment: Callable[[Picture], Picture] | None = None

    @cached_property
    def _paths(self) -> list[Path]:
        return self.found.paths()

    @cached_property
    def _classes(self) -> list[int]:
        return [int(number) for number in self.found.numbers()]

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, row: int) -> tuple[Any, int, int]:
        """Image (3, H, W) float32, class (0..C-1) and number of a row.

        Raises:
            InputError: the file cannot be read as a picture.
        """
        torch = optional("torch", "train", "training")
        pixels = self.input.prepare([read_picture(self._paths[row])])
        if self.augment is not None:
            changed = self.augment(np.ascontiguousarray(pixels[0].transpose(1, 2, 0)))
            pixels = np.ascontiguousarray(changed.transpose(2, 0, 1))[None]
        return torch.from_numpy(self.input.normalise(pixels)[0]), self._classes[row], row
