"""A step, part by part: rates, averages, accumulation, precision, freezing, and the gradients of narrow maps."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.loop.small import CPU, configured, rows
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.networks import load
from reid_solve.training.loop.average import averaged
from reid_solve.training.loop.batches import Batch, Place
from reid_solve.training.loop.config import Schedule
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.narrow import widen_narrow
from reid_solve.training.loop.run import train
from reid_solve.training.loop.schedule import factor


def test_rates_rise_and_fall() -> None:
    cosine = Schedule("cosine", warmup=0.2, end=0.1)
    assert factor(cosine, 0.1) == pytest.approx(0.5)
    assert factor(cosine, 0.2) == pytest.approx(1.0)
    assert factor(cosine, 0.6) == pytest.approx(0.55)  # half way down
    assert factor(cosine, 1.0) == pytest.approx(0.1)
    assert factor(cosine, 0.4) > 1 - 0.9 * 0.25  # slow at first, unlike a line
    line = Schedule("polynomial", warmup=0.0, end=0.0, power=1.0)
    assert [factor(line, at) for at in (0.0, 0.25, 1.0)] == pytest.approx([1.0, 0.75, 0.0])
    assert factor(replace(line, power=2.0), 0.5) == pytest.approx(0.25)
    assert factor(replace(line, power=None), 0.5) == pytest.approx(0.25)
    constant = Schedule("constant", warmup=0.5)
    assert [factor(constant, at) for at in (0.25, 0.5, 1.0)] == pytest.approx([0.5, 1.0, 1.0])


def test_averages_move_as_they_should() -> None:
    model = torch.nn.Linear(1, 1)
    average = averaged(model, 0.9)
    expected = None
    for n, value in enumerate((1.0, 5.0, -3.0, 2.0, 2.0, 7.0, *[4.0] * 200)):
        torch.nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        share = min(0.9, (1 + n) / (10 + n))
        expected = value if expected is None else share * expected + (1 - share) * value
    assert float(average.module.weight.detach()) == pytest.approx(expected, rel=1e-6)
    assert float(average.module.weight.detach()) == pytest.approx(4.0, abs=1e-6)


def batches(learner: Learner, sizes: tuple[int, ...]) -> list[Batch]:
    height, width = learner.embedder.image_size
    rng = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (sum(sizes), 3, height, width), generator=rng, dtype=torch.uint8)
    target = torch.arange(sum(sizes)) % 4
    parts = zip(pixels.split(sizes), target.split(sizes), strict=True)
    return [Batch(Place(0, n, len(sizes)), some, classes, 0) for n, (some, classes) in enumerate(parts)]


@pytest.mark.parametrize("sizes", [(4, 4, 4), (6, 4, 2)])
def test_accumulated_batches_are_one_large_one(place: Path, sizes: tuple[int, ...]) -> None:
    """For a mean over pictures; parts need not be of one size."""
    config = configured(place, optimizer={"name": "sgd", "lr": 0.1}, train={"clip_grad": 0.5})
    together, apart, lost = (Learner(config, 4, CPU) for _ in range(3))
    large = together.step(batches(together, (sum(sizes),)), 0.5)
    small = apart.step(batches(apart, sizes), 0.5)
    assert float(small["loss"]) == pytest.approx(float(large["loss"]), rel=1e-5)
    lost.step(batches(lost, sizes)[:1], 0.5)
    weights = [dict(learner.embedder.named_parameters()) for learner in (together, apart, lost)]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], weight, rtol=1e-4, atol=1e-6)
    assert any(not torch.allclose(weights[2][name], weight, atol=1e-4) for name, weight in weights[0].items())


def test_gradients_are_clipped(place: Path) -> None:
    config = configured(place, optimizer={"name": "sgd", "lr": 1.0}, schedule={"name": "constant"})
    free, held = Learner(config, 4, CPU), Learner(replace(config, train=replace(config.train, clip_grad=1e-3)), 4, CPU)
    before = [weight.detach().clone() for weight in free.embedder.parameters()]
    moved = []
    for learner in (free, held):
        learner.step(batches(learner, (8,)), 0.5)
        learnt = [*learner.embedder.parameters(), *learner.losses.parameters()]
        moves = [(now - then).detach().flatten() for now, then in zip(learnt, before, strict=False)]
        moved.append(float(torch.cat(moves).norm()))
    assert moved[1] < 2.1e-3 < moved[0]  # Nesterov's momentum adds 0.9 of the step


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_rates_and_decay_go_to_whom_they_belong(place: Path, name: str) -> None:
    config = configured(place, model={"dim": 8}, optimizer={
        "name": name, "lr": 0.01, "weight_decay": 0.1, "backbone": 0.1, "heads": 2.0})  # fmt: skip
    learner = Learner(config, 4, CPU)
    by_weight = {id(weight): group for group in learner.optimiser.param_groups for weight in group["params"]}
    assert type(learner.optimiser).__name__.lower() == name
    for key, weight in [*learner.embedder.named_parameters(), *learner.losses.named_parameters()]:
        group = by_weight[id(weight)]
        assert group["highest"] == pytest.approx(0.001 if key.startswith("backbone.") else 0.02)
        assert group["weight_decay"] == (0.1 if weight.ndim > 1 else 0.0)


def test_a_frozen_backbone_stays_as_it_is_running_means_included(place: Path, tmp_path: Path) -> None:
    model: dict[str, object] = {"spec": "timm:resnet10t", "dim": 8, "options": {"channels": [8, 8, 16, 16]}}
    config = configured(place, "cross-entropy", model=model, optimizer={"backbone": 0, "lr": 0.01}, train={"epochs": 1})
    start = Learner(config, 8, CPU).embedder.state_dict()
    train(config, tmp_path)
    end = load(tmp_path / "last.pt").state_dict()
    assert [name for name in start if not torch.equal(start[name], end[name])] == ["head.weight", "head.bias"]
    train(replace(config, optimizer=replace(config.optimizer, backbone=1.0)), tmp_path / "free")
    free = load(tmp_path / "free" / "last.pt").state_dict()
    assert not torch.equal(free["backbone.model.bn1.running_mean"], start["backbone.model.bn1.running_mean"])


def test_half_precision_is_near_and_not_the_same(place: Path, tmp_path: Path) -> None:
    logs = []
    for amp in ("off", "bf16"):
        train(configured(place, train={"epochs": 1, "amp": amp}), tmp_path / amp)
        logs.append([float(row["loss"]) for row in rows(tmp_path / amp)])
    assert logs[0] != logs[1]
    assert logs[1] == pytest.approx(logs[0], rel=0.02)
    assert all(value.dtype == torch.float32 for value in load(tmp_path / "bf16" / "last.pt").state_dict().values())


SHAPES = [(k, s, p, d, width) for k, s, d, width in product((1, 2, 3, 4, 5), (1, 2, 3), (1, 2), (1, 2, 3))
          for p in {0, k // 2} if width + 2 * p > d * (k - 1)]  # fmt: skip


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "width"), SHAPES)
def test_wider_maps_change_no_convolution(kernel: int, stride: int, padding: int, dilation: int, width: int) -> None:
    conv = nn.Conv2d(3, 4, kernel, stride, padding, dilation, bias=False).double()
    found = []
    for _ in range(2):
        maps = torch.rand(2, 3, 9, width, generator=torch.Generator().manual_seed(0)).double().requires_grad_()
        out = conv(maps)
        (gradient,) = torch.autograd.grad(out.square().sum(), conv.weight, retain_graph=True)
        found.append((out, gradient, *torch.autograd.grad(out.square().sum(), maps)))
        widen_narrow(conv)
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_gradients_of_narrow_maps_do_not_take_in_what_lay_in_memory(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With bfloat16 in the processor they are NaN if left alone; elsewhere nobody can tell, so widths are looked at."""
    model: dict[str, object] = {"spec": "timm:resnet10t", "options": {}}  # its last stage halves maps 1 wide
    learner = Learner(configured(place, model=model, train={"amp": "bf16"}), 4, CPU)
    narrow, plain = [], functional.conv2d

    def looked_at(maps: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, *rest: Any) -> Tensor:
        narrow.append(padding[1] > 0 and maps.shape[-1] < stride[1])
        return plain(maps, weight, bias, stride, padding, *rest)

    monkeypatch.setattr(functional, "conv2d", looked_at)
    for _ in range(3):
        left_behind = [torch.full((2**size,), torch.nan) for size in (*range(4, 21), *range(4, 21))]
        del left_behind
        learner.step(batches(learner, (8,)), 0.5)
    assert len(narrow) > 9
    assert not any(narrow)
    assert all(torch.isfinite(weight).all() for weight in learner.embedder.parameters())
