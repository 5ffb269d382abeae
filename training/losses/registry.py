"""Losses by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from torch import nn

from reid_solve.tracklets.embed.torch_model import reason
from reid_solve.tracklets.errors import OptionError, ReidSolveError

LOSSES: dict[str, type[nn.Module]] = {}
MODULES = ("cross_entropy", "triplet", "contrastive", "infonce", "centroid", "clip_prompt", "clip_reid",
           "seen_together")  # fmt: skip


def loss(name: str) -> Callable[[type[nn.Module]], type[nn.Module]]:
    """Register a module that takes ``Outputs`` and classes (B,) and gives a number.

    Its constructor takes ``classes`` and ``dim`` (of the features) and whatever else it wants, by name.
    """

    def register(made: type[nn.Module]) -> type[nn.Module]:
        LOSSES[name] = made
        return made

    return register


def build(name: str, *, classes: int, dim: int, **options: Any) -> nn.Module:
    """A loss with its parameters, random from torch's own generator.

    Args:
        name: see ``LOSSES``.
        classes: of the training set, C; targets are 0..C-1.
        dim: length of the features.
        **options: of the loss.

    Raises:
        OptionError: no such loss, no such option, or a value that it cannot have.
    """
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    if name not in LOSSES:
        raise OptionError(f"no loss {name!r}; one of: {', '.join(sorted(LOSSES))}")
    known = set(inspect.signature(LOSSES[name].__init__).parameters) - {"self", "classes", "dim"}
    for option in options:
        if option not in known:
            raise OptionError(f"loss {name} has no option {option!r}; it has: {', '.join(sorted(known)) or 'none'}")
    if classes < 1 or dim < 1:
        raise OptionError(f"loss {name}: {classes} classes, {dim} features; both are at least 1")
    try:
        return LOSSES[name](classes=classes, dim=dim, **options)
    except ReidSolveError:
        raise
    except (TypeError, ValueError) as error:
        raise OptionError(f"loss {name}: {reason(error)}") from error
