"""The drawn walkers as a video and as tracks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.clips import clip
from tests.tracklets.embed.walkers import FRAMES, HEIGHT, WIDTH, drawn, place

from reid_solve.tracklets.table import Clip, Tracks
from reid_solve.tracklets.video import write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for library in ("av", "cv2"):
        pytest.importorskip(library, reason="needs the extra [video]")
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, drawn(), Fraction(25), quality=12)
    return path


@pytest.fixture
def tracks() -> Tracks:
    """Two tracklets for each person, cut at frame 30; frames count from 1."""
    t, k = (a.ravel() for a in np.meshgrid(np.arange(FRAMES), np.arange(4)))
    made = clip(
        t + 1,
        10 * k + t // 30,
        [float(place(a, b)) for a, b in zip(k.tolist(), t.tolist(), strict=True)],
        40.0,
        24.0,
        60.0,
    )
    return Tracks(made.canonical, made.source, Clip(25.0, WIDTH, HEIGHT, source="t.parquet", frame_base=1))
