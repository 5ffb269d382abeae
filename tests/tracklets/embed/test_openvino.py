"""OpenVINO beside onnxruntime: the same vectors to the precision it says, whatever the batch, and one-line errors."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.onnx_file import Model

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.registry import Embedder, Settings, embedder
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.video import Picture

OSNET = Path(__file__).parents[3] / ".." / "shared" / "data" / "weights" / "osnet_x0_25_msmt17.onnx"
installed = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="needs the extra [openvino]")


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    for library in ("cv2", "onnxruntime"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries' own imports
            pytest.importorskip(library, reason="needs the extra [video]")


@pytest.fixture
def crops() -> list[Picture]:
    """Smooth pictures, as people are, of many sizes."""
    rng = np.random.default_rng(0)
    grow = [np.repeat(np.repeat(rng.integers(0, 255, (6, 3, 3), np.uint8), k, 0), k, 1) for k in range(4, 23)]
    return [np.ascontiguousarray(picture) for picture in grow]


def colours(path: Path, batch: int | str = "batch", size: tuple[int | str, int | str] = (8, 4), keep: int = 0) -> Path:
    """A network that gives the mean of each channel."""
    model = Model(("pictures", (batch, 3, *size)))
    model.node("ReduceMean", "pictures", "mean", axes=[2, 3], keepdims=keep)
    path.write_bytes(model.bytes(["mean"]))
    return path


def convolving(path: Path) -> Path:
    """A random convolution, rectified and pooled to 16 numbers."""
    model = Model(("pictures", ("batch", 3, 32, 16)))
    model.constant("w", np.random.default_rng(1).normal(size=(16, 3, 3, 3)).astype(np.float32))
    model.node("Conv", "pictures w", "c", pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    model.node("Relu", "c", "r")
    model.node("ReduceMean", "r", "mean", axes=[2, 3], keepdims=0)
    path.write_bytes(model.bytes(["mean"]))
    return path


def loaded(spec: str, batch: int | None = None, threads: int = 1) -> Embedder:
    model = embedder(spec, Settings("cpu", threads, batch))
    model.load()
    return model


def embedded(model: Embedder, crops: list[Picture]) -> Any:
    """All crops, batch after batch, in as many threads as the model wants."""
    pixels = model.prepare(crops)
    batches = [pixels[k : k + model.batch] for k in range(0, len(pixels), model.batch)]
    with ThreadPoolExecutor(model.workers) as pool:
        return np.concatenate(list(pool.map(model.embed, batches)))


def cosine(a: Any, b: Any) -> Any:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@installed
@pytest.mark.parametrize("batch", ["batch", 1, 3, 32])
@pytest.mark.parametrize("size", [(8, 4), ("height", "width")], ids=["small", "open"])
@pytest.mark.parametrize("keep", [0, 1], ids=["vectors", "maps"])
def test_it_sees_what_onnxruntime_sees(
    tmp_path: Path, crops: list[Picture], batch: int | str, size: tuple[int | str, int | str], keep: int
) -> None:
    path = colours(tmp_path / "m.onnx", batch, size, keep)
    one, other = loaded(f"onnx:{path}"), loaded(f"openvino:{path}")
    np.testing.assert_array_equal(one.prepare(crops), other.prepare(crops))
    np.testing.assert_allclose(embedded(other, crops), embedded(one, crops), atol=0.03)


@installed
def test_order_batch_and_threads_change_nothing(tmp_path: Path, crops: list[Picture]) -> None:
    path = convolving(tmp_path / "m.onnx")
    vectors = embedded(loaded(f"openvino:{path}", 4), crops)
    assert cosine(vectors, embedded(loaded(f"onnx:{path}"), crops)).min() > 0.999
    assert np.ptp(vectors, axis=0).min() > 0.01  # the crops can be told apart
    for batch, threads in ((4, 3), (1, 1), (64, 2)):
        np.testing.assert_array_equal(embedded(loaded(f"openvino:{path}", batch, threads), crops), vectors)
    np.testing.assert_array_equal(embedded(loaded(f"openvino:{path}", 4), crops[::-1])[::-1], vectors)


@installed
def test_a_real_network_gives_nearly_the_same(crops: list[Picture]) -> None:
    if not OSNET.is_file():
        pytest.skip("no ../shared/data/weights")
    one, other = embedded(loaded(f"onnx:{OSNET}"), crops), embedded(loaded(f"openvino:{OSNET}"), crops)
    assert other.dtype == np.float32
    assert np.median(cosine(one, other)) > 0.999
    assert cosine(one, other).min() > 0.99


@installed
def test_name_and_key_say_the_precision(tmp_path: Path) -> None:
    path = colours(tmp_path / "m.onnx")
    model = embedder(f"openvino:{path}", Settings("cpu"))
    precision = model.name.split()[-1]
    assert precision in {"f32", "bf16", "f16"}
    assert precision in model.key
    assert model.key != embedder(f"onnx:{path}", Settings("cpu")).key
    assert embedder(f"openvino:{colours(tmp_path / 'n.onnx', size=(8, 8))}", Settings("cpu")).key != model.key


@installed
@pytest.mark.parametrize("content", [b"no network", b"", bytes(range(256)) * 20], ids=["text", "empty", "bytes"])
def test_what_is_not_onnx_is_said_once(tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes) -> None:
    (tmp_path / "odd.onnx").write_bytes(content)
    with pytest.raises(InputError, match=r"odd\.onnx: not an ONNX model that can be run"):
        loaded(f"openvino:{tmp_path / 'odd.onnx'}")
    assert capfd.readouterr() == ("", "")


@installed
def test_errors_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    flat = Model(("numbers", (2, 8)))
    flat.node("Relu", "numbers", "out")
    (tmp_path / "flat.onnx").write_bytes(flat.bytes(["out"]))
    for name in ("text.onnx", "flat.onnx", "missing.onnx"):
        with pytest.raises(InputError) as caught:
            loaded(f"openvino:{tmp_path / name}")
        assert len(str(caught.value).splitlines()) == 1
        assert name in str(caught.value)
    with pytest.raises(OptionError, match="processor"):
        embedder(f"openvino:{colours(tmp_path / 'm.onnx')}", Settings("cuda"))


def test_without_openvino_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    path = colours(tmp_path / "m.onnx")
    with pytest.raises(OptionError, match=r"reid-solve\[openvino\]"):
        embedder(f"openvino:{path}", Settings("cpu"))
    assert loaded(f"onnx:{path}").batch


def test_threads_do_not_share_the_pixels_of_a_batch(tmp_path: Path, crops: list[Picture]) -> None:
    """onnxruntime's batches reuse one array a thread; vectors must be those of a new one each time."""
    path = convolving(tmp_path / "m.onnx")
    model = loaded(f"onnx:{path}", 4, 3)
    vectors = embedded(model, crops * 4)
    alone = np.concatenate([loaded(f"onnx:{path}").embed(model.prepare([crop])) for crop in crops])
    np.testing.assert_allclose(vectors, np.concatenate([alone] * 4), atol=1e-5)


