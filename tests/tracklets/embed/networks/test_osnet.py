"""OSNet is that of the paper and of torchreid: by number of weights, by their names, and by a real model's output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.onnx_file import Model

from reid_solve.tracklets.embed.networks import build, load, save
from reid_solve.tracklets.embed.networks.onnx_weights import read_onnx
from reid_solve.tracklets.embed.networks.osnet import OSNet, renamed
from reid_solve.tracklets.embed.registry import Settings, embedder
from reid_solve.tracklets.errors import InputError

WEIGHTS = Path(__file__).parents[5] / "shared" / "data" / "weights" / "osnet_x0_25_msmt17.onnx"


def torchreid_names(width: int = 4) -> list[str]:
    """The names of weights in torchreid's OSNet without its classifier, as its source builds them."""
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    out = ["conv1.conv.weight", *[f"conv1.bn.{of}" for of in norm]]
    for stage in (2, 3, 4):
        for block in (0, 1):
            place = f"conv{stage}.{block}"
            for part in ("conv1", "conv3", *(["downsample"] if block == 0 else [])):
                out += [f"{place}.{part}.conv.weight", *[f"{place}.{part}.bn.{of}" for of in norm]]
            for count, letter in enumerate("abcd", 1):
                for number in range(count):
                    lite = f"{place}.conv2{letter}" + (f".{number}" if count > 1 else "")
                    out += [f"{lite}.conv1.weight", f"{lite}.conv2.weight", *[f"{lite}.bn.{of}" for of in norm]]
            out += [f"{place}.gate.fc{of}.{kind}" for of in (1, 2) for kind in ("weight", "bias")]
        if stage < 4:
            out += [f"conv{stage}.2.0.conv.weight", *[f"conv{stage}.2.0.bn.{of}" for of in norm]]
    out += ["conv5.conv.weight", *[f"conv5.bn.{of}" for of in norm]]
    return [*out, "fc.0.weight", "fc.0.bias", *[f"fc.1.{of}" for of in norm]]


@pytest.mark.parametrize(("width", "millions"), [("x0_25", 0.2), ("x0_5", 0.6), ("x0_75", 1.3), ("x1_0", 2.2)])
def test_it_has_as_many_weights_as_in_the_paper(width: str, millions: float) -> None:
    net = build(f"osnet:{width}", image_size=(64, 32))
    assert sum(of.numel() for of in net.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


def test_every_weight_of_torchreid_has_its_place(tmp_path: Path) -> None:
    own = build("osnet:x0_25", image_size=(64, 32)).eval()
    state = own.backbone.state_dict()
    names = {renamed(name): name for name in torchreid_names()}
    assert set(names) == set(state)
    assert len(names) == len(torchreid_names())
    assert all(renamed(name) == name for name in state)
    foreign = {f"module.{names[name]}": value for name, value in state.items()}
    foreign["module.classifier.weight"] = torch.zeros(7, 512)
    torch.save({"state_dict": foreign, "epoch": 3}, tmp_path / "model.pth")
    found = build("osnet:x0_25", image_size=(64, 32), pretrained=str(tmp_path / "model.pth")).eval()
    images = torch.randn(2, 3, 64, 32)
    assert torch.equal(found(images).features, own(images).features)
    del foreign["module.conv3.1.gate.fc2.bias"]
    torch.save(foreign, tmp_path / "model.pth")
    with pytest.raises(InputError, match=r"lacks stages\.1\.1\.gate\.fc2\.bias"):
        build("osnet:x0_25", pretrained=str(tmp_path / "model.pth"))


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="needs a real OSNet, ../shared/data/weights")
def test_a_real_export_gives_what_onnxruntime_says_and_can_be_trained_on(tmp_path: Path) -> None:
    import onnxruntime

    net = build("osnet:x0_25", pretrained=str(WEIGHTS)).eval()
    images = torch.randn(4, 3, 256, 128, generator=torch.Generator().manual_seed(0))
    (want,) = onnxruntime.InferenceSession(str(WEIGHTS)).run(None, {"input": images.numpy()})
    found = net(images).features.detach().numpy()
    assert np.abs(found - want).max() < 1e-4
    assert np.abs(want).max() > 1
    # its statistics were folded into its weights: in training, normalisation stays as it is
    net.train()
    assert np.abs(net(images).features.detach().numpy() - want).max() < 1e-4
    net(images).features.sum().backward()
    assert all(of.grad is not None for of in net.parameters())
    save(tmp_path / "osnet.pt", net)
    again = load(tmp_path / "osnet.pt").train()
    assert np.abs(again(images).features.detach().numpy() - want).max() < 1e-4
    crops = [np.random.default_rng(k).integers(0, 255, (90 + k, 40, 3), np.uint8) for k in range(3)]
    vectors = []
    for spec in f"onnx:{WEIGHTS}", str(tmp_path / "osnet.pt"):
        made = embedder(spec, Settings(device="cpu", threads=1))
        made.load()
        found = made.embed(made.prepare(crops))
        vectors.append(found / np.linalg.norm(found, axis=1, keepdims=True))
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-5  # by either way, crops are prepared alike


def test_weights_are_read_from_an_export_by_the_names_of_modules(tmp_path: Path) -> None:
    model = Model(("input", ("batch", 3, 8, 8)))
    weight, bias, own = (np.random.default_rng(k).normal(size=shape).astype(np.float32)
                         for k, shape in enumerate([(4, 3, 1, 1), (4,), (2, 4)]))  # fmt: skip
    for name, value in {"onnx::Conv_1": weight, "onnx::Conv_2": bias, "fc.0.weight": own}.items():
        model.constant(name, value)
    model.constant("size", np.array([1, 2], np.int64))
    model.node("Conv", "input onnx::Conv_1 onnx::Conv_2", "/conv2/conv2.2/conv2.2.0/conv/Conv_output_0")
    path = tmp_path / "model.onnx"
    path.write_bytes(model.bytes(["/conv2/conv2.2/conv2.2.0/conv/Conv_output_0"]))
    found = read_onnx(path)
    want = {"conv2.2.0.conv.weight": weight, "conv2.2.0.conv.bias": bias, "fc.0.weight": own}
    assert set(found) == set(want)
    assert all(np.array_equal(found[name].numpy(), value) for name, value in want.items())
    with pytest.raises(InputError, match=r"model\.onnx: has neither stem\.norm nor a bias of stem\.conv"):
        build("osnet:x0_25", pretrained=str(path))
    whole = path.read_bytes()
    for content in b"", b"no graph at all", whole[:200], whole.replace(b"/conv2/", b"\xff\xff\xff\xff2/"):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_onnx(path)
        assert str(caught.value).startswith(f"{path}: ")


def test_frozen_normalisation_stays_frozen() -> None:
    images = torch.randn(4, 3, 64, 32)
    for frozen in True, False:
        net = OSNet((16, 64, 96, 128), (64, 32), options={"frozen_norm": frozen})
        before = net.stem.norm.running_mean.clone()
        net.train()(images)
        assert torch.equal(net.stem.norm.running_mean, before) == frozen
        assert net.training
