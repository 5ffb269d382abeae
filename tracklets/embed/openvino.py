"""Re-identification networks as ONNX files, run by OpenVINO in the precision that the processor is fastest in."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock, local
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.inputs import PERSON, VERSION, Input
from reid_solve.tracklets.embed.onnx import BATCH, content, filled, vectors_of
from reid_solve.tracklets.embed.openvino_input import FirstConvolution, Frame, normalising
from reid_solve.tracklets.embed.registry import Embedder, Settings, Vectors, backend
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

# OpenVINO's binding fills tables on its first inference while it holds Python's lock now and then: two threads that
# come first together wait for each other for ever.
FIRST = Lock()


@backend("openvino", "openvino:PATH")
def from_file(path: str, settings: Settings) -> Embedder:
    """The network in a file.

    Raises:
        InputError: no such file.
        OptionError: OpenVINO is not installed, or another device than the processor is asked for.
    """
    return OpenVinoEmbedder(Path(path), settings)


class OpenVinoEmbedder:
    """A network as ``OnnxEmbedder`` takes it, but of 32-bit floats, on the processor.

    Where the processor multiplies 16-bit floats (AVX512-BF16, AMX), the network runs in bfloat16, and a convolution
    that it begins with in 8 bits: faster, and vectors that differ in the third digit. Elsewhere it runs in float32.
    Which of them is part of name and key. Pixels are normalised inside the network. All batches have one size; each
    runs in one thread, side by side.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        if settings.device not in {"auto", "cpu"}:
            raise OptionError(f"--device {settings.device}: openvino:PATH runs on the processor; use onnx:{path}")
        self.path = path
        files = content(path)
        self._engine = optional("openvino", "openvino", "openvino:PATH")
        self._core = self._engine.Core()
        precision = self._core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        self.name = f"openvino:{path.name} {precision}"
        self.key = f"openvino 2 {files} input {VERSION} {precision}"
        self.batch = settings.batch or BATCH
        self.workers = settings.threads or os.cpu_count() or 1
        self._input = Input(PERSON)
        self._few_bits = precision == "bf16"  # whoever has its instructions has those for 8 bits
        self._frame: Frame | None = None  # where a convolution takes bytes as they are
        self._model: Any = None
        self._own = local()  # of each thread: its request

    def load(self) -> None:
        """Read and compile the network, and run it once.

        Raises:
            InputError: not a network, not one of pictures, or none that gives vectors.
        """
        readers = optional("openvino.frontend", "openvino", "openvino:PATH").FrontEndManager()
        try:
            # Else other readers try their luck with what is not ONNX, and complain on the screen.
            if not readers.load_by_framework("onnx").supported(str(self.path)):
                raise ValueError("it is something else")
            network = self._core.read_model(str(self.path))
        except Exception as error:  # OpenVINO raises RuntimeError and others
            raise InputError(f"{self.path}: not an ONNX model that can be run ({_reason(error)})") from error
        shape = network.inputs[0].partial_shape
        sides = [side.get_length() if side.is_static else None for side in shape] if shape.rank.is_static else []
        if len(network.inputs) != 1 or len(sides) != 4 or sides[1] not in (3, None) \
                or network.inputs[0].element_type != self._engine.Type.f32:  # fmt: skip
            found = "; ".join(f"{one.element_type.get_type_name()} {one.partial_shape}" for one in network.inputs)
            raise InputError(f"{self.path}: takes {found}, not one picture (batch, 3, height, width) of 32-bit floats")
        self.batch = sides[0] or self.batch
        self._input = Input((sides[2] or PERSON[0], sides[3] or PERSON[1]))
        try:
            network.reshape([self.batch, 3, *self._input.size])
            settings = {"NUM_STREAMS": self.workers, "INFERENCE_NUM_THREADS": self.workers}
            first = FirstConvolution.of(network) if self._few_bits else None
            self._frame = first.frame if first else None
            ready = first.taking_bytes(network, self._input) if first else normalising(network, self._input)
            self._model = self._core.compile_model(ready, "CPU", settings)
        except Exception as error:
            raise InputError(f"{self.path}: not an ONNX model that can be run ({_reason(error)})") from error
        with FIRST:
            self._run(self._model.create_infer_request(), self.prepare([np.zeros((*self._input.size, 3), np.uint8)]))

    def prepare(self, crops: list[Picture]) -> npt.NDArray[np.uint8]:
        """Crops as bytes, as the network takes them."""
        return self._frame.prepare(crops, self._input) if self._frame else self._input.prepare(crops)

    def embed(self, batch: npt.NDArray[Any]) -> Vectors:
        """Run a batch; a short one gets the last crop repeated, and the surplus is cut off.

        Raises:
            InputError: the output is no vector a crop.
        """
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        return self._run(self._own.request, batch)

    def _run(self, request: Any, batch: npt.NDArray[Any]) -> Vectors:
        pixels = np.ascontiguousarray(filled(batch, self.batch))
        try:
            out = request.infer({0: pixels}, share_inputs=True)[0].copy()
        except Exception as error:
            raise InputError(f"{self.path}: failed on a batch of {self.batch} crops ({_reason(error)})") from error
        return vectors_of(out, self.batch, self.path)[: len(batch)]


def _reason(error: Exception) -> str:
    """The line of OpenVINO's message that says what is wrong; the first ones say where in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Exception from", "Check '", "FrontEnd API failed"))]
    return (said or lines or [type(error).__name__])[0][:150]
