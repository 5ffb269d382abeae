"""ONNX files without the onnx library: a graph of named operators, encoded as the protocol buffer that it is.

Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx), operator set 13.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

FLOAT, INT64 = 1, 7  # TensorProto.DataType
Shape = tuple[int | str, ...]  # a string names a size that is open


class Model:
    """A network that takes one or more tensors of floats."""

    def __init__(self, *inputs: tuple[str, Shape]) -> None:
        self.inputs = inputs
        self.parts: list[bytes] = []

    def constant(self, name: str, values: Any) -> None:
        """A tensor of float32 or int64."""
        kind = INT64 if values.dtype == np.int64 else FLOAT
        dims = b"".join(_field(1, size) for size in values.shape)
        data = np.ascontiguousarray(values).tobytes()
        self.parts.append(_field(5, dims + _field(2, kind) + _field(8, name) + _field(9, data)))

    def node(self, operator: str, inputs: str, output: str, **attributes: int | float | str | list[int]) -> None:
        """An operator with its inputs, separated by blanks, and one output."""
        names = b"".join(_field(1, name) for name in inputs.split()) + _field(2, output)
        self.parts.append(_field(1, names + _field(4, operator) + b"".join(map(_attribute, attributes.items()))))

    def bytes(self, outputs: list[str]) -> bytes:
        """The file; shapes of outputs are left to the runtime."""
        ends = b"".join(_field(11, _tensor(name, shape)) for name, shape in self.inputs)
        ends += b"".join(_field(12, _tensor(name, None)) for name in outputs)
        graph = b"".join(self.parts) + _field(2, "graph") + ends
        return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def _attribute(item: tuple[str, int | float | str | list[int]]) -> bytes:
    name, value = item
    if isinstance(value, list):
        kind, data = 7, b"".join(_field(8, one) for one in value)
    elif isinstance(value, int):
        kind, data = 2, _field(3, value)
    elif isinstance(value, str):
        kind, data = 3, _field(4, value)
    else:
        kind, data = 1, b"\x15" + struct.pack("<f", value)
    return _field(5, _field(1, name) + data + _field(20, kind))


def _tensor(name: str, shape: Shape | None) -> bytes:
    dims = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape or ())
    inside = _field(1, FLOAT) + (_field(2, dims) if shape is not None else b"")
    return _field(1, name) + _field(2, _field(1, inside))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value & (2**64 - 1))
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
