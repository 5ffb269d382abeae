"""Everything that a training needs to go on as if it had never been stopped, in one file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from reid_solve.tracklets.embed.torch_model import reason
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.write import atomically

FORMAT = "reid-solve-training/1"


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all: a kill while it is written leaves the one before.

    Raises:
        OutputError: it cannot be written.
    """

    def write(stream: BinaryIO) -> None:
        torch.save({"format": FORMAT, **content}, stream)

    atomically(path, write)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; no code in it is run.

    Raises:
        InputError: missing, damaged, or something else.
    """
    try:
        with path.open("rb") as stream:
            found = torch.load(stream, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the folder") from error
    except Exception as error:
        raise InputError(f"{path}: a damaged checkpoint ({reason(error)}); train into another folder") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"{path}: not a checkpoint of `reid-solve train`; train into another folder")
    return found


def chance() -> dict[str, Any]:
    """Where the random generators of this process are."""
    kind, keys, position, has, cached = np.random.get_state()  # noqa: NPY002  # what libraries draw from
    return {
        "python": random.getstate(),
        "numpy": (kind, torch.from_numpy(np.asarray(keys, np.int64)), position, has, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def seed(number: int) -> None:
    """Begin all random generators of this process anew."""
    random.seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002  # what libraries draw from
    torch.manual_seed(number % 2**63)


@contextmanager
def own_chance() -> Iterator[None]:
    """Leave the caller's random generators and its choice about deterministic operations as they were."""
    before, strict = chance(), torch.are_deterministic_algorithms_enabled()
    try:
        yield
    finally:
        set_chance(before)
        torch.use_deterministic_algorithms(strict)


def set_chance(state: dict[str, Any]) -> None:
    """Put the random generators back."""
    random.setstate(state["python"])
    kind, keys, position, has, cached = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), position, has, cached))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
