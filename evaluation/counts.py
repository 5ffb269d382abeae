"""What every metric here is made of: counts that add up. A score is a property of the counts, so pooling clips is
a sum.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, eq=False)
class Counts:
    """Base of the frozen dataclasses of counts; ``a + b`` joins two clips field by field, ``sum(...)`` joins many."""

    def __add__(self, other: Self) -> Self:
        return type(self)(**{f.name: _join(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)})

    def __radd__(self, zero: int) -> Self:
        """What ``sum`` starts with is the integer 0."""
        if zero != 0:
            raise TypeError(f"cannot add {type(self).__name__} to {zero!r}")
        return self


def _join(a: Any, b: Any) -> Any:
    """Optional parts stay only when both clips have them."""
    return None if a is None or b is None else a + b


def ratio(part: float, whole: float) -> float:
    """``part / whole`` as TrackEval guards it: a whole of nothing counts as one."""
    return float(part) / max(1.0, float(whole))
