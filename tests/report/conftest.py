"""A black video, and a function that renders rows on it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.report.black_video import FRAMES, SIZE, Draw, Row

from reid_solve.report.render import Rendered, render
from reid_solve.tracklets.video import Picture, pictures, write_video


@pytest.fixture
def black(tmp_path: Path) -> Path:
    """A black video of the rate of American television."""
    path = tmp_path / "black.mp4"
    empty = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    write_video(path, (empty for _ in range(FRAMES)), Fraction(30000, 1001))
    return path


@pytest.fixture
def drawn(black: Path, tmp_path: Path) -> Draw:
    """Renders rows on the black video and gives its pictures."""

    def draw(rows: Sequence[Row], **options: Any) -> tuple[list[Picture], Rendered]:
        names = ["frame", "track_id", "x", "y", "w", "h"]
        names += sorted({name for r in rows for name in r} - set(names))
        table = pa.table({name: pa.array([r.get(name) for r in rows]) for name in names})
        pq.write_table(table, tmp_path / "rows.parquet")
        done = render(black, tmp_path / "rows.parquet", tmp_path / "out.mp4", **options)
        return [picture for _, picture in pictures(tmp_path / "out.mp4")], done

    return draw
