"""What these tests share: one thread, since networks here are small, and a folder with a few people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.training.loop.small import write_set


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small set of pictures, ``people``."""
    folder = tmp_path_factory.mktemp("loop")
    write_set(folder / "people")
    return folder
