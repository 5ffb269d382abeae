"""Each loss against a plain loop, its gradients, and what it does where there is nothing to learn from."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.training.losses import reference
from torch import Tensor

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.losses import LOSSES, build
from reid_solve.training.losses.distance import distances, unit

NAMES = ("cross-entropy", "triplet", "contrastive", "infonce", "centroid")
DIM, CLASSES = 6, 5
BATCHES = ([0, 0, 1, 1, 2, 2], [3, 1, 1, 0, 3, 3, 4, 1, 3, 3], [2, 0, 2, 1, 4, 4, 2])


def drawn(target: list[int], seed: int = 0) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    features = torch.randn(len(target), DIM, dtype=torch.float64, generator=chance)
    return features.requires_grad_(), torch.tensor(target)


def made(name: str, **options: Any) -> torch.nn.Module:
    torch.manual_seed(1)
    return build(name, classes=CLASSES, dim=DIM, **options).double()


@pytest.mark.parametrize("target", BATCHES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("neck", [True, False])
def test_cross_entropy_is_that_of_the_loop(target: list[int], smoothing: float, neck: bool) -> None:
    features, classes = drawn(target)
    loss = made("cross-entropy", smoothing=smoothing, neck=neck)
    torch.nn.init.normal_(loss.classifier.weight)
    values = features.detach()
    if neck:
        values = (values - values.mean(0)) / (values.var(0, unbiased=False) + 1e-5).sqrt()
    scores = (values @ loss.classifier.weight.detach().T).numpy()
    want = reference.cross_entropy(scores, target, smoothing)
    assert float(loss(Outputs(features), classes).detach()) == pytest.approx(want, abs=1e-10)


def test_the_neck_scales_and_does_not_shift() -> None:
    loss = made("cross-entropy")
    assert [name for name, value in loss.named_parameters() if value.requires_grad] == [
        "neck.weight", "classifier.weight"]  # fmt: skip


def test_equal_rows_are_at_no_distance_and_rows_without_direction_are_not_moved() -> None:
    values = 1000 + torch.randn(40, DIM, generator=torch.Generator().manual_seed(0))
    assert (distances(values, values.clone()).diagonal() == 0).all()  # by products, it would be a rounding error's root
    values = torch.tensor([[0.0, 0], [1e-9, 0], [3, 4]], requires_grad=True)
    found = unit(values)
    assert torch.equal(found.detach(), torch.tensor([[0, 0], [0, 0], [0.6, 0.8]]))
    found.sum().backward()
    assert not values.grad[:2].any()
    assert values.grad[2].any()


@pytest.mark.parametrize("target", BATCHES)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0])
def test_triplet_is_that_of_the_loop(target: list[int], soft: bool, margin: float) -> None:
    features, classes = drawn(target)
    found = float(made("triplet", soft=soft, margin=margin)(Outputs(features), classes).detach())
    assert found == pytest.approx(reference.triplet(features.detach().numpy(), target, margin, soft), abs=1e-10)
    assert found > 0


def test_triplet_adds_the_layers_and_compares_directions_where_asked() -> None:
    features, classes = drawn(BATCHES[1])
    layer = drawn(BATCHES[1], 5)[0]
    own, other = (reference.triplet(of.detach().numpy(), BATCHES[1], 0.3, False) for of in (features, layer))
    found = made("triplet", layers=0.5)(Outputs(features, (layer, layer)), classes)
    assert float(found.detach()) == pytest.approx(own + 0.5 * 2 * other, abs=1e-10)
    directions = torch.nn.functional.normalize(features.detach(), dim=1)
    want = reference.triplet(directions.numpy(), BATCHES[1], 0.3, False)
    for scale in 1, 7:
        found = made("triplet", normalise=True)(Outputs(scale * features), classes)
        assert float(found.detach()) == pytest.approx(want, abs=1e-10)


@pytest.mark.parametrize("target", BATCHES)
@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_contrastive_is_that_of_the_loop(target: list[int], temperature: float) -> None:
    features, classes = drawn(target)
    found = float(made("contrastive", temperature=temperature)(Outputs(features), classes).detach())
    assert found == pytest.approx(reference.contrastive(features.detach().numpy(), target, temperature), abs=1e-10)


@pytest.mark.parametrize("target", BATCHES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_infonce_is_that_of_the_loop(target: list[int], smoothing: float) -> None:
    features, classes = drawn(target)
    found = float(made("infonce", smoothing=smoothing, scale=10)(Outputs(features), classes).detach())
    # a parameter is float32 when it is made
    assert found == pytest.approx(reference.infonce(features.detach().numpy(), target, 10, smoothing), abs=1e-5)
    assert found > 0


def test_infonce_learns_its_scale_and_keeps_it_within_that_of_clip() -> None:
    features, classes = drawn(BATCHES[0])
    loss = made("infonce", scale=100)
    with torch.no_grad():
        loss.log_scale += 3
    value = loss(Outputs(features), classes)
    value.backward()
    assert float(loss.log_scale.detach().exp()) == pytest.approx(100)
    assert loss.log_scale.grad.abs() > 0  # one that stepped over the limit can come back
    assert not made("infonce", learn_scale=False).log_scale.requires_grad


@pytest.mark.parametrize("target", BATCHES)
def test_centroid_is_that_of_the_loop_and_blind_to_scale(target: list[int]) -> None:
    features, classes = drawn(target)
    found = [float(made("centroid")(Outputs(scale * features), classes).detach()) for scale in (1, 1e-3, 1e6)]
    assert found == pytest.approx([reference.centroid(features.detach().numpy(), target)] * 3, abs=1e-10)
    assert 0 <= found[0] <= 1


def test_centroid_reaches_both_its_ends() -> None:
    apart = torch.tensor([[1.0, 0], [1, 0], [-1, 0], [-1, 0]])
    assert float(build("centroid", classes=2, dim=2)(Outputs(apart), torch.tensor([0, 0, 1, 1]))) == 0
    assert float(build("centroid", classes=2, dim=2)(Outputs(apart), torch.tensor([0, 1, 0, 1]))) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", BATCHES)
def test_gradients_are_those_of_differences(name: str, target: list[int]) -> None:
    features, classes = drawn(target, 3)
    loss = made(name)
    assert torch.autograd.gradcheck(lambda values: loss(Outputs(values), classes), (features,))
    learnt = [parameter for parameter in loss.parameters() if parameter.requires_grad]
    if learnt:
        loss(Outputs(features), classes).backward()
        assert all(parameter.grad.abs().sum() > 0 for parameter in learnt)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_down_the_gradient_lowers_it(name: str) -> None:
    features, classes = drawn(BATCHES[1], 4)
    loss = made(name)
    value = loss(Outputs(features), classes)
    (slope,) = torch.autograd.grad(value, features)
    assert float(loss(Outputs(features - 1e-3 * slope), classes).detach()) < float(value.detach())


def degenerate() -> dict[str, tuple[Tensor, Tensor]]:
    some = torch.randn(6, DIM, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([0, 0, 1, 1, 2, 2])
    zero = some.clone()
    zero[0] = 0
    pairs = some[[0, 0, 2, 2, 4, 4]]
    return {
        "all equal": (some[:1].expand(6, -1), target),
        "equal within classes": (pairs, target),
        "equal across classes": (some[[0, 1, 0, 1, 0, 1]], target),
        "one class": (some, torch.zeros(6, dtype=torch.long)),
        "one sample a class": (some[:5], torch.arange(5)),
        "one sample": (some[:1], target[:1]),
        "a zero vector": (zero, target),
        "only zero vectors": (0 * some, target),
        "tiny": (1e-20 * some, target),
        "huge": (1e15 * some, target),
    }


@pytest.mark.parametrize("case", list(degenerate()))
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"soft": True}, {"normalise": True}])
def test_degenerate_batches_have_finite_gradients(name: str, case: str, options: dict[str, bool]) -> None:
    if options and name != "triplet":
        options = {}
    features, target = degenerate()[case]
    features = features.clone().requires_grad_()
    loss = build(name, classes=CLASSES, dim=DIM, **options)
    value = loss(Outputs(features), target)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(features.grad).all()
    for parameter in loss.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()
    nobody_else = case in ("one class", "one sample") and name in ("triplet", "centroid")
    no_pair = case == "one sample a class" and name in ("triplet", "contrastive", "infonce")
    if nobody_else or no_pair:
        assert float(value.detach()) == 0  # there is nothing to learn, and no number is made up


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_features_are_compared_in_full(name: str) -> None:
    features, classes = drawn(BATCHES[1])
    coarse = features.detach().bfloat16()
    torch.manual_seed(1)
    loss = build(name, classes=CLASSES, dim=DIM)
    want = loss(Outputs(coarse.float()), classes)
    coarse.requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(Outputs(coarse), classes)
    found.backward()
    assert found.dtype == torch.float32
    assert float(found.detach()) == float(want.detach())
    assert torch.isfinite(coarse.grad).all()
    assert coarse.grad.abs().sum() > 0


def test_every_loss_of_the_registry_is_tested() -> None:
    made("triplet")
    elsewhere = {"clip-prompt", "clip-reid", "seen-together"}  # test_clip.py, self_supervised/test_loss.py
    assert set(LOSSES) == {*NAMES, *elsewhere}


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("tripplet", {}, "no loss 'tripplet'; one of: centroid"),
        ("triplet", {"marge": 1}, "has no option 'marge'; it has: layers, margin, normalise, soft"),
        ("centroid", {"weight": 1}, "has no option 'weight'; it has: none"),
        ("triplet", {"margin": -1}, "margin -1"),
        ("cross-entropy", {"smoothing": 1}, "smoothing 1"),
        ("contrastive", {"temperature": 0}, "temperature 0"),
        ("infonce", {"scale": 1000}, "scale 1000"),
        ("infonce", {"scale": "much"}, "loss infonce"),
        ("clip-reid", {}, "names no texts"),
    ],
)
def test_what_is_wrong_with_a_loss_is_said_in_a_line(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError) as caught:
        build(name, classes=CLASSES, dim=DIM, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
