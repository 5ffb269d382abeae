"""A small network, trained from random weights on generated people, knows other people better than it did, and better
than the colours of their clothes do. The whole matrix of losses and samplers is `benchmarks/train_fixture.py`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def fixture() -> Iterator[Any]:
    """The module ``benchmarks/train_fixture.py``."""
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("train_fixture")
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize(("loss", "sampler"), [("triplet", "random-pk")])
def test_it_beats_its_beginning_and_colour_on_people_it_never_saw(
    fixture: Any, people: Any, tmp_path: Path, loss: str, sampler: str
) -> None:
    root = people.write_people(tmp_path, people=320, images=6, seed=4)
    line = fixture.measure(root, "resnet", loss, sampler, fixture.QUICK, seed=4)
    assert line.trained > line.untrained + 20
    assert line.trained > line.color + fixture.MARGIN
