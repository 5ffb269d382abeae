"""How bytes become what a network's first layer wants, inside the network, for OpenVINO.

Anywhere: bytes (n, 3, height, width) are normalised and then go in. Where the processor multiplies small numbers and
the network begins with a convolution, that convolution is rewritten to take the bytes as they are: (x - mean) / std is
linear, so std goes into the weights and mean into the bias, and what the convolution would have padded with zeros is
padded with the mean colour beforehand. Bytes times weights of 8 bits (scaled for each channel that comes out; Jacob et
al. 2018, section 2) is one instruction, and nothing has to be normalised or turned around first. With a stride of s, s
pixels of a row count as one of 3 s channels: rows lie that way in memory, and it fills the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import FloatArray
from reid_solve.tracklets.video import Picture

LEVELS = 127  # of an 8-bit weight, either side of zero


def normalising(network: Any, given: Input) -> Any:
    """A network of static shape that takes bytes (n, 3, height, width), red first, and normalises them."""
    engine, steps = _engine(), _steps(network)
    layout = engine.Layout("NCHW")
    steps.input(0).tensor().set_element_type(engine.Type.u8).set_layout(layout)
    steps.input(0).model().set_layout(layout)
    mean, std = ([255 * float(value) for value in values] for values in (given.mean, given.std))
    steps.input(0).preprocess().convert_element_type(engine.Type.f32).mean(mean).scale(std)
    return steps.build()


@dataclass(frozen=True)
class Frame:
    """What pictures have around them when a convolution takes them as they are.

    Attributes:
        margins: rows above and below, and columns left and right.
        across: pixels of a row that count as one.
    """

    margins: tuple[int, int, int, int]
    across: int

    def prepare(self, crops: list[Picture], given: Input) -> npt.NDArray[np.uint8]:
        """Crops of any sizes as bytes (n, rows, columns / across, 3 across), blue first."""
        framed = given.framed(crops, self.margins)
        count, high, wide, channels = framed.shape
        return framed.reshape(count, high, wide // self.across, channels * self.across)


@dataclass(frozen=True)
class FirstConvolution:
    """The convolution that a network begins with.

    Attributes:
        node: OpenVINO's.
        weights: (out, 3, rows, columns).
        down: its stride from row to row; the one across is the frame's.
        frame: what it wants around the pictures.
    """

    node: Any
    weights: FloatArray
    down: int
    frame: Frame

    @classmethod
    def of(cls, network: Any) -> FirstConvolution | None:
        """Of a network of static shape; None where it begins otherwise, or where some pixels are never looked at."""
        readers = network.inputs[0].get_target_inputs()
        if len(readers) != 1:
            return None
        (reader,) = readers
        node = reader.get_node()
        if node.get_type_name() != "Convolution":
            return None
        kernel, how = node.input_value(1).get_node(), node.get_attributes()
        if kernel.get_type_name() != "Constant" or how["auto_pad"] != "explicit" or set(how["dilations"]) != {1}:
            return None
        weights = np.asarray(kernel.get_data(), float)
        down, across = how["strides"]
        high, wide = list(network.inputs[0].shape)[2:]
        (top, left), (rows, columns) = how["pads_begin"], list(node.output(0).shape)[2:]
        # as many pixels as the steps see, a row's in whole strides
        bottom = (rows - 1) * down + weights.shape[2] - high - top
        right = (columns - 1 + -(-weights.shape[3] // across)) * across - wide - left
        if min(top, left, bottom, right) < 0 or not np.isfinite(weights).all():
            return None
        return cls(node, weights, down, Frame((top, bottom, left, right), across))

    def taking_bytes(self, network: Any, given: Input) -> Any:
        """The network with this convolution in 8 bits, for what its frame prepares."""
        engine, op = _engine(), optional("openvino.opset13", "openvino", "openvino:PATH")
        (count, _, high, wide), (top, bottom, left, right) = list(network.inputs[0].shape), self.frame.margins
        across, bytes_, float_ = self.frame.across, engine.Type.u8, engine.Type.f32
        mean, std = (
            255 * np.tile(np.array(values)[::-1], across).reshape(1, -1, 1, 1) for values in (given.mean, given.std)
        )
        weights = self._folded() / std
        scale = np.maximum(np.abs(weights).max((1, 2, 3), keepdims=True), 1e-30) / LEVELS
        whole = np.rint(weights / scale)
        # of the rounded weights: else what rounding took would count from black, not from the mean
        bias = -(whole * scale * mean).sum((1, 2, 3)).reshape(1, -1, 1, 1)

        parameter = op.parameter([count, top + high + bottom, (left + wide + right) // across, 3 * across], bytes_)
        lowest, highest = op.constant(np.float32(0)), op.constant(np.float32(255))
        # changes no number; it is what tells OpenVINO that the product is one of integers
        seen = op.fake_quantize(op.convert(parameter, float_), lowest, highest, lowest, highest, 256)
        kernel = op.multiply(
            op.convert(op.constant(whole.astype(np.int8)), float_), op.constant(scale.astype(np.float32))
        )
        maps = op.convolution(op.transpose(seen, op.constant(np.array([0, 3, 1, 2]))), kernel,
                              [self.down, 1], [0, 0], [0, 0], [1, 1])  # fmt: skip
        maps = op.add(maps, op.constant(bias.astype(np.float32)))
        self.node.output(0).replace(maps.output(0))
        # building changes nothing asked for, but joins what the reader of ONNX leaves apart (activations, biases)
        return _steps(engine.Model(network.get_results(), [parameter])).build()

    def _folded(self) -> FloatArray:
        """Weights (out, 3 across, rows, columns / across) for what the frame prepares."""
        out, channels, rows, columns = self.weights.shape
        across = self.frame.across
        wide = np.zeros((out, channels, rows, -(-columns // across) * across))
        wide[..., :columns] = self.weights[:, ::-1]
        parts = wide.reshape(out, channels, rows, -1, across).transpose(0, 4, 1, 2, 3)
        return parts.reshape(out, channels * across, rows, -1)


def _steps(network: Any) -> Any:
    return optional("openvino.preprocess", "openvino", "openvino:PATH").PrePostProcessor(network)


def _engine() -> Any:
    return optional("openvino", "openvino", "openvino:PATH")
