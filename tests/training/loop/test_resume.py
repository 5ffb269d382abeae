"""A training that was killed goes on as if nothing had been: the same bytes at its end."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.loop.small import VIT, command, run, write_config, write_set

from reid_solve.tracklets.errors import ReidSolveError
from reid_solve.training.loop.run import train

CHANCE: dict[str, object] = {
    "steps": [{"name": "flip", "joint": True}, {"name": "pad-crop", "pixels": 3}, {"name": "jitter"},
              {"name": "gamma"}, {"name": "blur"}, {"name": "erase", "fill": "noise"}]
}  # fmt: skip
TRAIN = {"epochs": 6, "ema": 0.9, "accumulate": 2, "amp": "bf16", "clip_grad": 1.0, "checkpoint_every": 2, "seed": 3}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    write_set(folder / "people", people=12, images=8)
    return folder


def configured(place: Path, **changes: object) -> Path:
    model: dict[str, object] = {"options": {**VIT, "proj_drop_rate": 0.2}, "dim": 16}
    how = {**TRAIN, **changes}
    return write_config(
        place / "x.toml", "cross-entropy", "triplet", model=model, augment=CHANCE, train=how, optimizer={"lr": 0.01}
    )


def equal(a: Any, b: Any) -> bool:
    """To the last bit."""
    if torch.is_tensor(a):
        return a.dtype == b.dtype and a.shape == b.shape and bool(a.numpy().tobytes() == b.numpy().tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


def content(folder: Path) -> Any:
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def test_killed_in_the_middle_and_taken_up_it_ends_with_the_same_bytes(place: Path) -> None:
    config, whole, cut = configured(place), place / "whole", place / "cut"
    done = run("train", config, "-o", whole)
    assert done.returncode == 0, done.stderr
    config = configured(place, workers=2)  # who reads the pictures changes nothing
    line, environment = command("train", config, "-o", cut)
    going = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    steps = len((whole / "log.csv").read_text().splitlines()) - 1
    log = cut / "log.csv"
    while going.poll() is None and (not log.exists() or len(log.read_text().splitlines()) < steps // 2):
        time.sleep(0.005)
    going.send_signal(signal.SIGKILL)
    assert going.wait() == -signal.SIGKILL  # it was not done yet
    middle = content(cut)["position"]
    assert 0 < middle["step"] < steps
    done = run("train", config, "-o", cut, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert equal(content(whole), content(cut))
    assert (whole / "log.csv").read_bytes() == log.read_bytes()
    for name in ("embedder.pt", "last.pt"):
        assert (whole / name).read_bytes() == (cut / name).read_bytes()


def test_seeds_decide_and_the_callers_chance_stays(place: Path) -> None:
    """The comparison above could fail: another seed gives other weights, the same one the same."""
    logs = []
    torch.manual_seed(77)
    expected = torch.rand(3)
    torch.manual_seed(77)
    for number, seed in enumerate((3, 3, 4)):
        folder = place / f"seed{number}"
        train(configured(place, epochs=1, seed=seed), folder)
        logs.append((folder / "log.csv").read_text())
    assert logs[0] == logs[1] != logs[2]
    assert torch.equal(torch.rand(3), expected)


def test_a_folder_with_a_training_is_not_overwritten_and_other_settings_do_not_go_on(place: Path) -> None:
    folder = place / "kept"
    train(configured(place, epochs=1), folder)
    before = (folder / "checkpoint.pt").read_bytes()

    def refused(resume: bool = True, **changes: object) -> str:
        with pytest.raises(ReidSolveError) as error:
            train(configured(place, **{"epochs": 1, **changes}), folder, resume=resume)
        assert (folder / "checkpoint.pt").read_bytes() == before
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "holds a training; go on with --resume" in refused(resume=False)
    assert "[train] seed was 3, is 9" in refused(seed=9)
    assert "[train] epochs was 1, is 2" in refused(epochs=2)
    more = place / "people" / "bounding_box_train" / "0012_c1s1_000099_00.jpg"
    more.write_bytes(b"")
    assert "other pictures" in refused()
    more.unlink()
    train(configured(place, epochs=1, checkpoint_every=7, workers=1), folder, resume=True)  # they change no result
    before = before[: len(before) // 2]
    (folder / "checkpoint.pt").write_bytes(before)
    assert "a damaged checkpoint" in refused()