def test_a_given_array_is_filled_with_the_same_numbers() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, 3, 8, 4), dtype=np.uint8)
    given = np.full(pixels.shape, np.nan, np.float32)
    assert Input((8, 4)).normalise(pixels, given) is given
    np.testing.assert_array_equal(given, Input((8, 4)).normalise(pixels))


@installed
def test_the_first_inference_is_made_while_loading(tmp_path: Path) -> None:
    """Two threads that make it together may wait for each other for ever (seen with 2026.4); it shows what is wrong."""
    model = Model(("pictures", ("batch", 3, 8, 4)))
    model.node("Relu", "pictures", "maps")
    (tmp_path / "maps.onnx").write_bytes(model.bytes(["maps"]))
    with pytest.raises(InputError, match=r"maps\.onnx: gives \(\d+, 3, 8, 4\) for \d+ crops, not one vector a crop"):
        embedder(f"openvino:{tmp_path / 'maps.onnx'}", Settings("cpu")).load()


@installed
def test_where_bits_are_few_a_convolution_takes_bytes_as_they_are(tmp_path: Path, crops: list[Picture]) -> None:
    model = loaded(f"openvino:{convolving(tmp_path / 'm.onnx')}")
    prepared = model.prepare(crops)
    assert prepared.dtype == np.uint8
    assert prepared.shape[1:] == ((34, 18, 3) if model.name.endswith("bf16") else (3, 32, 16))
    assert loaded(f"openvino:{colours(tmp_path / 'n.onnx')}").prepare(crops).shape[1:] == (3, 8, 4)
