"""Augmentations by name, and a list of them as one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeVar

import numpy as np

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.video import Picture
from reid_solve.training.settings import settings, shown

MODULES = ("flip", "crop", "colour", "blur", "erase")


class Augmentation(Protocol):
    """A change to a picture (H, W, 3), RGB; the size stays, and the given picture stays as it is.

    ``own`` is chance of this picture, ``shared`` the same for all pictures of one person in a batch.
    """

    def __call__(self, picture: Picture, own: np.random.Generator, shared: np.random.Generator) -> Picture:
        """Change it."""


Kind = TypeVar("Kind", bound=type)
AUGMENTATIONS: dict[str, type] = {}


def augmentation(name: str) -> Callable[[Kind], Kind]:
    """Register a dataclass of options that is called with a picture."""

    def register(kind: Kind) -> Kind:
        AUGMENTATIONS[name] = kind
        return kind

    return register


def load_all() -> dict[str, type]:
    """All that there are, by name."""
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    return AUGMENTATIONS


def build(steps: Sequence[Mapping[str, Any]], place: str = "augment") -> tuple[Augmentation, ...]:
    """Augmentations from tables with a name and options.

    Args:
        steps: in the order in which they are done.
        place: how errors name the list.

    Raises:
        OptionError: a name or an option that is not known, or not right.
    """
    known, made = load_all(), list[Augmentation]()
    for number, step in enumerate(steps, 1):
        options = dict(step)
        name = options.pop("name", None)
        where = f"{place} {number}"
        if name not in known:
            said = "no name" if name is None else f"{shown(name)} is not known"
            raise OptionError(f"{where}: {said}; allowed names: {', '.join(sorted(known))}")
        made.append(settings(known[name], options, f"{where} ({name})"))
    return tuple(made)


def apply(
    steps: Sequence[Augmentation], picture: Picture, own: np.random.Generator, shared: np.random.Generator
) -> Picture:
    """Do them in order."""
    for step in steps:
        picture = step(picture, own, shared)
    return picture
