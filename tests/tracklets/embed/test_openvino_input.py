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

from reid_solve.tracklets.embed.openvino_input import FirstConvolution, folded  # noqa: E402

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


def network(path: Path, batch: int) -> Any:
    read = openvino.Core().read_model(str(path))
    read.reshape([batch, 3, *EVEN.size])
    return read


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
    first = FirstConvolution.of(plain := network(path, len(crops)))
    assert first is not None
    taking = first.taking_bytes(plain, EVEN)
    assert taking.inputs[0].element_type == openvino.Type.u8
    compiled = openvino.Core().compile_model(taking, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(folded(EVEN.framed(crops, first.margins), first.strides[1]))[0]
    pixels = EVEN.normalise(EVEN.prepare(crops))
    wanted = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"pictures": pixels})
    assert np.ptp(wanted[0]) > 1
    np.testing.assert_allclose(found, wanted[0], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("how", [
    {"kernel": (3, 3), "dilations": [2, 2]},
    {"kernel": (3, 3), "auto_pad": "SAME_UPPER"},
    {"kernel": (2, 2), "strides": [5, 5]},  # leaves columns out
], ids=["dilated", "padded of itself", "leaving some out"])  # fmt: skip
def test_what_is_not_rewritten_is_left_alone(tmp_path: Path, how: dict[str, Any]) -> None:
    assert FirstConvolution.of(network(convolving(tmp_path / "m.onnx", **how), 1)) is None


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
