"""Every key of a configuration does something: with another value, what a training leaves behind is otherwise."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.loop.small import CPU, VIT, configured, write_config, write_set

from reid_solve.tracklets.embed.networks import save
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.config import TABLES
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.run import train

BASE: dict[str, dict[str, object]] = {
    "schedule": {"name": "polynomial"},
    "train": {"epochs": 2, "workers": 0, "log_every": 2, "evaluate_every": 2, "device": "cpu"},
}
OTHER: dict[tuple[str, str], object] = {
    ("data", "kind"): "lists",
    ("data", "root"): "others",
    ("model", "spec"): "timm:deit_tiny_distilled_patch16_224",
    ("model", "pretrained"): "start.pt",
    ("model", "dim"): 8,
    ("model", "image_size"): [32, 32],
    ("model", "options"): {**VIT, "depth": 1},
    ("sampler", "name"): "once",
    ("sampler", "p"): 3,
    ("sampler", "k"): 2,
    ("sampler", "options"): {"rounds": 4},
    ("loss", "name"): "infonce",
    ("loss", "weight"): 2.0,
    ("loss", "options"): {"neck": False, "smoothing": 0.3},
    ("optimizer", "name"): "sgd",
    ("optimizer", "lr"): 0.004,
    ("optimizer", "weight_decay"): 0.5,
    ("optimizer", "backbone"): 0.5,
    ("optimizer", "heads"): 0.5,
    ("schedule", "name"): "cosine",
    ("schedule", "warmup"): 0.5,
    ("schedule", "end"): 0.5,
    ("schedule", "power"): 1.0,
    ("augment", "resize"): "letterbox",
    ("augment", "steps"): [{"name": "flip"}],
    ("train", "epochs"): 1,
    ("train", "steps"): 3,
    ("train", "amp"): "bf16",
    ("train", "accumulate"): 2,
    ("train", "ema"): 0.5,
    ("train", "clip_grad"): 0.01,
    ("train", "seed"): 1,
    ("train", "evaluate_every"): 1,
    ("train", "log_every"): 1,
    ("train", "deterministic"): True,
    ("train", "tensorboard"): True,
    ("train", "checkpoint_every"): 1,
    ("train", "workers"): 1,
    ("train", "device"): "cuda:99",
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets, a list of a part of the first one, and weights to begin with."""
    folder = tmp_path_factory.mktemp("keys")
    for name, people in (("people", 8), ("others", 6)):
        write_set(folder / name, people=people)
    names = sorted((folder / "people" / "bounding_box_train").iterdir())[:30]
    lines = [f"bounding_box_train/{path.name} {int(path.name[:4])} 0\n" for path in names]
    (folder / "people" / "train.txt").write_text("".join(lines))
    torch.manual_seed(9)
    save(folder / "start.pt", Learner(configured(folder, train={"seed": 9}), 8, CPU).embedder)
    return folder


def left_behind(sets: Path, out: Path, loss: Mapping[str, object], changes: Mapping[str, Any]) -> Any:
    """All that can be told of a training: what it wrote, and how it was while it went on."""
    tables = {name: {**BASE.get(name, {}), **changes.get(name, {})} for name in {*BASE, *changes}}
    seen: list[Any] = []

    def watch(_: object) -> None:
        strict, readers = torch.are_deterministic_algorithms_enabled(), len(multiprocessing.active_children())
        seen.append((strict, readers, (out / "checkpoint.pt").exists()))

    named = {"name": "cross-entropy", **loss}
    train(write_config(sets / "x.toml", (str(named["name"]), named), **tables), out, watch=watch)
    files = sorted({path.name.partition(".")[0] for path in out.iterdir()})
    weights = torch.load(out / "last.pt", weights_only=True)["weights"]
    return (
        (out / "log.csv").read_text(),
        seen,
        files,
        {name: value.numpy().tobytes() for name, value in weights.items()},
    )


@pytest.fixture(scope="module")
def usual(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = [left_behind(sets, tmp_path_factory.mktemp("usual"), {}, {}) for _ in range(2)]
    assert found[0] == found[1]  # what is told of a training is its settings alone
    return found[0]


def test_none_is_left_out() -> None:
    assert set(OTHER) == {(name, item.name) for name, kind in TABLES.items() for item in fields(kind)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of protobuf, which TensorBoard imports
@pytest.mark.parametrize(("table", "key"), OTHER)
def test_another_value_gives_another_training(sets: Path, usual: Any, tmp_path: Path, table: str, key: str) -> None:
    if key == "tensorboard":
        pytest.importorskip("tensorboard", reason="no TensorBoard")
    value = OTHER[table, key]
    loss = {key: value} if table == "loss" else {}
    changes = {} if table == "loss" else {table: {key: value, **({"epochs": None} if key == "steps" else {})}}
    if key == "device":
        with pytest.raises(OptionError, match=r"\[train\] device cuda:99: "):
            left_behind(sets, tmp_path, loss, changes)
    else:
        assert left_behind(sets, tmp_path, loss, changes) != usual
