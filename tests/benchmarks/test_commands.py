"""The commands run on a folder of clips and write what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.clips import walkers

from reid_solve.solver.confidence import WEIGHTS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SEQINFO = "[Sequence]\nname={}\nframeRate=25\nseqLength=120\nimWidth=1920\nimHeight=1080\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of a tracker called ``some``, with embeddings of level generic that know the person."""
    root = tmp_path_factory.mktemp("data")
    for seed in (1, 2):
        tracks, person = walkers(seed, people=6, frames=120)
        folder = root / f"CLIP-{seed}"
        folder.mkdir()
        track = np.asarray(tracks.canonical["track_id"].to_numpy())
        for name, ids in (("gt", person + 1), ("some", track)):
            rest = np.tile([1, -1, -1, -1], (len(ids), 1))
            rows = np.column_stack([tracks.frame, ids, tracks.boxes, rest])
            np.savetxt(folder / f"{name}.txt", rows, fmt="%g", delimiter=",")
        (folder / "seqinfo.ini").write_text(SEQINFO.format(folder.name))
        rng = np.random.default_rng(seed)
        look = rng.normal(size=(6, 16))[person] + 0.3 * rng.normal(size=(len(person), 16))
        sidecar = {"frame": tracks.frame, "id": track, "embedding": list(look.astype(np.float32))}
        pq.write_table(pa.table(sidecar), root / f"CLIP-{seed}-some-generic.parquet")
    return root


def run(name: str, data: Path, *more: str) -> tuple[str, Any]:
    out = data / f"{name}.json"
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--data", str(data), "--tracker", "some", "--jobs", "1"]
    done = subprocess.run([*command, "--out", str(out), *more], capture_output=True, text=True, cwd=data, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(out.read_text())


def test_soccernet_sets_the_baselines_beside_ours(data: Path) -> None:
    text, found = run("soccernet", data, "--level", "generic", "--embeddings", str(data), "--baselines")
    assert {"headroom", "trackers", "rows", "levels"} <= set(found)
    methods = found["levels"]["generic"]
    assert set(methods) == {
        "reid-solve", "GTA-like", "GTA-like, tuned on all", "AFLink-like", "AFLink-like, tuned on all"
    }  # fmt: skip
    assert len(found["rows"]) == 2 * len(methods)
    assert methods["GTA-like, tuned on all"]["headroom"] > 50  # the embeddings are easy
    assert methods["AFLink-like, tuned on all"]["headroom"] > 10
    assert all(name in text for name in methods)


def test_soccernet_says_which_sidecar_is_missing(data: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "soccernet.py"), "--data", str(data), "--tracker", "some"]
    done = subprocess.run(
        [*command, "--level", "finetuned", "--embeddings", str(data)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "CLIP-1-some-finetuned.parquet is missing" in done.stderr


def test_calibration_draws_and_counts(data: Path) -> None:
    text, found = run("calibration", data, "--svg", str(data / "calibration.svg"), "--cues")
    assert found["figures"]["none"]["pairs"] > 0
    assert found["figures"]["none"]["true"] + found["figures"]["none"]["missing"] > 0
    assert "motion" in found["cues"]["none"]["weights"]
    assert "weights that would fit" in text
    assert len(found["weights"]) == len(WEIGHTS)
    assert max(map(len, text.splitlines())) <= 100
    assert (data / "calibration.svg").read_text().startswith("<svg")


def test_sensitivity_varies_what_it_is_asked_to(data: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "sensitivity.py"), "--data", str(data), "--tracker", "some"]
    done = subprocess.run(
        [*command, "--only", "motion SHARE", "--jobs", "1"], capture_output=True, text=True, cwd=data, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"as it is: headroom [\d.]+ %", done.stdout)
    assert re.search(r"solver.cues.motion: SHARE +[\d.]+ \([+-][\d.]+\)", done.stdout)
    assert "NEW" not in done.stdout


def test_ablation_fits_a_page(data: Path) -> None:
    text, found = run("ablation", data)
    assert found["without motion"]["none"]["headroom"] < found["all"]["none"]["headroom"]
    assert "without motion" in text
    assert max(map(len, text.splitlines())) <= 100


def test_crossval_goes_on_where_it_was_stopped(data: Path) -> None:
    more = ("--passes", "1", "--single", "neutral", "--cache", str(data / "cache.json"))
    text, found = run("crossval", data, *more)
    assert {"package, (fixed)", "neutral, pass 1, the other clips", "neutral, pass 1, all clips"} <= set(found)
    assert "neutral, one change, the other clips" in found
    chosen = found["neutral, pass 1, the other clips"]
    assert set(chosen["settings"]) == {"CLIP-1", "CLIP-2", "None"}
    assert "solver.cues.motion SHARE" in chosen["settings"]["CLIP-1"]
    again, same = run("crossval", data, *more)
    assert same == found
    assert "solved, 0 of them now" in again
    assert "solved, 0 of them now" not in text
