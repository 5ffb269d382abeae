"""Compact bilinear pooling stands for the exact one, and the part stream sees pictures as it was made to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from reid_solve.tracklets.embed.networks import build
from reid_solve.tracklets.embed.networks.sketch import TensorSketch

SIZE = (64, 32)
OPTIONS: dict[str, Any] = {"part": "osnet:x0_25", "part_layer": 1, "parts": 5, "length": 64}


def test_a_sketch_is_the_count_sketch_of_the_outer_product() -> None:
    sketch = TensorSketch(5, 3, 16)
    chance = torch.Generator().manual_seed(0)
    left, right = (torch.randn(2, 4, n, generator=chance, dtype=torch.float64) for n in (5, 3))
    assert (sketch.first.abs().sum(dim=1) == 1).all()
    (place, sign), (place2, sign2) = ((of.abs().argmax(1), of.sum(1)) for of in (sketch.first, sketch.second))
    want = np.zeros((2, 16))
    for b in range(2):
        for n in range(4):
            for i in range(5):
                for j in range(3):
                    at = int(place[i] + place2[j]) % 16
                    want[b, at] += float(sign[i] * sign2[j] * left[b, n, i] * right[b, n, j])
    assert np.allclose(sketch.double()(left, right).numpy(), want, atol=1e-12)


def test_sketches_expect_the_inner_product_of_the_exact_bilinear_features() -> None:
    """The mean over draws is that of the outer products, and the spread falls with the length."""
    chance = torch.Generator().manual_seed(1)
    left, right = (torch.randn(2, 6, n, generator=chance, dtype=torch.float64) for n in (12, 7))
    exact = torch.einsum("bni,bnj->bij", left, right).flatten(1)
    want = float(exact[0] @ exact[1])
    spread = []
    for length in (32, 256):
        draws = []
        for seed in range(400):
            out = TensorSketch(12, 7, length, seed).double()(left, right)
            draws.append(float(out[0] @ out[1]))
        spread.append(float(np.std(draws)))
        assert abs(np.mean(draws) - want) < 4 * spread[-1] / 20  # four standard errors
    assert spread[1] < 0.5 * spread[0]
    assert abs(want) > 4 * spread[1] / 20  # an expectation of zero would not pass


def test_sketches_are_the_same_for_all_networks_and_work_in_half_precision() -> None:
    torch.manual_seed(0)
    one = TensorSketch(9, 4, 30)
    torch.manual_seed(1)
    two = TensorSketch(9, 4, 30)
    assert torch.equal(one.first, two.first)
    assert not torch.equal(one.first, TensorSketch(9, 4, 30, seed=1).first)
    left, right = torch.randn(2, 3, 9), torch.randn(2, 3, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(one(left, right), two(left, right))
    assert two.half()(left.half(), right.half()).dtype == torch.float32
    assert torch.autograd.gradcheck(
        TensorSketch(3, 2, 8).double(),
        (torch.randn(1, 2, 3, dtype=torch.float64, requires_grad=True),
         torch.randn(1, 2, 2, dtype=torch.float64, requires_grad=True)),
    )  # fmt: skip


def test_the_part_stream_gets_pictures_scaled_for_it() -> None:
    net = build("bilinear:timm:vit_tiny_patch16_224", image_size=SIZE, embed_dim=24, depth=2, num_heads=2, **OPTIONS)
    bilinear = net.backbone
    assert net.mean == (0.5, 0.5, 0.5)
    assert bilinear.where.mean != net.mean
    pixels = torch.rand(2, 3, *SIZE)
    seen: list[torch.Tensor] = []
    bilinear.where.register_forward_hook(lambda _module, inputs, _out: seen.append(inputs[0]))
    mean, std = (torch.tensor(of).view(1, 3, 1, 1) for of in (net.mean, net.std))
    net((pixels - mean) / std)
    mean, std = (torch.tensor(of).view(1, 3, 1, 1) for of in (bilinear.where.mean, bilinear.where.std))
    assert torch.allclose(seen[0], (pixels - mean) / std, atol=1e-5)


def test_heatmaps_weigh_where_appearance_is_pooled() -> None:
    torch.manual_seed(0)
    net = build("bilinear:osnet:x0_25", image_size=SIZE, **OPTIONS)
    images = torch.randn(2, 3, *SIZE)
    heat = net.backbone.heatmaps(images, (4, 2))
    assert heat.shape == (2, 5, 4, 2)
    assert ((heat > 0) & (heat < 1)).all()
    features = net(images).features
    assert features.shape == (2, 64)
    assert torch.allclose(features.norm(dim=1), torch.ones(2), atol=1e-5)
    features[:, 0].sum().backward()
    for name in ("heat.weight", "seen.stem.conv.weight", "where.stem.conv.weight"):
        gradient = net.backbone.get_parameter(name).grad
        assert gradient is not None
        assert gradient.abs().sum() > 0, name


@pytest.mark.parametrize("name", ["first", "second"])
def test_sketches_are_kept_with_the_weights(name: str) -> None:
    net = build("bilinear:osnet:x0_25", image_size=SIZE, **OPTIONS)
    assert f"backbone.sketch.{name}" in net.state_dict()
    assert f"backbone.sketch.{name}" not in dict(net.named_parameters())
