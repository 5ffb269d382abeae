"""One's own class on one side, everybody else on the other: the centroid loss, made safe against scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.training.losses.distance import length, precise, unit
from reid_solve.training.losses.registry import loss


@loss("centroid")
class Centroid(nn.Module):
    """L = 1/n Σ_i (1 - ‖c_own(i) - c_other(i)‖ / 2), with centroids of unit vectors.

    The centroid loss of Sportsreid (SoccerNet ReID challenge 2022) is -1/n Σ ‖c_own - c_other‖, with c_own the mean of
    the batch's features of one's class and c_other that of all others: it falls without end as features grow. Means of
    unit vectors are at most 2 apart, so that this one lies between 0 and 1, and a network cannot lower it by growing.
    Where a batch holds one class, there is nobody else, and the loss is 0.
    """

    def __init__(self, classes: int, dim: int) -> None:
        """Set it up; it has no parameters.

        Args:
            classes: not used.
            dim: not used.
        """
        super().__init__()

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        with torch.autocast(out.features.device.type, enabled=False):
            values = unit(precise(out.features))
            same = (target[:, None] == target[None]).to(values.dtype)
            others = len(target) - same.sum(dim=1, keepdim=True)
            if not bool((others > 0).any()):
                return values.sum() * 0
            own = same @ values / same.sum(dim=1, keepdim=True)
            other = (1 - same) @ values / others.clamp(min=1)
            return (1 - length(own - other) / 2).mean()
