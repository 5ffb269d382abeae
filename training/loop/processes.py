"""One process or several that train one network together, as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from reid_solve.tracklets.embed.torch_model import reason
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.batches import share


@dataclass(frozen=True)
class Processes:
    """This process among those that train.

    Attributes:
        rank: its number; 0 writes.
        world: how many there are.
        device: where it computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether it is the one that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Go on when all are here."""
        if self.world > 1:
            dist.barrier()

    def together(self, value: Any) -> list[Any]:
        """A value of each process, in their order."""
        if self.world == 1:
            return [value]
        out: list[Any] = [None] * self.world
        dist.all_gather_object(out, value)
        return out

    def said_by_first(self, value: Any) -> Any:
        """The first one's value, to all."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device if self.device.type == "cuda" else None)
        return box[0]

    def whole(self, part: Tensor, count: int) -> Tensor:
        """All parts of a batch, (count, ...), with gradients that reach every process's own part."""
        return part if self.world == 1 else _Whole.apply(part, count, self.rank, self.world)

    def mean_gradients(self, weights: list[Any]) -> None:
        """Make gradients of weights that torch's DDP does not know equal in all processes."""
        if self.world > 1:
            for weight in weights:
                if weight.grad is not None:
                    dist.all_reduce(weight.grad)
                    weight.grad /= self.world


class _Whole(torch.autograd.Function):  # type: ignore[misc]
    """Parts of all processes, one after the other; the gradient of a part is the sum of what all processes say of it.

    Every process computes the loss of the whole batch, and DDP divides the sum of the gradients by their number: what
    reaches the weights is the gradient of the loss of the whole batch, as if one process had seen it alone. Parts that
    are shorter than others by one are filled up on the way.
    """

    @staticmethod
    def forward(context: Any, part: Tensor, count: int, rank: int, world: int) -> Tensor:
        bounds = [share(count, of, world) for of in range(world)]
        longest = max(end - begin for begin, end in bounds)
        padded = part.new_zeros((longest, *part.shape[1:]))
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in range(world)]
        dist.all_gather(parts, padded)
        context.bounds = bounds[rank]
        return torch.cat([of[: end - begin] for of, (begin, end) in zip(parts, bounds, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        begin, end = context.bounds
        return total[begin:end], None, None, None


def launched() -> bool:
    """Whether torchrun (or something like it) has started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


@contextmanager
def processes(wanted: str) -> Iterator[Processes]:
    """Join the other processes, where there are any, until the block is left.

    Args:
        wanted: auto, cpu, cuda, cuda:1; of several processes, each takes the accelerator of its own number.

    Raises:
        OptionError: no such device.
    """
    several = launched()
    local = int(os.environ.get("LOCAL_RANK", "0")) if several else 0
    device = _device(wanted, local, several)
    if not several:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo",
                            device_id=device if device.type == "cuda" else None)  # fmt: skip
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


def _device(wanted: str, local: int, several: bool) -> torch.device:
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if several and wanted == "cuda":
        wanted = f"cuda:{local}"
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(f"[train] device {wanted}: {reason(error)}; use auto or cpu") from error
    return device
