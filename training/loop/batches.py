"""Which pictures come when, and how each is changed: decided by seed, epoch and picture, never by who reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.errors import OptionError, ReidSolveError
from reid_solve.tracklets.table import IntArray
from reid_solve.tracklets.video import Picture
from reid_solve.training.augment.registry import Augmentation, apply
from reid_solve.training.loop.material import Batches

OWN, SHARED = 0, 1  # streams of chance


class Place(NamedTuple):
    """Where in a training a batch is."""

    epoch: int
    number: int  # of the batch in its epoch
    of: int  # so many batches of that epoch


class Order(NamedTuple):
    """What to read for a batch: this process's share of its rows, and the classes of all."""

    place: Place
    rows: list[int]
    times: list[int]  # how often each row has come in this epoch before: it is changed otherwise each time
    classes: list[int]  # of the whole batch
    start: int  # of the share in the batch


class Batch(NamedTuple):
    """A batch as it comes from the readers: the share's pixels (b, 3, H, W), uint8, and classes (B,) of the whole."""

    place: Place
    pixels: Tensor
    target: Tensor
    start: int


@dataclass(frozen=True)
class Plan:
    """The orders of a training from a place on, epoch after epoch, without end.

    Attributes:
        batches: the sampler.
        classes: (N,) of the rows.
        rank, world: this process and how many there are; every one has an even share of each batch.
        epoch, number: where to begin.
    """

    batches: Batches
    classes: IntArray
    rank: int = 0
    world: int = 1
    epoch: int = 0
    number: int = 0

    def __iter__(self) -> Iterator[Order]:
        epoch, first = self.epoch, self.number
        while True:
            self.batches.set_epoch(epoch)
            found = [[int(row) for row in rows] for rows in self.batches]
            if not found:
                raise OptionError("the sampler makes no batch of these pictures; lower p or k")
            seen: Counter[int] = Counter()
            for number, rows in enumerate(found):
                times = []
                for row in rows:
                    times.append(seen[row])
                    seen[row] += 1
                if number < first:
                    continue
                begin, end = share(len(rows), self.rank, self.world)
                classes = self.classes[rows].tolist()
                yield Order(Place(epoch, number, len(found)), rows[begin:end], times[begin:end], classes, begin)
            epoch, first = epoch + 1, 0


def share(count: int, rank: int, world: int) -> tuple[int, int]:
    """Begin and end of a process's part of so many things; parts differ by one at most.

    Raises:
        OptionError: there are fewer things than processes.
    """
    if count < world:
        raise OptionError(f"a batch of {count} pictures for {world} processes; raise p or k, or start fewer")
    return count * rank // world, count * (rank + 1) // world


@dataclass(frozen=True)
class Reader:
    """Orders to batches. It is a dataset whose items are batches, so that readers need no further settings.

    Attributes:
        load: picture of a row, BGR.
        input: size, shape and filling of pictures.
        steps: augmentations.
        seed: of all chance.
    """

    load: Callable[[int], Picture]
    input: Input
    steps: tuple[Augmentation, ...] = ()
    seed: int = 0

    def __getitem__(self, order: Order) -> Batch | ReidSolveError:
        """Read an order. What is wrong with a picture is given back, for ``stream`` to raise: a worker's error would
        arrive with all of its traceback as its text.
        """
        try:
            return self.read(order)
        except ReidSolveError as error:
            return error

    def read(self, order: Order) -> Batch:
        """Read an order.

        Raises:
            InputError: a picture that cannot be read.
        """
        height, width = self.input.size
        pixels = np.empty((len(order.rows), 3, height, width), np.uint8)
        epoch, number, _ = order.place
        for k, (row, times) in enumerate(zip(order.rows, order.times, strict=True)):
            pixels[k] = self.input.prepare([self.load(row)])[0]
            if self.steps:
                own = np.random.default_rng((self.seed, OWN, epoch, row, times))
                shared = np.random.default_rng((self.seed, SHARED, epoch, number, order.classes[order.start + k]))
                picture = np.ascontiguousarray(pixels[k].transpose(1, 2, 0))
                pixels[k] = apply(self.steps, picture, own, shared).transpose(2, 0, 1)
        return Batch(order.place, torch.from_numpy(pixels), torch.tensor(order.classes), order.start)


def stream(reader: Reader, orders: Any, workers: int, device: torch.device) -> Iterator[Batch]:
    """Read orders, ahead of who asks and in other processes where there are ``workers``.

    The loader's own chance comes from a generator of its own: otherwise it would take numbers from torch's, and a
    training that is taken up again would draw others than one that never stopped.
    """
    loader = DataLoader(
        reader,
        sampler=orders,
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=workers,
        worker_init_fn=_alone if workers else None,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),
        prefetch_factor=4 if workers else None,
    )
    for batch in loader:
        if isinstance(batch, ReidSolveError):
            raise batch
        yield batch


def parts(rows: Sequence[int], size: int) -> list[Order]:
    """Orders for pictures without a class and without chance, so many at a time."""
    chunks = [list(rows[begin : begin + size]) for begin in range(0, len(rows), size)]
    return [Order(Place(0, n, len(chunks)), chunk, [0] * len(chunk), [0] * len(chunk), 0)
            for n, chunk in enumerate(chunks)]  # fmt: skip


def _as_it_is(batch: Any) -> Any:
    return batch


def _alone(_number: int) -> None:
    """There are as many readers as the user wants: none starts threads of its own."""
    import cv2

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
