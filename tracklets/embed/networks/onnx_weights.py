"""Weights by name out of an .onnx file, as torch's exporter writes it, without the onnx library.

Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reid_solve.tracklets.errors import InputError

GRAPH = 7  # of ModelProto
NODE, INITIALIZER = 1, 5  # of GraphProto
INPUT, OUTPUT = 1, 2  # of NodeProto
DIMS, KIND, FLOATS, NAME, RAW = 1, 2, 4, 8, 9  # of TensorProto
FLOAT = 1
Value = int | bytes


def read_onnx(path: Path) -> dict[str, Tensor]:
    """Weights by the names that they had in the module that was exported.

    An exporter that folds batch normalisation gives new names to what it folded; the name of the node's output,
    ``/conv2/conv2.0/conv1/conv/Conv_output_0``, still says which module it was.

    Raises:
        InputError: missing or damaged.
    """
    try:
        return _weights(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the name") from error
    except (StopIteration, IndexError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: not an .onnx file, or a damaged one; export it again") from error


def _weights(model: bytes) -> dict[str, Tensor]:
    graph = next(value for number, value in _fields(model) if number == GRAPH and isinstance(value, bytes))
    nodes: list[list[tuple[int, Value]]] = []
    stored: dict[str, Tensor] = {}
    for number, value in _fields(graph):
        if number == NODE and isinstance(value, bytes):
            nodes.append(list(_fields(value)))
        elif number == INITIALIZER and isinstance(value, bytes):
            stored |= _tensor(value)
    out = {}
    for node in nodes:
        inputs, outputs = (
            [value.decode() for number, value in node if number == which and isinstance(value, bytes)]
            for which in (INPUT, OUTPUT)
        )
        for name, part in zip(inputs[1:3], ("weight", "bias"), strict=False):
            if name.startswith("onnx::") and name in stored:
                out[f"{_module(outputs[0])}.{part}"] = stored[name]
    return out | {name: tensor for name, tensor in stored.items() if not name.startswith("onnx::")}


def _module(output: str) -> str:
    """Name of the module that a node came from: /conv2/conv2.0/conv1/conv/Conv_output_0 to conv2.0.conv1.conv."""
    parts = output.strip("/").split("/")[:-1]
    inner = zip(parts, [*parts[1:], ""], strict=True)
    return ".".join(part for part, after in inner if not after.startswith(f"{part}."))


def _tensor(data: bytes) -> dict[str, Tensor]:
    """A stored tensor by its name; nothing where it is not of float32 (sizes, indices)."""
    fields = list(_fields(data))
    if (KIND, FLOAT) not in fields:
        return {}
    (name,) = (value.decode() for number, value in fields if number == NAME and isinstance(value, bytes))
    shape = [value for number, value in fields if number == DIMS and isinstance(value, int)]
    raw = b"".join(value for number, value in fields if number in (FLOATS, RAW) and isinstance(value, bytes))
    return {name: torch.from_numpy(np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape))}


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message; what is nested stays bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        size = {1: 8, 5: 4}.get(key & 7)
        if size is None:
            if key & 7 != 2:
                raise ValueError(key)
            size, at = _varint(data, at)
        if at + size > len(data):
            raise ValueError(size)
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at
