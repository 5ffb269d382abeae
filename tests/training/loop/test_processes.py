"""Two processes train as one does that has all pictures: the batch of the configuration is that of all together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.training.loop.small import command, rows, write_config

from reid_solve.tracklets.embed.networks import load
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.batches import share
from reid_solve.training.loop.run import train

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]


def launch(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line, environment = command(*words)
    return subprocess.run([*LAUNCH, *line], env=environment, capture_output=True, text=True, check=False)


def losses(folder: Path) -> list[float]:
    return [float(row["loss"]) for row in rows(folder)]


def test_two_processes_give_what_one_gives(place: Path) -> None:
    """Nine pictures a batch, so parts are of four and five; losses that compare pictures see all nine."""
    config = write_config(
        place / "x.toml", "cross-entropy", "contrastive", "triplet",
        sampler={"p": 3, "k": 3}, optimizer={"name": "sgd", "lr": 0.01}, schedule={"name": "constant"},
        train={"steps": 7, "epochs": None, "accumulate": 2, "ema": 0.9, "checkpoint_every": 2},
        augment={"steps": [{"name": "flip"}, {"name": "erase"}]},
    )  # fmt: skip
    one, two = place / "one", place / "two"
    train(config, one)
    done = launch("train", config, "-o", two, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"steps": 7') == 1  # one of them speaks
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert [row["mAP"] for row in rows(two)] == [row["mAP"] for row in rows(one)]
    a, b = (torch.load(f / "checkpoint.pt", weights_only=True)["learner"]["embedder"] for f in (one, two))
    for name, value in a.items():
        torch.testing.assert_close(b[name], value, rtol=1e-4, atol=1e-5)
    # it could fail: a step later weights are elsewhere
    train(write_config(place / "y.toml", "cross-entropy", "contrastive", "triplet", sampler={"p": 3, "k": 3},
                       optimizer={"name": "sgd", "lr": 0.01}, schedule={"name": "constant"},
                       train={"steps": 6, "epochs": None, "accumulate": 2}), place / "less")  # fmt: skip
    less = load(place / "less" / "last.pt").state_dict()
    assert max(float((less[name] - a[name]).abs().max()) for name in a) > 1e-3
    again = launch("train", config, "-o", two, "--resume")
    assert again.returncode == 0, again.stderr


def test_parts_cover_a_batch_and_differ_by_one_at_most() -> None:
    for count, world in ((9, 2), (8, 3), (4, 4)):
        bounds = [share(count, rank, world) for rank in range(world)]
        assert [begin for begin, _ in bounds] == [0, *(end for _, end in bounds[:-1])]
        assert bounds[-1][1] == count
        assert {end - begin for begin, end in bounds} <= {count // world, -(-count // world)}
    with pytest.raises(OptionError, match="a batch of 1 pictures for 2 processes; raise p or k"):
        share(1, 0, 2)
