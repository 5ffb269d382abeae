"""Find the other picture of the same person: symmetric InfoNCE between pairs of pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses.distance import precise, unit
from reid_solve.training.losses.registry import loss

HIGHEST = math.log(100.0)  # of the scale's logarithm, as in CLIP (Radford et al. 2021)


@loss("infonce")
class InfoNCE(nn.Module):
    """Cross-entropy with label smoothing over exp(s) · Q · Gᵀ, of rows and of columns, their mean (CLIP-ReIdent).

    Q and G are unit vectors: in each class of the batch, the first picture is the query of the second, the third of the
    fourth, and so on; one left over is a further candidate in neither. Pairs of one class are not negatives of each
    other: they are taken out of the softmax. (With each person at most twice in a batch there are none.)
    """

    def __init__(self, classes: int, dim: int, smoothing: float = 0.1, scale: float = 1 / 0.07,
                 learn_scale: bool = True) -> None:  # fmt: skip
        """Make the scale.

        Args:
            classes: not used.
            dim: not used.
            smoothing: from 0 to below 1.
            scale: exp(s) at the beginning, from 1 to 100, where it is kept.
            learn_scale: learn s.

        Raises:
            OptionError: a smoothing or scale out of range.
        """
        super().__init__()
        if not 0 <= smoothing < 1 or not 1 <= scale <= 100:
            raise OptionError(f"loss infonce: smoothing {smoothing} (0 to below 1), scale {scale} (1 to 100)")
        self.smoothing = smoothing
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)), requires_grad=learn_scale)

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        query, gallery = pairs(target)
        with torch.autocast(out.features.device.type, enabled=False):
            values = unit(precise(out.features))
            if not len(query):
                return values.sum() * 0 + self.log_scale * 0
            logit = scaled(self.log_scale) * values[query] @ values[gallery].T
            rivals = target[query][:, None] != target[gallery][None]
            rivals |= torch.eye(len(query), dtype=torch.bool, device=target.device)
            return (self._one_way(logit, rivals) + self._one_way(logit.T, rivals.T)) / 2

    def _one_way(self, logit: Tensor, rivals: Tensor) -> Tensor:
        """Smoothed cross-entropy of the diagonal among the rivals of each row."""
        share = torch.log_softmax(logit.masked_fill(~rivals, -torch.inf), dim=1)
        share = torch.where(rivals, share, 0)
        even = share.sum(dim=1) / rivals.sum(dim=1)
        return -((1 - self.smoothing) * share.diagonal() + self.smoothing * even).mean()


def scaled(log_scale: Tensor) -> Tensor:
    """exp of a learnt logarithm that is first brought back into its range, in place as CLIP does.

    A clamp inside the graph would have no gradient beyond the limit, and a scale that stepped over it would stay there.
    """
    with torch.no_grad():
        log_scale.clamp_(0, HIGHEST)
    return log_scale.exp()


def pairs(target: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (n,) and rows (n,): of each class the first and the second, the third and the fourth, ... in their order."""
    order = torch.argsort(target, stable=True)
    ordered = target[order]
    count = torch.arange(len(target), device=target.device)
    begin = torch.searchsorted(ordered, ordered)  # of each one's class
    even = (count - begin) % 2 == 0
    at = torch.nonzero(even[:-1] & (ordered[1:] == ordered[:-1])).flatten()
    query, gallery = order[at], order[at + 1]
    by_row = torch.argsort(query)
    return query[by_row], gallery[by_row]
