"""Any re-identification network as an ONNX file, run by onnxruntime."""

from __future__ import annotations

import os
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.cache import fingerprint
from reid_solve.tracklets.embed.inputs import PERSON, VERSION, Input
from reid_solve.tracklets.embed.registry import Embedder, Settings, Vectors, backend
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

BATCH = 16  # beyond it a CPU gains nothing and its caches overflow
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@backend("onnx", "onnx:PATH")
def from_file(path: str, settings: Settings) -> Embedder:
    """The network in a file.

    Raises:
        InputError: no such file.
    """
    return OnnxEmbedder(Path(path), settings)


class OnnxEmbedder:
    """A network with one picture input (batch, 3, height, width) and an output (batch, D).

    The height and width are read from the file (256 x 128 where it leaves them open), as is whether the batch is fixed;
    pixels are RGB, ImageNet-normalised. On a CPU, batches run side by side, each in one thread: small networks gain
    nothing from several threads on one batch, which wait for one another at every layer.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path, self.settings = path, settings
        self.name = f"onnx:{path.name}"
        self.key = f"onnx {content(path)} input {VERSION} {settings.device}"
        self.batch = settings.batch or BATCH
        self.workers = settings.threads or os.cpu_count() or 1
        self._session: Any = None
        self._fixed: int | None = None
        self._input = Input(PERSON)
        self._dtype: Any = np.float32
        self._own = local()  # of each thread: the pixels of its batch

    def load(self) -> None:
        """Read the file.

        Raises:
            InputError: not a network, or not one of pictures.
            OptionError: no such device.
        """
        runtime = optional("onnxruntime", "video", "an ONNX model")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        providers = _providers(self.settings.device)
        try:
            self._session = runtime.InferenceSession(str(self.path), options, providers=providers)
        except Exception as error:  # onnxruntime's own classes have no common base but this
            reason = str(error).splitlines()[0][:150]
            raise InputError(f"{self.path}: not an ONNX model that can be run ({reason})") from error
        pictures = self._session.get_inputs()
        shape = pictures[0].shape
        if len(pictures) != 1 or len(shape) != 4 or shape[1] not in (3, "3") or pictures[0].type not in DTYPES:
            found = "; ".join(f"{i.name} {i.type} {i.shape}" for i in pictures)
            raise InputError(f"{self.path}: takes {found}, not one picture (batch, 3, height, width) of floats")
        fixed, _, height, width = (side if isinstance(side, int) and side > 0 else None for side in shape)
        self._dtype = DTYPES[pictures[0].type]
        self._input = Input((height or PERSON[0], width or PERSON[1]))
        self._fixed = fixed
        self.batch = fixed or self.batch

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        """Crops as pixels (n, 3, height, width)."""
        return self._input.prepare(crops)

    def embed(self, batch: npt.NDArray[Any]) -> Vectors:
        """Run a batch; a network with a fixed batch gets the last crop repeated, and the surplus is cut off.

        Raises:
            InputError: the output is no vector a crop.
        """
        count = len(batch)
        batch = filled(batch, self._fixed or count)
        pixels = self._input.normalise(batch, self._pixels(batch.shape)).astype(self._dtype, copy=False)
        try:
            out = self._session.run(None, {self._session.get_inputs()[0].name: pixels})[0]
        except Exception as error:
            reason = str(error).splitlines()[0][:150]
            raise InputError(f"{self.path}: failed on a batch of {len(batch)} crops ({reason})") from error
        return vectors_of(out, len(batch), self.path)[:count]

    def _pixels(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        pixels = getattr(self._own, "pixels", None)
        if pixels is None or pixels.shape != shape:
            pixels = self._own.pixels = np.empty(shape, np.float32)
        return np.asarray(pixels)


def content(path: Path) -> str:
    """What a network's file holds, and the file beside it where exporters put large weights.

    Raises:
        InputError: no such file.
    """
    beside = Path(f"{path}.data")
    return " ".join(fingerprint(file) for file in (path, beside) if file == path or file.is_file())


def filled(batch: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """A batch (n, ...) with its last crop repeated until there are ``size``."""
    return np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)]) if len(batch) < size else batch


def vectors_of(out: npt.NDArray[Any], count: int, path: Path) -> Vectors:
    """A network's output as vectors (count, D); maps of one pixel count as vectors.

    Raises:
        InputError: it is no vector a crop.
    """
    vectors = np.asarray(out, np.float32)
    if vectors.ndim > 2 and vectors[0].size == max(vectors[0].shape):
        vectors = vectors.reshape(len(vectors), -1)
    if vectors.ndim != 2 or len(vectors) != count:
        raise InputError(f"{path}: gives {vectors.shape} for {count} crops, not one vector a crop")
    return vectors


def _providers(device: str) -> list[str | tuple[str, dict[str, int]]]:
    if device == "cpu":
        return ["CPUExecutionProvider"]
    there = optional("onnxruntime", "video", "an ONNX model").get_available_providers()
    if device == "auto":
        return [p for p in ("CUDAExecutionProvider", "CPUExecutionProvider") if p in there]
    kind, _, number = device.partition(":")
    if kind == "cuda" and "CUDAExecutionProvider" in there and (number.isdecimal() or device == kind):
        return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]
    raise OptionError(f"--device {device}: this onnxruntime has only {', '.join(there)}; use --device cpu")
