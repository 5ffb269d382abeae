"""What a training learns from: pictures by row, whose they are, which meet in a batch, and how good is measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import IntArray, Note
from reid_solve.tracklets.video import Picture
from reid_solve.training.data.images import read_picture

FloatRows = npt.NDArray[np.float32]  # (n, D)


class Batches(Protocol):
    """A sampler: rows of one batch after the other, the same for the same epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Choose what comes."""

    def __iter__(self) -> Iterator[Sequence[int]]: ...


@dataclass(frozen=True)
class HeldOut:
    """How good the embedder is on people it does not learn from.

    Attributes:
        count: pictures to embed.
        load: picture of a row, as in ``Material``.
        scores: from unit vectors (count, D) to scores by name.
        names: of the scores; the network with the highest of the first one is kept.
    """

    count: int
    load: Callable[[int], Picture]
    scores: Callable[[FloatRows], Mapping[str, float]]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """A training set: from labelled pictures, or tracklets' crops, or anything that can say this.

    Attributes:
        classes: (N,) class of each row, 0..C-1.
        load: picture (h, w, 3), BGR, of a row. Called in other processes: it must be picklable, and no shared state.
        batches: the sampler over the rows.
        key: of the content, so that an interrupted training does not go on with something else.
        held_out: None where nobody knows who is who.
        facts: what else is to be written into the trained file; numbers and texts.
        notes: what is odd about it.
    """

    classes: IntArray
    load: Callable[[int], Picture]
    batches: Batches
    key: str
    held_out: HeldOut | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def count(self) -> int:
        """C, the number of classes."""
        return int(self.classes.max(initial=-1)) + 1


@dataclass(frozen=True)
class Files:
    """Pictures that are files."""

    paths: tuple[Path, ...]

    def __call__(self, row: int) -> Picture:
        """Decode one.

        Raises:
            InputError: it cannot be read as a picture.
        """
        return read_picture(self.paths[row])


def key_of(classes: IntArray, names: Sequence[str]) -> str:
    """A name for rows and their classes."""
    digest = hashlib.sha256("\n".join(names).encode())
    digest.update(np.ascontiguousarray(classes, np.int64).tobytes())
    return digest.hexdigest()


def enough(classes: IntArray, place: object) -> None:
    """Refuse a set without two classes.

    Raises:
        OptionError: there is nothing to tell apart.
    """
    count = len(np.unique(classes))
    if count < 2:
        raise OptionError(f"{place}: {count} {'person' if count == 1 else 'people'} to learn from; two are needed")
