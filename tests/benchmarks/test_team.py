"""The benchmark of teams runs on a generated clip in the shape of the real one, and says what is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from tests.conftest import MiniClip

from reid_solve.tracklets.read import read
from reid_solve.tracklets.write import write

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "team.py"


def test_teams_of_a_generated_clip_are_right(mini_clip: MiniClip, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(mini_clip.video.read_bytes())
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nframeRate=25\nimWidth=640\nimHeight=360\n")
    truth = pq.read_table(mini_clip.truth)
    names = {"home": "left", "away": "right"}
    lines = []
    for number, team, role in sorted(
        {tuple(row.values()) for row in truth.select(["track_id", "team", "role"]).to_pylist()}
    ):
        who = f"player team {names[team]};7" if role == "player" else f"{role};main"
        lines.append(f"trackletID_{number}= {who}")
    (tmp_path / "gameinfo.ini").write_text("[Sequence]\n" + "\n".join(lines) + "\n")
    write(read(truth.select(["frame", "track_id", "x", "y", "w", "h"])), tmp_path / "gt.txt")
    tracks = read(mini_clip.tracks)
    for name in ("bytetrack", "deep-oc-sort", "bot-sort"):
        write(tracks, tmp_path / f"{name}.txt")
    ids = np.array(tracks.canonical["track_id"].to_pylist())
    vectors = np.random.default_rng(0).normal(size=(len(ids), 8)).astype(np.float32)
    np.savez(tmp_path / "osnet_x0_25_bytetrack.npz", frame=tracks.frame, id=ids, emb=vectors)
    command = [sys.executable, str(BENCHMARK), "--data", str(tmp_path), "--clip", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    true = next(line for line in lines if line.startswith("true boxes"))
    _, accuracy, coverage, one, others = (float(word) for word in true.removeprefix("true boxes and ids").split())
    assert accuracy == one == 100
    assert coverage > 95
    assert others == 0
    assert sum(line.startswith("bytetrack") for line in lines) == 3
