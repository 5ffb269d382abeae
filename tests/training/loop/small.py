"""A set of a few people as coloured noise, and a configuration that trains on it in seconds."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from reid_solve.tracklets.video import Picture
from reid_solve.training.loop.config import Config, read_config
from reid_solve.training.loop.example import toml
from reid_solve.training.loop.processes import Processes

CPU = Processes(0, 1, torch.device("cpu"))
VIT = {"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
TABLES: dict[str, dict[str, object]] = {
    "data": {"kind": "market", "root": "people"},
    "model": {"spec": "timm:vit_tiny_patch16_224", "image_size": [32, 16], "options": VIT},
    "sampler": {"p": 4, "k": 3},
    "optimizer": {"lr": 0.003},
    "train": {"epochs": 3, "workers": 0, "log_every": 1, "evaluate_every": 1, "device": "cpu"},
}


def write_set(root: Path, people: int = 8, images: int = 6, size: tuple[int, int] = (40, 24)) -> Path:
    """Market-1501's layout: everybody in train, and the first three again in query and gallery."""
    rng = np.random.default_rng(5)
    colours = rng.integers(40, 215, (people, 2, 3))
    for part in ("bounding_box_train", "query", "bounding_box_test"):
        (root / part).mkdir(parents=True)
    for person in range(people):
        for image in range(images):
            picture = np.repeat(colours[person], (size[0] // 2, size[0] - size[0] // 2), axis=0)[:, None]
            picture = np.clip(picture + rng.normal(0, 30, (*size, 3)), 0, 255).astype(np.uint8)
            parts = ["bounding_box_train"] + ([] if person > 2 else ["query" if image == 0 else "bounding_box_test"])
            for part in parts:
                number = person + 1 + (0 if part == "bounding_box_train" else 100)
                cv2.imwrite(str(root / part / f"{number:04}_c{1 + image % 3}s1_{image:06}_00.jpg"), picture)
    return root


def write_config(path: Path, *losses: str | tuple[str, dict[str, object]], **changes: dict[str, object]) -> Path:
    """A file of ``TABLES`` with changes by table; losses by name, or by name and further keys."""
    lines = []
    for name in ("data", "model", "sampler", "optimizer", "schedule", "augment", "train"):
        table = {**TABLES.get(name, {}), **changes.get(name, {})}
        lines += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in table.items() if value is not None)]
    for loss in losses or ("cross-entropy",):
        name, keys = loss if isinstance(loss, tuple) else (loss, {})
        if name == "cross-entropy" and "options" not in keys:
            keys = {**keys, "options": {"neck": False}}
        lines += ["[[loss]]", *(f"{key} = {toml(value)}" for key, value in {"name": name, **keys}.items())]
    path.write_text("\n".join(lines) + "\n")
    return path


def configured(place: Path, *losses: str, **changes: dict[str, object]) -> Config:
    """Such a file in a folder, as it is read."""
    return read_config(write_config(place / "x.toml", *losses, **changes))


def rows(folder: Path) -> list[dict[str, str]]:
    """Lines of a training's log."""
    with (folder / "log.csv").open() as stream:
        return list(csv.DictReader(stream))


def command(*words: str | Path) -> tuple[list[str], dict[str, str]]:
    """`reid-solve` in a process of its own: its command line and environment."""
    code = "import sys; from reid_solve.cli import main; main(sys.argv[1:])"
    return [sys.executable, "-c", code, *map(str, words)], {**os.environ, "OMP_NUM_THREADS": "1"}


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    line, environment = command(*words)
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


class Rounds:
    """A sampler that gives the rows in order, another beginning in each epoch."""

    def __init__(self, count: int, size: int) -> None:
        self.count, self.size, self.epoch = count, size, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        for begin in range(0, self.count, self.size):
            yield [(begin + k + self.epoch) % self.count for k in range(self.size)]


class Noise:
    """Pictures of nothing, by row; a class of its own so that it can be sent to readers."""

    def __call__(self, row: int) -> Picture:
        return np.random.default_rng(row).integers(0, 256, (40, 20, 3), np.uint8)
