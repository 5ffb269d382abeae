"""What the tests of Ultralytics' files share: the objects that it writes them from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def results() -> list[Any]:
    """Real Results: two people, of whom the tracker knows none in frame 0."""
    torch = pytest.importorskip("torch")
    engine = pytest.importorskip("ultralytics.engine.results")
    out = []
    for f in range(6):
        boxes = [[100.5 + f, 200, 140 + f, 300, 1, 0.9, 0], [500 + f, 210, 540.25 + f, 330, 2, 0.75, 32]]
        tensor = torch.tensor(boxes)
        tensor = tensor if f else tensor[:, [0, 1, 2, 3, 5, 6]]
        names = {0: "person", 32: "sports ball"}
        out.append(engine.Results(np.zeros((1080, 1920, 3), np.uint8), path="m.mp4", names=names, boxes=tensor))
    return out
