"""The benchmark of `track` prints a line for every way to link the boxes of a clip."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.clips import walkers

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "track.py"


def test_every_way_is_measured(tmp_path: Path) -> None:
    tracks, person = walkers(3, people=6, frames=80)
    (tmp_path / "CLIP-3").mkdir()
    rows = np.column_stack([tracks.frame, person + 1, tracks.boxes])
    np.savetxt(tmp_path / "CLIP-3" / "gt.txt", rows, fmt="%g", delimiter=",")
    command = [sys.executable, str(BENCHMARK), "--data", str(tmp_path), "--jobs", "1"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in text.splitlines() if line.startswith("bytetrack")]
    assert len(lines) == 6
    pure = [float(line[-5]) for line in lines]
    assert all(80 < share <= 100 for share in pure), text
    assert int(lines[1][-7]) > int(lines[0][-7]) >= 5, text  # less patience gives more tracklets
