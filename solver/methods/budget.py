"""What a search for columns may spend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter

ROOM = 20_000  # chains in one integer programme, ever


@dataclass
class Budget:
    """What may be spent: steps, so that the answer is the same everywhere, or seconds, where somebody waits.

    Attributes:
        steps: of pricing; a linear programme counts by its columns.
        columns: of one integer programme; there is no telling how long one takes.
        deadline: of ``perf_counter``.
    """

    steps: float = math.inf
    columns: int = ROOM
    deadline: float = math.inf

    @property
    def seconds(self) -> float:
        """Seconds left."""
        return self.deadline - perf_counter()

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.steps <= 0 or self.seconds <= 0
