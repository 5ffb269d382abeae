"""What `reid-solve train` costs beyond the network itself: pictures a second beside a bare PyTorch loop.

The bare loop has the same network, loss, optimiser, precision and batch, and one batch that lies on the device from the
beginning: it reads, changes, logs and keeps nothing. `reid-solve train` reads JPEG files, augments them, follows a
schedule, averages weights, logs every ten steps and writes a checkpoint at the end. Rounds alternate; the best of each
counts. CPU seconds say what a step costs on a machine that others use, too.
"""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click
import cv2
import numpy as np
import torch
from rich.table import Table

from reid_solve.report.tables import console
from reid_solve.tracklets.embed.networks import build
from reid_solve.training.loop.config import Config, config_of
from reid_solve.training.loop.learner import PRECISIONS
from reid_solve.training.loop.progress import Progress
from reid_solve.training.loop.run import train
from reid_solve.training.losses.registry import build as build_loss

PEOPLE, IMAGES = 32, 8
CROP = (200, 90)  # height and width of the files
WARM = 5  # steps before the clock runs: memory, kernels, readers
WANTED = 0.8


def write(root: Path, seed: int = 0) -> Path:
    """A Market-style set of noise with some structure, so that files are as large as those of people."""
    rng = np.random.default_rng(seed)
    folder = root / "bounding_box_train"
    folder.mkdir(parents=True)
    for person in range(PEOPLE):
        for image in range(IMAGES):
            coarse = rng.integers(0, 256, (20, 9, 3), np.uint8)
            crop = cv2.resize(coarse, CROP[::-1], interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{person + 1:04}_c1s1_{image:06}_00.jpg"), crop)
    return root


def settings(root: Path, spec: str, size: tuple[int, int], batch: int, steps: int, amp: str, workers: int,
             device: str) -> Config:  # fmt: skip
    """The configuration: what most people would train with."""
    return config_of(
        {
            "data": {"kind": "market", "root": str(root)},
            "model": {"spec": spec, "image_size": list(size)},
            "sampler": {"p": batch // 4, "k": 4},
            "loss": [{"name": "cross-entropy"}],
            "augment": {"steps": [{"name": "flip"}, {"name": "pad-crop"}, {"name": "jitter"}, {"name": "gamma"},
                                  {"name": "blur"}, {"name": "erase"}]},
            "train": {"steps": WARM + steps, "amp": amp, "workers": workers, "device": device, "ema": 0.999,
                      "evaluate_every": 0, "checkpoint_every": 1000000},
        },
        "train_speed",
    )  # fmt: skip


def bare(config: Config, batch: int, steps: int, device: torch.device) -> tuple[float, float]:
    """Seconds and CPU seconds of the loop that everybody writes first."""
    model, train_ = config.model, config.train
    network = build(model.spec, image_size=model.image_size).to(device).train()
    loss = build_loss("cross-entropy", classes=PEOPLE, dim=network.dim).to(device)
    cuda = device.type == "cuda"
    if cuda:
        network = network.to(memory_format=torch.channels_last)
    weights = [*network.parameters(), *loss.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=1e-4, fused=cuda)
    kind = PRECISIONS.get(train_.amp)
    scaler = torch.amp.GradScaler(device.type, enabled=train_.amp == "fp16")
    pixels = torch.randn(batch, 3, *model.image_size, device=device)
    pixels = pixels.contiguous(memory_format=torch.channels_last) if cuda else pixels
    target = (torch.arange(batch, device=device) // 4) % PEOPLE
    begin = busy = 0.0
    for step in range(WARM + steps):
        if step == WARM:
            _wait(device)
            begin, busy = perf_counter(), process_time()
        with torch.autocast(device.type, dtype=kind) if kind else nullcontext():
            out = network(pixels)
        scaler.scale(loss(out, target)).backward()
        scaler.step(optimiser)
        scaler.update()
        optimiser.zero_grad(set_to_none=True)
    _wait(device)
    return perf_counter() - begin, process_time() - busy


def ours(config: Config, steps: int, device: torch.device) -> tuple[float, float]:
    """The same of `reid-solve train`, from the same step on to the last one."""
    clock: dict[str, float] = {}

    def watch(now: Progress) -> None:
        if now.step in (WARM, WARM + steps):
            _wait(device)
            word = "begin" if now.step == WARM else "end"
            clock[word], clock[f"busy {word}"] = perf_counter(), process_time()

    with tempfile.TemporaryDirectory() as folder:
        train(config, folder, watch=watch)
    return clock["end"] - clock["begin"], clock["busy end"] - clock["busy begin"]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


@click.command()
@click.option("--spec", default="timm:vit_base_patch16_224", show_default=True, help="Network.")
@click.option("--size", type=(int, int), default=(256, 128), show_default=True, help="Height and width.")
@click.option("--batch", type=int, default=64, show_default=True, help="Pictures; a multiple of 4.")
@click.option("--steps", type=int, default=50, show_default=True)
@click.option("--amp", type=click.Choice(["off", "bf16", "fp16"]), default="bf16", show_default=True)
@click.option("--workers", type=int, default=8, show_default=True)
@click.option("--device", default="cuda", show_default=True, help="cuda or cpu.")
@click.option("--repeat", type=int, default=3, show_default=True, help="Rounds; the best of each counts.")
def main(spec: str, size: tuple[int, int], batch: int, steps: int, amp: str, workers: int, device: str,
         repeat: int) -> None:  # fmt: skip
    """Time training and a bare loop with the same network, alternating.

    \b
    Examples:
        python benchmarks/train_speed.py
        python benchmarks/train_speed.py --device cpu --spec timm:resnet18 --batch 16 --steps 5 --amp off --workers 0
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise click.ClickException("torch sees no CUDA device here; --device cpu measures the loop on the processor")
    place = torch.device(device)
    best: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        config = settings(write(Path(folder) / "set"), spec, size, batch, steps, amp, workers, device)
        for _ in range(repeat):
            found: dict[str, Any] = {"bare loop": bare(config, batch, steps, place)}
            found["reid-solve train"] = ours(config, steps, place)
            best = {name: min(best.get(name, value), value) for name, value in found.items()}
    where = torch.cuda.get_device_name(place) if place.type == "cuda" else f"{torch.get_num_threads()} threads"
    table = Table(box=None, pad_edge=False, title=f"{spec}, {size[0]}x{size[1]}, batch {batch}, {amp}, {where}")
    for head in ("", "images/s", "ms a step", "CPU ms a step", "of the bare loop"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    reference = best["bare loop"][0]
    for name, (seconds, busy) in best.items():
        figures = (f"{batch * steps / seconds:.0f}", f"{1000 * seconds / steps:.1f}", f"{1000 * busy / steps:.0f}")
        table.add_row(name, *figures, f"{100 * reference / seconds:.0f} %")
    console().print(table)
    share = reference / best["reid-solve train"][0]
    console().print(f"{'at least' if share >= WANTED else 'less than'} {100 * WANTED:.0f} % of the bare loop")


if __name__ == "__main__":
    main()
