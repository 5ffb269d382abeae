"""The first convolution on bytes: the same sums as onnxruntime's on normalised pixels, wherever the kernel may look."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.onnx_file import Model

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.video import Picture

openvino = pytest.importorskip("openvino", reason="needs the extra [openvino]")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the libraries' own imports
    pytest.importorskip("cv2", reason="needs the extra [video]")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra [video]")

from reid_solve.tracklets.embed.openvino_input import FirstConvolution  # noqa: E402

# whole numbers as bytes, so that the margins are the mean to the last digit
EVEN = Input((24, 12), mean=(0.2, 0.4, 0.8), std=(0.5, 0.5, 0.5))


@pytest.fixture
def crops() -> list[Picture]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (high, wide, 3), np.uint8) for high, wide in ((24, 12), (40, 9), (7, 30))]


def convolving(path: Path, kernel: tuple[int, int], **how: Any) -> Path:
    """A convolution whose weights 8 bits hold exactly, rectified and flattened: nothing is pooled away."""
    weights = np.random.default_rng(1).integers(-127, 128, (16, 3, *kernel)).astype(np.float32)
    weights[:, 0, 0, 0] = 127  # the largest of each channel, so that a step is one
    model = Model(("pictures", ("batch", 3, *EVEN.size)))
    model.constant("w", weights / np.arange(100, 116, dtype=np.float32).reshape(-1, 1, 1, 1))
    model.node("Conv", "pictures w", "c", kernel_shape=list(kernel), **how)
    model.node("Relu", "c", "r")
    model.node("Flatten", "r", "vector")
    path.write_bytes(model.bytes(["vector"]))
    return path


def plain(path: Path, weights: Any) -> Path:
    """A 7x7 convolution of stride 2 with given weights (out, 3, 7, 7), flattened."""
    model = Model(("pictures", ("batch", 3, *EVEN.size)))
    model.constant("w", np.asarray(weights, np.float32))
    model.node("Conv", "pictures w", "c", kernel_shape=[7, 7], strides=[2, 2], pads=[3, 3, 3, 3])
    model.node("Flatten", "c", "vector")
    path.write_bytes(model.bytes(["vector"]))
    return path


def network(path: Path, batch: int) -> Any:
    read = openvino.Core().read_model(str(path))
    read.reshape([batch, 3, *EVEN.size])
    return read


def by_onnxruntime(path: Path, crops: list[Picture], given: Input) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"pictures": given.normalise(given.prepare(crops))})[0]


def on_bytes(path: Path, crops: list[Picture], given: Input, precision: str = "f32") -> tuple[Any, Any]:
    """What the rewritten network gives, and the network as it is run."""
    first = FirstConvolution.of(read := network(path, len(crops)))
    assert first is not None
    taking = first.taking_bytes(read, given)
    assert taking.inputs[0].element_type == openvino.Type.u8
    compiled = openvino.Core().compile_model(taking, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return compiled(first.frame.prepare(crops, given))[0], compiled


LOOKS: list[dict[str, Any]] = [
    {"kernel": (7, 7), "strides": [2, 2], "pads": [3, 3, 3, 3]},  # ResNet, OSNet
    {"kernel": (3, 3), "strides": [1, 1], "pads": [1, 1, 1, 1]},
    {"kernel": (3, 3), "strides": [2, 2], "pads": [1, 1, 1, 1]},
    {"kernel": (3, 3), "strides": [2, 2], "pads": [0, 0, 1, 1]},
    {"kernel": (4, 4), "strides": [4, 4]},  # patches
    {"kernel": (5, 2), "strides": [1, 2], "pads": [2, 0, 2, 0]},
    {"kernel": (1, 6), "strides": [1, 2], "pads": [0, 4, 0, 2]},
]


@pytest.mark.parametrize("how", LOOKS, ids=lambda how: "x".join(map(str, how["kernel"])))
def test_bytes_give_the_sums_of_normalised_pixels(tmp_path: Path, crops: list[Picture], how: dict[str, Any]) -> None:
    path = convolving(tmp_path / "m.onnx", **how)
    found, _ = on_bytes(path, crops, EVEN)
    wanted = by_onnxruntime(path, crops, EVEN)
    assert np.ptp(wanted) > 1
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)


def test_rounding_weights_to_8_bits_is_all_that_it_costs(tmp_path: Path) -> None:
    """Pictures of one colour near the mean show an offset: what rounding takes must count from the mean."""
    path = plain(tmp_path / "m.onnx", np.random.default_rng(2).normal(size=(32, 3, 7, 7)))
    given = Input(EVEN.size)
    grey = np.full((24, 12, 3), np.round(255 * np.array(given.mean[::-1])), np.uint8)
    noisy = np.random.default_rng(3).integers(0, 256, (24, 12, 3), np.uint8)
    assert np.abs(on_bytes(path, [grey], given)[0]).max() < 0.5  # weights have a sum of 12, an offset would be 2
    found, wanted = on_bytes(path, [noisy], given)[0], by_onnxruntime(path, [noisy], given)
    assert np.linalg.norm(found - wanted) < 0.008 * np.linalg.norm(wanted)


def test_bytes_are_multiplied_as_bytes(tmp_path: Path, crops: list[Picture]) -> None:
    if openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT") != openvino.Type.bf16:
        pytest.skip("this processor has no arithmetic of few bits")
    path = plain(tmp_path / "m.onnx", np.random.default_rng(2).normal(size=(32, 3, 7, 7)))
    _, compiled = on_bytes(path, crops, EVEN, "bf16")
    about = [{name: value.astype(str) for name, value in node.get_rt_info().items()}
             for node in compiled.get_runtime_model().get_ops()]  # fmt: skip
    assert [one["runtimePrecision"] for one in about if one["layerType"] == "Convolution"] == ["u8"]


@pytest.mark.parametrize("how", [
    {"kernel": (3, 3), "dilations": [2, 2]},
    {"kernel": (3, 3), "auto_pad": "SAME_UPPER"},
    {"kernel": (2, 2), "strides": [5, 5]},  # leaves columns out
], ids=["dilated", "padded of itself", "leaving some out"])  # fmt: skip
def test_what_is_not_rewritten_is_left_alone(tmp_path: Path, how: dict[str, Any]) -> None:
    assert FirstConvolution.of(network(convolving(tmp_path / "m.onnx", **how), 1)) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_broken_weights_are_left_alone(tmp_path: Path, value: float) -> None:
    weights = np.ones((4, 3, 7, 7))
    weights[1, 1, 1, 1] = value
    assert FirstConvolution.of(network(plain(tmp_path / "m.onnx", weights), 1)) is None


def test_pictures_that_nobody_reads_are_left_alone(tmp_path: Path) -> None:
    model = Model(("pictures", ("batch", 3, *EVEN.size)))
    model.constant("w", np.ones((1, 3), np.float32))
    model.node("Relu", "w", "vector")
    path = tmp_path / "m.onnx"
    path.write_bytes(model.bytes(["vector"]))
    assert FirstConvolution.of(network(path, 1)) is None


def test_two_readers_of_the_pictures_are_left_alone(tmp_path: Path) -> None:
    model = Model(("pictures", ("batch", 3, *EVEN.size)))
    model.constant("w", np.ones((3, 3, 1, 1), np.float32))
    model.node("Conv", "pictures w", "c", kernel_shape=[1, 1])
    model.node("Add", "pictures c", "vector")
    path = tmp_path / "m.onnx"
    path.write_bytes(model.bytes(["vector"]))
    assert FirstConvolution.of(network(path, 1)) is None


def test_margins_are_the_mean_colour_and_the_rest_is_the_crop(crops: list[Picture]) -> None:
    framed = EVEN.framed(crops, (1, 2, 3, 0))
    assert framed.shape == (3, 27, 15, 3)
    inner = framed[:, 1:25, 3:]
    np.testing.assert_array_equal(inner[..., ::-1].transpose(0, 3, 1, 2), EVEN.prepare(crops))
    outside = np.ones(framed.shape[1:3], bool)
    outside[1:25, 3:] = False
    assert (framed[:, outside] == (204, 102, 51)).all()


def test_a_margin_does_not_remember_the_crop_before() -> None:
    white, tall = np.full((4, 12, 3), 255, np.uint8), np.full((24, 3, 3), 9, np.uint8)
    boxed = Input(EVEN.size, EVEN.mean, EVEN.std, letterbox=True)
    first = boxed.prepare([white, tall, white])
    np.testing.assert_array_equal(first[0], first[2])
    np.testing.assert_array_equal(first[1], boxed.prepare([tall])[0])
    assert (first[1][:, :, 0] == np.array([[51], [102], [204]])).all()
