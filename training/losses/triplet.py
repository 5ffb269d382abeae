"""Nearer to oneself than to others: the batch-hard triplet loss."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses.distance import distances, precise, unit
from reid_solve.training.losses.registry import loss


@loss("triplet")
class Triplet(nn.Module):
    """For each sample the farthest of its class against the nearest of another (Hermans, Beyer and Leibe 2017).

    L = mean over anchors of [m + max_p d(a, p) - min_n d(a, n)]+, or ln(1 + exp(max_p - min_n)) with a soft margin.
    An anchor whose class has no other sample in the batch, or whose batch has no other class, has no triplet and does
    not count; a batch without any gives 0. With layers' heads, their losses are added.
    """

    def __init__(self, classes: int, dim: int, margin: float = 0.3, soft: bool = False, normalise: bool = False,
                 layers: float = 1.0) -> None:  # fmt: skip
        """Set it up; it has no parameters.

        Args:
            classes: not used.
            dim: not used.
            margin: m; in the units of the features' distance.
            soft: a soft margin instead of m.
            normalise: distances between unit vectors, at most 2, as retrieval compares them.
            layers: weight of each layer's loss beside that of the features.

        Raises:
            OptionError: a negative margin or weight.
        """
        super().__init__()
        if margin < 0 or layers < 0:
            raise OptionError(f"loss triplet: margin {margin}, layers {layers}; neither can be negative")
        self.margin, self.soft, self.normalise, self.layers = margin, soft, normalise, layers

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D), and layers (B, d), whose classes are ``target`` (B,)."""
        found = self._of(out.features, target)
        return found + self.layers * added(self._of(of, target) for of in out.layers) if out.layers else found

    def _of(self, features: Tensor, target: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            values = precise(features)
            values = unit(values) if self.normalise else values
            apart = distances(values, values)
            same = target[:, None] == target[None]
            other = ~same
            same = same & ~torch.eye(len(target), dtype=torch.bool, device=target.device)
            counts = same.any(dim=1) & other.any(dim=1)
            far = apart.masked_fill(~same, -torch.inf).amax(dim=1)
            near = apart.masked_fill(~other, torch.inf).amin(dim=1)
            gap = torch.where(counts, far, 0) - torch.where(counts, near, 0)
            each = functional.softplus(gap) if self.soft else functional.relu(gap + self.margin)
            return torch.where(counts, each, 0).sum() / counts.sum().clamp(min=1)


def added(losses: Iterable[Tensor]) -> Tensor:
    """Sum of at least one loss."""
    first, *rest = losses
    for one in rest:
        first = first + one
    return first
