"""Every loss with every sampler, from random weights to a trained network, on people that are drawn from a seed.

People of the last matches are held out; all scores are mAP on them: of the network before training, of the `color`
descriptor, and of the network after its last step (no step is chosen by the score). Nothing but this set is needed, and
nothing is fetched. The same settings serve all losses and samplers; they were chosen on people of another seed. What is
learnt here says that losses, samplers and loop work, not how good they are on real people. Matches that train have two
clips, which number their people anew: a sampler that does not know it takes one human for two.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click
import numpy as np
import torch
from rich.table import Table

from reid_solve.report.tables import console
from reid_solve.tracklets.embed.registry import embedder
from reid_solve.training.loop.config import Config, config_of
from reid_solve.training.loop.held import Examiner, input_of
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.material import HeldOut
from reid_solve.training.loop.processes import Processes
from reid_solve.training.loop.run import train
from reid_solve.training.loop.sets import material_of

LOSSES: dict[str, dict[str, float]] = {
    "cross-entropy": {"cross-entropy": 1.0}, "triplet": {"triplet": 1.0}, "contrastive": {"contrastive": 1.0},
    "infonce": {"infonce": 1.0}, "centroid": {"triplet": 0.9, "cross-entropy": 0.5, "centroid": 0.5},
}  # fmt: skip  # centroids alone teach little: as in Sportsreid
SAMPLERS = ("random-pk", "match-aware", "hierarchical", "once")
NETWORKS: dict[str, dict[str, Any]] = {
    "resnet": {"spec": "timm:resnet10t",
               "options": {"channels": [24, 32, 48, 64], "stem_type": "", "output_stride": 8}},
    "vit": {"spec": "timm:vit_tiny_patch16_224",
            "options": {"patch_size": 8, "embed_dim": 96, "depth": 4, "num_heads": 3}},
}  # fmt: skip
SIZE = (48, 24)
RATES = {"resnet": 0.005, "vit": 0.002}
MARGIN = 3.0  # mAP that training has to give over both
QUICK = 200  # steps of a test
CLIPS = 2  # of a match that trains


@dataclass(frozen=True)
class Line:
    """A loss with a sampler: mAP in per cent, before and after; seconds of training, on the clock and of the CPU."""

    network: str
    loss: str
    sampler: str
    untrained: float
    color: float
    trained: float
    seconds: float
    busy: float

    @property
    def passed(self) -> bool:
        """Whether it beats both by the margin."""
        return self.trained > max(self.untrained, self.color) + MARGIN


def settings(root: Path, network: str, loss: str, sampler: str, steps: int, seed: int) -> Config:
    """One configuration for all, but for their names."""
    return config_of(
        {
            "data": {"kind": "market", "root": str(root)},
            "model": {**NETWORKS[network], "image_size": list(SIZE)},
            "sampler": {"name": sampler, "p": 16 if sampler != "once" else 32, "k": 4 if sampler != "once" else 2},
            "loss": [{"name": name, "weight": weight} for name, weight in LOSSES[loss].items()],
            "optimizer": {"name": "adamw", "lr": RATES[network], "weight_decay": 0.05},
            "schedule": {"name": "cosine", "warmup": 0.1},
            "augment": {"steps": [{"name": "flip"}, {"name": "gamma"}]},
            "train": {"steps": steps, "seed": seed, "workers": 0, "evaluate_every": 1000000, "device": "cpu"},
        },
        "train_fixture",
    )


def color(held: HeldOut) -> float:
    """mAP of the colour descriptor."""
    describe = embedder("color")
    describe.load()
    found = describe.embed(describe.prepare([held.load(row) for row in range(held.count)]))
    return held.scores(found / np.linalg.norm(found, axis=1, keepdims=True))["mAP"]


def untrained(config: Config, held: HeldOut, classes: int) -> float:
    """mAP of the network as it begins."""
    learner = Learner(config, classes, Processes(0, 1, torch.device("cpu")))
    return Examiner(held, input_of(learner.embedder), 0)(learner)["mAP"]


def measure(root: Path, network: str, loss: str, sampler: str, steps: int, seed: int) -> Line:
    """Train one and score it."""
    config = settings(root, network, loss, sampler, steps, seed)
    material = material_of(config)
    assert material.held_out is not None
    before = untrained(config, material.held_out, material.count)
    with tempfile.TemporaryDirectory() as folder:
        begin, busy = perf_counter(), process_time()
        result = train(config, folder, material=material)
        seconds, busy = perf_counter() - begin, process_time() - busy
    return Line(network, loss, sampler, before, color(material.held_out), result.scores["mAP"], seconds, busy)


def write(root: Path, people: int, images: int, seed: int) -> Path:
    """Draw the set."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
    from people.make import write_people

    return Path(write_people(root, people=people, images=images, seed=seed, clips=CLIPS))


@click.command()
@click.option("--network", type=click.Choice(list(NETWORKS)), multiple=True, help="Only these.")
@click.option("--loss", type=click.Choice(list(LOSSES)), multiple=True, help="Only these.")
@click.option("--sampler", type=click.Choice(SAMPLERS), multiple=True, help="Only these.")
@click.option("--steps", type=int, default=1000, show_default=True)
@click.option("--people", type=int, default=400, show_default=True)
@click.option("--images", type=int, default=9, show_default=True)
@click.option("--seed", type=int, default=2, show_default=True, help="Of people and training; 1 was for choosing.")
def main(network: tuple[str, ...], loss: tuple[str, ...], sampler: tuple[str, ...], steps: int, people: int,
         images: int, seed: int) -> None:  # fmt: skip
    """Train a small network with each loss and sampler.

    \b
    Example:
        python benchmarks/train_fixture.py --network resnet --loss triplet --steps 20 --people 64 --images 6
    """
    table = Table(box=None, pad_edge=False)
    for head in ("network", "loss", "sampler", "untrained", "color", "trained", "s", "CPU s", ""):
        table.add_column(head, justify="left" if head in ("network", "loss", "sampler", "") else "right", no_wrap=True)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), people, images, seed)
        for net in network or ("resnet",):
            for term in loss or LOSSES:
                for batches in sampler or SAMPLERS:
                    line = measure(root, net, term, batches, steps, seed)
                    lines.append(line)
                    scores = (f"{value:.1f}" for value in (line.untrained, line.color, line.trained))
                    times = (f"{line.seconds:.0f}", f"{line.busy:.0f}")
                    table.add_row(net, term, batches, *scores, *times, "" if line.passed else "short")
                    click.echo(f"{net} {term} {batches}: {line.trained:.1f}, {line.busy:.0f} CPU s", err=True)
    console().print(table)
    passed = sum(line.passed for line in lines)
    console().print(f"{passed} of {len(lines)} beat the untrained network and color by {MARGIN:g} mAP")


if __name__ == "__main__":
    main()
