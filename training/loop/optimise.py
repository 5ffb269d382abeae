"""Which weights move, how fast, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from reid_solve.training.loop.config import Optimizer


def optimiser(config: Optimizer, embedder: Any, losses: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a network and of what its losses learn.

    A backbone with share 0 of the learning rate is frozen: its weights need no gradient. Vectors and scalars (norms,
    biases, scales, tokens of one place) are not decayed, as is usual since He et al. 2019, "Bag of tricks".
    """
    backbone = list(embedder.backbone.parameters())
    inside = {id(weight) for weight in backbone}
    heads = [weight for weight in embedder.parameters() if id(weight) not in inside]
    if config.backbone == 0:
        for weight in backbone:
            weight.requires_grad_(False)
    groups = [
        *_groups(backbone, config.lr * config.backbone, config.weight_decay),
        *_groups([*heads, *losses.parameters()], config.lr * config.heads, config.weight_decay),
    ]
    fused = {"fused": True} if groups and groups[0]["params"][0].device.type == "cuda" else {}
    if config.name == "sgd":
        made: torch.optim.Optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True, **fused)
    else:
        made = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.name](groups, **fused)
    for group in made.param_groups:
        group["highest"] = group["lr"]
    return made


def _groups(weights: Iterable[Any], lr: float, decay: float) -> list[dict[str, Any]]:
    learning = [weight for weight in weights if weight.requires_grad]
    parted = ([w for w in learning if w.ndim >= 2], decay), ([w for w in learning if w.ndim < 2], 0.0)
    return [{"params": some, "lr": lr, "weight_decay": much} for some, much in parted if some]
