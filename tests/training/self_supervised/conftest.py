"""Ten seconds of generated video, long enough to hold a part of it out; and networks small enough for one thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def match(film: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A clip: seed 19, 640x360, 250 frames, 12 people."""
    return film.make(tmp_path_factory.mktemp("match"), seed=19, frames=250, people=12)
