"""The loss that knows only who was seen together, against a plain loop, and what it must not use."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses import build

SPANS = [[0, 10], [5, 20], [20, 30], [40, 50], [8, 45]]  # 0-1, 1-2 (frame 20 alone), 0-4, 1-4, 2-4 and 3-4 share frames
TARGET = [0, 0, 1, 1, 2, 2, 2, 3, 3, 4]


def made(temperature: float = 0.2) -> torch.nn.Module:
    return build("seen-together", classes=5, dim=6, spans=SPANS, temperature=temperature).double()


def drawn(count: int, seed: int = 0) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, dtype=torch.float64, generator=chance).requires_grad_()


def loop(features: np.ndarray, target: list[int], temperature: float) -> float:
    unit = [row / math.sqrt(sum(row**2)) for row in features]

    def weight(i: int, j: int) -> float:
        return math.exp(float(sum(unit[i] * unit[j])) / temperature)

    found = []
    for i, own in enumerate(target):
        frames = set(range(SPANS[own][0], SPANS[own][1] + 1))
        rivals = [j for j, c in enumerate(target) if c != own and frames & set(range(SPANS[c][0], SPANS[c][1] + 1))]
        mine = [j for j, c in enumerate(target) if c == own and j != i]
        if rivals and mine:
            against = sum(weight(i, j) for j in rivals)
            found.append(sum(-math.log(weight(i, j) / (weight(i, j) + against)) for j in mine) / len(mine))
    return sum(found) / len(found) if found else 0.0


@pytest.mark.parametrize("target", [TARGET, [0, 1, 0, 1], [4, 4, 3, 2], [2, 1, 0, 1, 2]])
@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_it_is_that_of_the_loop(target: list[int], temperature: float) -> None:
    features = drawn(len(target))
    found = float(made(temperature)(Outputs(features), torch.tensor(target)).detach())
    assert found == pytest.approx(loop(features.detach().numpy(), target, temperature), abs=1e-10)
    assert found > 0


def test_gradients_are_those_of_differences() -> None:
    loss, target = made(), torch.tensor(TARGET)
    assert torch.autograd.gradcheck(lambda features: loss(Outputs(features), target), drawn(len(TARGET)))


def test_people_who_were_not_seen_together_are_not_pushed_apart() -> None:
    """0 and 3 never met: alone in a batch they teach nothing, and beside others they do not matter."""
    features = drawn(4)
    value = made()(Outputs(features), torch.tensor([0, 0, 3, 3]))
    value.backward()
    assert float(value.detach()) == 0
    assert not features.grad.any()
    before = drawn(6, 1)
    with torch.no_grad():
        moved = before.clone()
        moved[4:] = -moved[4:] + 1
    target = torch.tensor([0, 0, 1, 1, 3, 3])
    found = [float(made()(Outputs(of.detach()), target)) for of in (before, moved)]
    assert found[0] == pytest.approx(found[1], abs=1e-12)


def test_nothing_to_compare_gives_nothing_and_finite_gradients() -> None:
    for target in ([0], [0, 1], [2, 2, 2]):
        features = torch.zeros(len(target), 6, requires_grad=True)
        loss = build("seen-together", classes=5, dim=6, spans=SPANS)
        value = loss(Outputs(features), torch.tensor(target))
        value.backward()
        assert float(value.detach()) == 0
        assert torch.isfinite(features.grad).all()


def test_a_small_temperature_looks_at_the_nearest() -> None:
    """Of two who were seen together with an anchor, the nearer one, in the same kit say, gets most of the gradient."""
    features = torch.tensor([[1.0, 0, 0], [1, 0.1, 0], [0.9, 0.3, 0], [0, 0, 1]], requires_grad=True)
    loss = build("seen-together", classes=3, dim=3, spans=[[0, 9]] * 3, temperature=0.1)
    loss(Outputs(features), torch.tensor([0, 0, 1, 2])).backward()
    assert features.grad[2].norm() > 50 * features.grad[3].norm()


@pytest.mark.parametrize(
    "options", [{"spans": SPANS[1:]}, {"spans": [[1]] * 5}, {"spans": SPANS, "temperature": 0}, {}]
)
def test_what_it_cannot_use_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=r"^loss seen-together"):
        build("seen-together", classes=5, dim=6, **options)
