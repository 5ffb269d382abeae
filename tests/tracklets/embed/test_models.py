"""Networks: specifications, inputs as each model wants them, weights from files, and one-line errors; no downloads."""

from __future__ import annotations

import logging
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import tiny_clip
from tests.onnx_file import Model

from reid_solve.tracklets.embed import download
from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.openclip import input_size
from reid_solve.tracklets.embed.registry import BACKENDS, Embedder, Settings, embedder
from reid_solve.tracklets.errors import InputError, OptionError, ReidSolveError
from reid_solve.tracklets.video import Picture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
CPU = Settings(device="cpu", threads=1)


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    for library in ("cv2", "onnxruntime", "torch", "timm", "open_clip"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries' own imports
            pytest.importorskip(library, reason="needs the extra [video]")


@pytest.fixture
def crops() -> list[Picture]:
    rng = np.random.default_rng(0)
    shapes = [(90, 40), (31, 11), (200, 90), (64, 64), (3, 5)]
    return [rng.integers(0, 255, (*shape, 3), dtype=np.uint8) for shape in shapes]


def loaded(spec: str, settings: Settings = CPU) -> Embedder:
    model = embedder(spec, settings)
    model.load()
    return model


def run(model: Embedder, crops: list[Picture]) -> Any:
    return model.embed(model.prepare(crops))


@pytest.mark.parametrize(
    ("spec", "shape"),
    [("timm:resnet10t/random", (176, 176)), ("timm:vit_tiny_patch16_224/random", (224, 224)),
     (f"openclip:{tiny_clip.NAME}/random", (256, 128)), ("openclip:tiny-resnet/random", (64, 64))],
)  # fmt: skip
def test_random_networks_are_the_same_for_a_seed(
    spec: str, shape: tuple[int, int], clips: None, crops: list[Picture], caplog: pytest.LogCaptureFixture
) -> None:
    model = loaded(spec)
    assert model.prepare(crops).shape == (5, 3, *shape)
    found = run(model, crops)
    assert found.dtype == np.float32
    assert found.ndim == 2
    assert np.isfinite(found).all()
    assert np.ptp(found, axis=0).max() > 1e-4
    np.testing.assert_allclose(run(loaded(spec), crops), found, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([run(model, [crop]) for crop in crops]), found, atol=1e-4)
    other = Settings(device="cpu", threads=1, seed=1)
    assert np.abs(run(loaded(spec, other), crops) - found).max() > 1e-3
    assert embedder(spec, other).key != model.key
    assert not caplog.records


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A ViT and a ResNet of a few thousand weights, known to open_clip."""
    folder = tmp_path_factory.mktemp("configs")
    tiny_clip.register(folder)
    resnet = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None}
    tiny_clip.register(folder, "tiny-resnet", vision_cfg=resnet)


def test_open_clip_weights_from_a_file(clips: None, tmp_path: Path, crops: list[Picture]) -> None:
    import open_clip
    import torch

    torch.manual_seed(7)
    logging.disable(logging.WARNING)
    made = open_clip.create_model(tiny_clip.NAME)
    logging.disable(logging.NOTSET)
    torch.save(made.state_dict(), tmp_path / "w.pt")
    found = run(loaded(f"openclip:{tiny_clip.NAME}/{tmp_path / 'w.pt'}"), crops)
    np.testing.assert_allclose(run(loaded(f"openclip:{tiny_clip.NAME}/{tmp_path / 'w.pt'}"), crops), found, atol=1e-6)
    assert np.abs(run(loaded(f"openclip:{tiny_clip.NAME}/random"), crops) - found).max() > 1e-3
    with pytest.raises(InputError, match=r"w\.pt: no weights of tiny-resnet"):
        loaded(f"openclip:tiny-resnet/{tmp_path / 'w.pt'}")


def test_timm_weights_from_a_file_may_bring_a_classifier(tmp_path: Path, crops: list[Picture]) -> None:
    import timm
    import torch

    torch.manual_seed(7)
    made = timm.create_model("resnet10t", num_classes=5).eval()
    torch.save({"state_dict": {f"module.{k}": v for k, v in made.state_dict().items()}}, tmp_path / "w.pth")
    model = loaded(f"timm:resnet10t/{tmp_path / 'w.pth'}")
    wants = Input((176, 176), letterbox=True)
    with torch.inference_mode():
        pixels = torch.from_numpy(wants.normalise(wants.prepare(crops)))
        expected = made.forward_head(made.forward_features(pixels), pre_logits=True).numpy()
    np.testing.assert_allclose(run(model, crops), expected, atol=1e-3)
    with pytest.raises(InputError, match=r"w\.pth: not the weights of this network"):
        loaded(f"timm:vit_tiny_patch16_224/{tmp_path / 'w.pth'}")


class Trap:
    """What a malicious checkpoint holds."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("trapped"),))


@pytest.mark.parametrize("model", [f"openclip:{tiny_clip.NAME}", "timm:resnet10t"])
def test_code_in_a_checkpoint_is_not_run(
    model: str, clips: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    import torch

    torch.save({"state_dict": Trap()}, "trap.pt")
    (tmp_path / "old.pt").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.pt", "old.pt"):
        with pytest.raises(InputError, match=rf"{name}: no weights"):
            loaded(f"{model}/{name}")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("spec", ["openclip:ViT-B-32/openai", "openclip:ViT-B-32/laion2b_s34b_b79k", "timm:resnet10t"])
@pytest.mark.parametrize("offline", [True, False])
def test_without_a_network_the_offline_choices_are_named(
    spec: str, offline: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    if offline:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    else:
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setattr(download, "_answers", lambda _: False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    with pytest.raises(InputError, match="without a network: color, onnx:PATH, openclip:MODEL/FILE") as raised:
        loaded(spec)
    assert "\n" not in str(raised.value)


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "SECONDS", 0.05)
    monkeypatch.setattr(download, "_answers", lambda _: Event().wait(3))
    with pytest.raises(InputError, match="does not answer"):
        download.check_online("timm:x")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("magic", "no backend 'magic'; one of: color, onnx:PATH"),
        ("color:blue", "write it as color"),
        ("onnx", "write it as onnx:PATH"),
        ("onnx:nothing.onnx", "nothing.onnx: cannot be read"),
        ("onnx:text.onnx", "text.onnx: not an ONNX model"),
        ("onnx:words.onnx", "not one picture"),
        ("onnx:maps.onnx", "not one vector a crop"),
        ("openclip:ViT-B-32", "/TAG, /FILE or /random"),
        ("openclip:ViT-B-32/nonsense", "there are openai, laion400m_e31"),
        ("openclip:ViT-B-32/nothing.pt", "nothing.pt: cannot be read"),
        ("openclip:ViT-B-31/random", "perhaps ViT-B-32"),
        ("timm:resnet19/random", "perhaps resnet18"),
        ("timm:resnet18/nothing.pt", "nothing.pt: cannot be read"),
        ("timm:resnet18/text.onnx", "no weights that can be read safely"),
    ],
)
def test_mistakes_are_one_line(spec: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.onnx").write_text("words")
    words = Model(("words", ("batch", 77)))
    words.node("Identity", "words", "out")
    Path("words.onnx").write_bytes(words.bytes(["out"]))
    maps = Model(("pictures", ("batch", 3, 8, 4)))
    maps.node("Identity", "pictures", "out")
    Path("maps.onnx").write_bytes(maps.bytes(["out"]))
    with pytest.raises(ReidSolveError) as raised:
        run(loaded(spec), [np.zeros((9, 9, 3), np.uint8)])
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_device_that_is_not_there_is_said() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(OptionError, match="--device cuda"):
        loaded("timm:resnet10t/random", Settings(device="cuda"))
    with pytest.raises(OptionError, match="--device warp"):
        loaded("timm:resnet10t/random", Settings(device="warp"))


def test_half_precision_on_a_gpu_is_near_enough(crops: list[Picture]) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    exact, half = (run(loaded("timm:resnet10t/random", Settings(device=name)), crops) for name in ("cpu", "cuda"))
    cosine = (exact * half).sum(axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(half, axis=1)
    assert cosine.min() > 0.999


def test_a_letterbox_keeps_the_shape_and_the_middle() -> None:
    white = np.full((40, 10, 3), 255, np.uint8)
    (boxed,) = Input((64, 64), mean=(0.5, 0.5, 0.5), letterbox=True).prepare([white])
    bright = boxed[0] == 255
    assert (bright.any(axis=1).sum(), bright.any(axis=0).sum()) == (64, 16)
    assert bright[:, 24:40].all()
    assert (boxed[0][~bright] == 128).all()


def test_upright_pictures_for_open_clips_own_transformers_only() -> None:
    assert input_size({"patch_size": 32, "layers": 12, "image_size": 224}) == (256, 128)
    assert input_size({"patch_size": 14, "layers": 24, "image_size": 336}) == (252, 126)
    assert input_size({"patch_size": None, "layers": [3, 4, 6, 3], "image_size": 224}) == (224, 224)
    assert input_size({"timm_model_name": "vit_base_patch16_siglip_256", "image_size": 256}) == (256, 256)


def test_every_backend_is_in_the_help() -> None:
    from click.testing import CliRunner

    from reid_solve.cli import main

    embedder("color")
    text = CliRunner().invoke(main, ["embed", "--help"]).output
    assert [name for name in BACKENDS if name not in text] == []
