"""Networks as ONNX files: the pictures that they see, what names them in the cache, and the device that runs them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.onnx_file import Model

from reid_solve.tracklets.embed.registry import Embedder, Settings, embedder
from reid_solve.tracklets.errors import OptionError

CPU = Settings(device="cpu", threads=1)


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    pytest.importorskip("cv2", reason="needs the extra [video]")
    pytest.importorskip("onnxruntime", reason="needs the extra [video]")


def mean_colour(
    path: Path, batch: int | str = "batch", size: tuple[int | str, int | str] = (8, 4), keep: int = 0
) -> Path:
    """A network that gives the mean of each channel, (n, 3), or (n, 3, 1, 1)."""
    model = Model(("pictures", (batch, 3, *size)))
    model.node("ReduceMean", "pictures", "mean", axes=[2, 3], keepdims=keep)
    path.write_bytes(model.bytes(["mean"]))
    return path


def loaded(spec: str, settings: Settings = CPU) -> Embedder:
    model = embedder(spec, settings)
    model.load()
    return model


@pytest.mark.parametrize("batch", ["batch", 1, 3, 8])
@pytest.mark.parametrize("size", [(8, 4), ("height", "width")], ids=["small", "open"])
@pytest.mark.parametrize("keep", [0, 1], ids=["vectors", "maps"])
def test_an_onnx_model_sees_normalised_rgb(
    tmp_path: Path, batch: int | str, size: tuple[int | str, int | str], keep: int
) -> None:
    model = loaded(f"onnx:{mean_colour(tmp_path / 'm.onnx', batch, size, keep=keep)}")
    red = np.zeros((20, 10, 3), np.uint8)
    red[..., 2] = 255
    grey = np.full((60, 20, 3), 128, np.uint8)
    picture = model.prepare([red, grey])
    assert picture.shape == (2, 3, *((8, 4) if size == (8, 4) else (256, 128)))
    rows = np.concatenate([model.embed(picture[k : k + model.batch]) for k in range(0, 2, model.batch)])
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(rows, [([1, 0, 0] - mean) / deviation, (128 / 255 - mean) / deviation], atol=1e-3)


def test_the_key_is_the_file_not_its_name(tmp_path: Path) -> None:
    first = embedder(f"onnx:{mean_colour(tmp_path / 'a.onnx')}", CPU).key
    assert embedder(f"onnx:{mean_colour(tmp_path / 'b.onnx')}", CPU).key == first
    assert embedder(f"onnx:{mean_colour(tmp_path / 'c.onnx', size=(8, 8))}", CPU).key != first


@pytest.mark.parametrize(
    ("device", "gpu"), [("auto", None), ("cpu", None), ("cuda", 0), ("cuda:1", 1), ("cuda:one", None), ("mps", None)]
)
def test_an_onnx_model_runs_on_the_gpu_that_is_named(
    device: str, gpu: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    asked: list[Any] = []

    class Session:
        def __init__(self, *_: object, providers: list[Any]) -> None:
            asked.extend(providers)

        def get_inputs(self) -> list[Any]:
            return [SimpleNamespace(name="x", type="tensor(float)", shape=[1, 3, 8, 4])]

    there = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    spec = f"onnx:{mean_colour(tmp_path / 'm.onnx')}"
    if device in ("cuda:one", "mps"):
        with pytest.raises(OptionError, match=f"--device {device}: this onnxruntime has only"):
            loaded(spec, Settings(device=device))
        return
    loaded(spec, Settings(device=device))
    first = there[0] if gpu is None else (there[0], {"device_id": gpu})
    assert asked == ([first, there[1]] if device != "cpu" else there[1:])
