"""The learning rate as a function of how far a training is: nothing to remember, nothing to resume."""

from __future__ import annotations

import math

from reid_solve.training.loop.config import Schedule

END, POWER = 0.01, 2.0


def factor(schedule: Schedule, progress: float) -> float:
    """The share of the highest learning rate at a step.

    Args:
        schedule: its form.
        progress: of the training in the middle of the step, 0 < progress < 1: no step has rate 0.
    """
    if progress < schedule.warmup:
        return progress / schedule.warmup
    if schedule.name == "constant":
        return 1.0
    left = 1 - (progress - schedule.warmup) / (1 - schedule.warmup)  # from 1 to 0
    end = END if schedule.end is None else schedule.end
    if schedule.name == "cosine":
        return end + (1 - end) * (1 + math.cos(math.pi * (1 - left))) / 2
    return float(end + (1 - end) * left ** (POWER if schedule.power is None else schedule.power))
