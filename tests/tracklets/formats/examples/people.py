"""The people in every example, and how an example is registered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Maker = Callable[[Path], Path]
EXAMPLES: dict[str, Maker] = {}
ROWS = 3 * 30  # detections in every example: three people in frames 1 to 30, or 0 to 29
SIZE = (1920, 1080)


def example(name: str) -> Callable[[Maker], Maker]:
    """Register an example."""

    def register(make: Maker) -> Maker:
        EXAMPLES[name] = make
        return make

    return register


def reader_of(name: str) -> str:
    """The reader that has to take an example."""
    return name.split(" ")[0]


def people(base: int = 1) -> list[tuple[int, int, int, int, int, int, float]]:
    """Frame, id, x, y, w, h and score of three people who walk for 30 frames."""
    return [
        (f, i, 100 * i + 3 * f, 200 + 7 * i + f, 40 + i, 90 + 2 * i, round(0.5 + 0.1 * i + 0.003 * f, 3))
        for f in range(base, base + 30)
        for i in (1, 2, 3)
    ]


def lines(folder: Path, name: str, rows: list[str]) -> Path:
    """A text file of lines."""
    path = folder / name
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def corners() -> list[dict[str, Any]]:
    """The same people with corners, as supervision's sinks have them."""
    return [
        {
            "x_min": float(x), "y_min": float(y), "x_max": float(x + w), "y_max": float(y + h),
            "class_id": 0, "confidence": s, "tracker_id": i, "class_name": "person", "frame_index": f,
        }
        for f, i, x, y, w, h, s in people(0)
    ]  # fmt: skip
