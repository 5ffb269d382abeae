"""What reads digits off shirts: a protocol that any reader can follow, and one that runs ONNX files.

A reader of your own is any object with ``name`` and ``read``; give it to ``jersey.read_numbers``. As a file it is an
ONNX network with

- one input (batch, 3, height, width) of floats: torsos, RGB, (value / 255 - 0.5) / 0.5, stretched to that size;
- an output ``digits`` (batch, P, 11), P of 2 or more: for each place, from the left, log-probabilities or logits of
  the digits 0 to 9 and, last, of no digit there: "10" is 1, 0 and "7" is 7, none;
- if it has one, an output ``legible`` (batch,) or (batch, 1): log-odds that a number can be read at all. Without
  it, that is the probability that there is a first digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import FloatArray
from reid_solve.tracklets.video import Picture

DIGITS = 10
NONE = 10  # the class of a place without a digit
BATCH = 32


@dataclass(frozen=True)
class Reading:
    """What a reader makes of n torsos.

    Attributes:
        digits: (n, P, 11) log-probabilities of each place, from the left: the digits 0 to 9, and no digit.
        legible: (n,) probability that a number can be read at all.
    """

    digits: FloatArray
    legible: FloatArray


class Reader(Protocol):
    """Anything that reads numbers."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    def read(self, torsos: Sequence[Picture]) -> Reading:
        """Read torsos (height, width, 3), blue, green, red, of any sizes."""
        ...


def reader_of(specification: str) -> Reader:
    """The reader that a specification such as ``onnx:PATH`` means.

    Raises:
        OptionError: it means none.
        InputError: no such file, or not such a network.
    """
    kind, _, rest = specification.partition(":")
    if kind != "onnx" or not rest:
        raise OptionError(f"no reader {specification!r}; give onnx:PATH, a network that reads digits")
    return OnnxReader(Path(rest))


class OnnxReader:
    """A network in an ONNX file, as this file's head describes it."""

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            InputError: no such file, or not such a network.
        """
        if not path.is_file():
            raise InputError(f"{path}: no such file; check the name of the reader")
        runtime = optional("onnxruntime", "video", "an ONNX model")
        options = runtime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the decoder needs the cores
        options.log_severity_level = 4
        try:
            self._session: Any = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes have no common base but this
            reason = str(error).splitlines()[0][:150]
            raise InputError(f"{path}: not an ONNX model that can be run ({reason})") from error
        self.path = path
        inputs = self._session.get_inputs()
        shape = inputs[0].shape
        whole = len(inputs) == 1 and len(shape) == 4 and inputs[0].type == "tensor(float)" and shape[1] == 3
        if not whole or not all(isinstance(side, int) and side > 0 for side in shape[2:]):
            found = "; ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise InputError(f"{path}: takes {found}, not one picture (batch, 3, height, width) of floats")
        self._input, self._size = inputs[0].name, (int(shape[3]), int(shape[2]))
        self._batch = int(shape[0]) if isinstance(shape[0], int) and shape[0] > 0 else None
        names = [one.name for one in self._session.get_outputs()]
        if "digits" not in names:
            raise InputError(f"{path}: gives {', '.join(names)}; a reader needs an output digits (batch, places, 11)")
        self._outputs = [name for name in ("digits", "legible") if name in names]

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def read(self, torsos: Sequence[Picture]) -> Reading:
        """Read torsos of any sizes.

        Raises:
            InputError: what the network gives is not as described.
        """
        step = self._batch or BATCH
        parts = [self._run(torsos[at : at + step]) for at in range(0, len(torsos), step)]
        if not parts:
            return Reading(np.zeros((0, 2, 11)), np.zeros(0))
        return Reading(np.concatenate([p.digits for p in parts]), np.concatenate([p.legible for p in parts]))

    def _run(self, torsos: Sequence[Picture]) -> Reading:
        cv2 = optional("cv2", "video", "reading shirts")
        shrunk = [cv2.resize(torso, self._size, interpolation=cv2.INTER_AREA)[:, :, ::-1] for torso in torsos]
        shrunk += shrunk[-1:] * ((self._batch or len(shrunk)) - len(shrunk))
        pixels = np.stack(shrunk).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
        try:
            out = self._session.run(self._outputs, {self._input: np.ascontiguousarray(pixels)})
        except Exception as error:
            reason = str(error).splitlines()[0][:150]
            raise InputError(f"{self.path}: failed on a batch of {len(pixels)} torsos ({reason})") from error
        digits = np.asarray(out[0], float)
        if digits.ndim != 3 or len(digits) != len(pixels) or digits.shape[1] < 2 or digits.shape[2] != DIGITS + 1:
            raise InputError(
                f"{self.path}: digits are {digits.shape} for {len(pixels)} torsos, not (batch, places, 11)"
            )
        digits = digits - np.logaddexp.reduce(digits, axis=2, keepdims=True)
        if len(out) == 1:
            legible = -np.expm1(digits[:, 0, NONE])
        elif np.size(out[1]) == len(pixels):
            legible = 1 / (1 + np.exp(-np.clip(np.asarray(out[1], float).reshape(-1), -30, 30)))
        else:
            raise InputError(f"{self.path}: legible is {np.shape(out[1])} for {len(pixels)} torsos, not (batch,)")
        if not np.isfinite(digits).any(axis=2).all() or np.isnan(legible).any():
            raise InputError(f"{self.path}: gives NaN; is it a network for such pictures?")
        return Reading(digits[: len(torsos)], legible[: len(torsos)])
