"""The running average of weights, by torch's own averaged model."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel


def averaged(embedder: Any, decay: float) -> Any:
    """An average of a network's weights; ``update_parameters(embedder)`` after every step.

    The first steps count less than ``decay`` says, min(decay, (1 + n) / (10 + n)) as in TensorFlow's
    ExponentialMovingAverage: otherwise the random beginning would stay in it for 1 / (1 - decay) steps. What is not
    learnt (running means of norms) is taken over as it is.
    """

    made: Any = None

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def move(average: list[Any], weights: list[Any], _count: Any) -> None:
        n = int(made.n_averaged)  # the one on the CPU: that which is given would have to be waited for
        share = 1 - min(decay, (1 + n) / (10 + n))
        floating = [k for k, weight in enumerate(average) if weight.is_floating_point()]
        torch._foreach_lerp_([average[k] for k in floating], [weights[k] for k in floating], share)

    made = AveragedModel(embedder, multi_avg_fn=move, use_buffers=False)
    return made
