"""Who was seen together is not one person: a contrastive loss that uses only what is known."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses.distance import precise, unit
from reid_solve.training.losses.registry import loss

FAR = -1e9  # a logit of nobody; not -inf, whose differences are not numbers


@loss("seen-together")
class SeenTogether(nn.Module):
    """InfoNCE of each pair of one class against those who were seen together with it.

    A class is a stretch of a tracklet, with its first and last frame. Classes whose stretches share a frame are two
    people; of others nothing is known, and they are in no denominator. For anchor i with the others of its class P(i)
    and those known to be somebody else N(i), of unit vectors z:
    L_i = -1/|P(i)| Σ_p log( exp(z_i·z_p / τ) / (exp(z_i·z_p / τ) + Σ_{n in N(i)} exp(z_i·z_n / τ)) ),
    and L is the mean over the anchors that have both. One positive is not set against another, as it would be in the
    supervised contrastive loss: nothing is to be learnt from their difference.
    """

    spans: Tensor

    def __init__(self, classes: int, dim: int, spans: Sequence[Sequence[int]], temperature: float = 0.1) -> None:
        """Set it up; it has no parameters.

        Args:
            classes: C.
            dim: not used.
            spans: first and last frame of each class, C of them.
            temperature: τ, above 0. The smaller, the more the nearest of the others count: those in the same kit.

        Raises:
            OptionError: not as many spans as classes, or a temperature out of range.
        """
        super().__init__()
        if temperature <= 0:
            raise OptionError(f"loss seen-together: temperature {temperature}; it is above 0")
        if len(spans) != classes or any(len(span) != 2 for span in spans):
            raise OptionError(f"loss seen-together: spans must be first and last frame of each of {classes} classes")
        self.temperature = temperature
        self.register_buffer("spans", torch.tensor([list(span) for span in spans], dtype=torch.int64), persistent=False)

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        with torch.autocast(out.features.device.type, enabled=False):
            values = unit(precise(out.features))
            first, last = self.spans[target].T
            same = target[:, None] == target[None]
            other = (first[:, None] <= last[None]) & (first[None] <= last[:, None]) & ~same
            positive = same & ~torch.eye(len(target), dtype=torch.bool, device=target.device)
            positive = positive & other.any(dim=1, keepdim=True)
            logit = values @ values.T / self.temperature
            others = torch.logsumexp(logit.masked_fill(~other, FAR), dim=1, keepdim=True)
            each = torch.where(positive, torch.logaddexp(logit, others) - logit, 0).sum(dim=1)
            count = positive.sum(dim=1)
            return (each / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)
