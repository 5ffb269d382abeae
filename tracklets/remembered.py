"""What is learnt from a recording once, though several parts ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from reid_solve.tracklets.describe import Tracklets

Learnt = TypeVar("Learnt")


def remembered(learn: Callable[[Tracklets], Learnt]) -> Callable[[Tracklets], Learnt]:
    """Keep what a function learns from tracklets with the tracklets, as a cached property of theirs would.

    Tracklets never change; ones that are cut or replaced are new and are learnt from again.
    """
    name = f"_{learn.__module__}.{learn.__qualname__}"

    @wraps(learn)
    def once(tracklets: Tracklets) -> Learnt:
        if name not in tracklets.__dict__:
            tracklets.__dict__[name] = learn(tracklets)
        kept: Learnt = tracklets.__dict__[name]
        return kept

    return once
