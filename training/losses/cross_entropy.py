"""Which of the training set's people is this: cross-entropy with label smoothing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses.distance import precise
from reid_solve.training.losses.registry import loss


@loss("cross-entropy")
class CrossEntropy(nn.Module):
    """A linear classifier of the features, without bias.

    L = mean over the batch of -Σ_c q_c log p_c with q = (1 - ε) [c is the class] + ε / C (Szegedy et al. 2016). With
    ``neck``, features are batch-normalised before the classifier and not for other losses (Luo et al. 2019), which lets
    a triplet loss and this one share a network.
    """

    def __init__(self, classes: int, dim: int, smoothing: float = 0.1, neck: bool = True) -> None:
        """Make the classifier.

        Args:
            classes: C.
            dim: D.
            smoothing: ε, from 0 to below 1.
            neck: normalise by batch before the classifier.

        Raises:
            OptionError: a smoothing out of range.
        """
        super().__init__()
        if not 0 <= smoothing < 1:
            raise OptionError(f"loss cross-entropy: smoothing {smoothing}; it is from 0 to below 1")
        self.smoothing = smoothing
        self.neck: nn.Module = Neck(dim) if neck else nn.Identity()
        self.classifier = nn.Linear(dim, classes, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001 if neck else dim**-0.5)

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        with torch.autocast(out.features.device.type, enabled=False):
            scores = self.classifier(self.neck(precise(out.features)))
            return functional.cross_entropy(scores, target, label_smoothing=self.smoothing)


class Neck(nn.BatchNorm1d):
    """Batch normalisation whose shift is fixed at 0; a batch of one, which has no spread, takes the running values."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.bias.requires_grad_(False)

    def forward(self, input: Tensor) -> Tensor:
        """(B, D) to (B, D)."""
        if self.training and len(input) == 1:
            return functional.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias,
                                         training=False, eps=self.eps)  # fmt: skip
        return super().forward(input)
