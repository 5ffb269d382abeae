"""Networks of every kind: shapes, weights from files, options, what is wrong with them; no downloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from tests import tiny_clip

from reid_solve.tracklets.embed.networks import Embedder, build
from reid_solve.tracklets.embed.networks.registry import NETWORKS
from reid_solve.tracklets.errors import InputError, OptionError, ReidSolveError

SIZE = (64, 32)
VIT = {"embed_dim": 24, "depth": 3, "num_heads": 2}  # vit_tiny, tinier


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"openclip:{tiny_clip.register(tmp_path_factory.mktemp('clip'))}"


def made(spec: str, seed: int = 0, **options: Any) -> Embedder:
    torch.manual_seed(seed)
    return build(spec, **{"image_size": SIZE, **options})


def pictures(count: int = 3, size: tuple[int, int] = SIZE) -> torch.Tensor:
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    ("spec", "options", "dim"),
    [
        ("timm:resnet10t", {}, 512),
        ("timm:resnet10t", {"dim": 20}, 20),
        ("timm:vit_tiny_patch16_224", VIT, 24),
        ("openclip:tiny-for-tests", {}, tiny_clip.DIM),
        ("openclip:tiny-for-tests", {"projection": False}, tiny_clip.WIDTH),
        ("osnet:x0_25", {}, 512),
        ("bilinear:osnet:x0_25", {"part": "osnet:x0_25", "part_layer": 1, "parts": 5, "length": 64}, 64),
    ],
)
def test_a_network_gives_features_of_its_own_length(tiny: str, spec: str, options: dict[str, Any], dim: int) -> None:
    net = made(spec, **options)
    out = net(pictures())
    assert net.dim == dim
    assert out.features.shape == (3, dim)
    assert out.layers == ()
    assert net.spec == spec
    assert net.image_size == SIZE
    assert len(net.mean) == len(net.std) == 3
    vectors = net.eval().embed(pictures())
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)
    net.train()(pictures()).features.square().sum().backward()
    assert all(of.grad is not None for of in net.parameters() if of.requires_grad)  # as DistributedDataParallel wants


def test_pictures_are_upright_where_nothing_is_said(tiny: str) -> None:
    assert made("timm:resnet10t", image_size=None).image_size == (256, 128)
    assert made("osnet:x0_25", image_size=None).image_size == (256, 128)
    net = made(tiny, image_size=None)
    assert net.image_size == (256, 128)
    assert net.backbone.visual.positional_embedding.shape[0] == 1 + 16 * 8


@pytest.mark.parametrize(
    ("spec", "options", "layers", "widths"),
    [
        ("timm:resnet10t", {}, [-2, 1], (256, 64)),
        ("timm:vit_tiny_patch16_224", VIT, [2, 0, 2], (24, 24, 24)),
        ("openclip:tiny-for-tests", {}, [1, -1], (32, 32)),
        ("osnet:x0_25", {}, [0, 1, 2, 3, -4], (64, 96, 128, 128, 64)),
        ("bilinear:timm:resnet10t", {"part": "osnet:x0_25", "part_layer": 0}, [1], (64,)),
    ],
)
def test_layers_get_heads_and_what_is_learnt_from_them_reaches_the_layers_below(
    tiny: str, spec: str, options: dict[str, Any], layers: list[int], widths: tuple[int, ...]
) -> None:
    plain = made(spec, layers=layers, **options)
    assert tuple(of.shape[1] for of in plain(pictures()).layers) == widths
    net = made(spec, layers=layers, layer_dim=7, **options)
    out = net(pictures())
    assert [of.shape for of in out.layers] == [(3, 7)] * len(layers)
    for layer in out.layers:
        net.zero_grad()
        layer.square().sum().backward(retain_graph=True)
        first = next(of for name, of in net.backbone.named_parameters() if "conv" in name or "patch" in name)
        assert first.grad is not None
        assert first.grad.abs().sum() > 0


def test_maps_are_those_of_the_layers_asked_for_in_that_order() -> None:
    net, twin = (made("timm:resnet10t", layers=layers).eval() for layers in ([1, 3], [3, 1]))
    one, two = net(pictures()).layers, twin(pictures()).layers
    assert torch.equal(one[0], two[1])
    assert torch.equal(one[1], two[0])
    assert torch.allclose(net(pictures()).features, made("timm:resnet10t").eval()(pictures()).features, atol=1e-6)


def test_the_last_stage_of_a_resnet_keeps_its_resolution_where_asked() -> None:
    usual, fine = (made("timm:resnet10t", layers=[-1], last_stride=stride) for stride in (2, 1))
    maps = [net.backbone(pictures())[1][0].shape[2:] for net in (usual, fine)]
    assert maps == [(2, 1), (4, 2)]
    whole = made("timm:resnet26", layers=[-1], last_stride=1, image_size=(256, 128))
    assert whole.backbone(pictures(1, (256, 128)))[1][0].shape[2:] == (16, 8)


def test_weights_come_from_a_file(tiny: str, tmp_path: Path) -> None:
    import open_clip

    source = timm.create_model("resnet10t", num_classes=4).eval()
    torch.save(source.state_dict(), tmp_path / "resnet.pth")
    net = made("timm:resnet10t", pretrained=str(tmp_path / "resnet.pth")).eval()
    assert torch.equal(
        net(pictures()).features, source.forward_head(source.forward_features(pictures()), pre_logits=True)
    )
    clip = open_clip.create_model(tiny_clip.NAME, force_image_size=SIZE).eval()
    torch.save(clip.state_dict(), tmp_path / "clip.pt")
    found = made(tiny, pretrained=str(tmp_path / "clip.pt")).eval()(pictures()).features
    assert torch.allclose(found, clip.encode_image(pictures()), atol=1e-6)
    without = made(tiny, pretrained=str(tmp_path / "clip.pt"), projection=False).eval()(pictures()).features
    assert torch.allclose(without @ clip.visual.proj, found, atol=1e-5)


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        ("resnet18", {}, "no network 'resnet18'; write timm:NAME"),
        ("timm:", {}, "no network 'timm:'"),
        ("timm:resnet1800", {}, "timm has no such model; perhaps resnet1"),
        ("timm:resnet10t", {"colour": 1}, "cannot be made with colour"),
        ("timm:resnet10t", {"layers": [9]}, "has no layer 9; there are 0 to 4"),
        ("timm:vit_tiny_patch16_224", {"last_stride": 1, **VIT}, "only for plain ResNets"),
        ("timm:resnet10t", {"image_size": (0, 3)}, "write height and width"),
        ("timm:resnet10t", {"dim": 0}, "lengths are positive"),
        ("timm:vit_tiny_patch16_224", {"layers": [-4], **VIT}, "has no layer -4; there are 0 to 2"),
        ("openclip:tiny-for-tests", {"layers": [3]}, "has no layer 3; there are 0 to 2"),
        ("osnet:x3", {}, "no such width; one of x0_25, x0_5, x0_75, x1_0"),
        ("osnet:x0_25", {"layers": [4]}, "has no layer 4; there are 0 to 3"),
        ("openclip:ViT-B-33", {}, "no such model; perhaps ViT-B-32"),
        ("openclip:hf-hub:somebody/something", {}, "open_clip has no such model; it has"),  # nothing is asked for it
        ("openclip:tiny-for-tests", {"vision_cfg": {"timm_model_pretrained": True}}, "name weights as pretrained"),
        ("timm:resnet10t", {"checkpoint_path": "none.pth"}, "name weights as pretrained alone"),
        ("openclip:tiny-for-tests", {"pretrained": "laion"}, "neither a file nor weights"),
        ("bilinear:bilinear:osnet:x0_25", {}, "not bilinear"),
        ("bilinear:osnet:x0_25", {"parts": 0}, "at least 1"),
        ("timm:resnet10t", {"pretrained": "none.pth"}, "none.pth"),
        ("osnet:x0_25", {"pretrained": "none.onnx"}, "none.onnx: cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tiny: str, spec: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ReidSolveError, match=says) as caught:
        made(spec, **options)
    assert isinstance(caught.value, OptionError | InputError)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet10t", num_classes=0).state_dict(), tmp_path / "resnet.pth")
    for spec in "osnet:x0_25", "timm:resnet14t", "timm:mobilenetv3_small_050":
        with pytest.raises(InputError, match="not the weights of this network"):
            made(spec, pretrained=str(tmp_path / "resnet.pth"))
    torch.save({1: torch.zeros(2)}, tmp_path / "numbers.pth")
    with pytest.raises(InputError, match=r"numbers\.pth: holds no weights by name"):
        made("osnet:x0_25", pretrained=str(tmp_path / "numbers.pth"))


def test_every_kind_is_tested_here() -> None:
    made("osnet:x0_25")
    assert set(NETWORKS) == {"timm", "openclip", "osnet", "bilinear"}
