"""What the tests of protocols share."""

from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.retrieval.small import write_features

from reid_solve.evaluation.retrieval.files import read_features


@pytest.fixture
def small(tmp_path: Path) -> tuple[Any, Any]:
    """Features and table of a small set of six actions."""
    write_features(tmp_path)
    return read_features(tmp_path / "features.npz")
