"""All of one's own against everybody: the supervised contrastive loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses.distance import precise, unit
from reid_solve.training.losses.registry import loss


@loss("contrastive")
class Contrastive(nn.Module):
    """L_out of Khosla et al. 2020, equation 2, the logarithm inside the mean.

    For anchor i with the others of its class P(i) and everybody else A(i) in the batch, of unit vectors z:
    L_i = -1/|P(i)| Σ_p log( exp(z_i·z_p / τ) / Σ_{a in A(i)} exp(z_i·z_a / τ) ), and L is the mean over the anchors
    that have somebody in P(i); 0 where there is none.
    """

    def __init__(self, classes: int, dim: int, temperature: float = 0.1) -> None:
        """Set it up; it has no parameters.

        Args:
            classes: not used.
            dim: not used.
            temperature: τ, above 0.

        Raises:
            OptionError: a temperature out of range.
        """
        super().__init__()
        if temperature <= 0:
            raise OptionError(f"loss contrastive: temperature {temperature}; it is above 0")
        self.temperature = temperature

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        with torch.autocast(out.features.device.type, enabled=False):
            values = unit(precise(out.features))
            oneself = torch.eye(len(target), dtype=torch.bool, device=target.device)
            positive = (target[:, None] == target[None]) & ~oneself
            # -1e9 and not -inf: a batch of one has nobody in A(i), and -inf minus -inf is not a number
            logit = (values @ values.T / self.temperature).masked_fill(oneself, -1e9)
            share = logit - torch.logsumexp(logit, dim=1, keepdim=True)
            count = positive.sum(dim=1)
            each = -torch.where(positive, share, 0).sum(dim=1) / count.clamp(min=1)
            return each.sum() / (count > 0).sum().clamp(min=1)
