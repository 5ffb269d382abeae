"""A tiny network that reads shirt numbers by comparing torsos with drawn numbers; made on the fly, as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.onnx_file import Model

SIDE = 40  # of the network's input
NUMBERS = [str(number) for number in range(1, 100)]


def drawn(text: str, shirt: tuple[int, int, int], ink: tuple[int, int, int], width: int = 40, height: int = 88) -> Any:
    """A person's crop (height, width, 3) of one colour with a number on its back."""
    import cv2

    crop = np.full((height, width, 3), shirt, np.uint8)
    top, bottom, left, right = round(0.10 * height), round(0.55 * height), round(0.05 * width), round(0.95 * width)
    crop[top:bottom, left:right] = cv2.resize(
        _number(text, shirt, ink), (right - left, bottom - top), interpolation=cv2.INTER_AREA
    )
    return crop


def write_reader(path: Path, legible: bool = True, batch: int | None = None) -> Path:
    """Write the network: correlation with every number from 1 to 99, shifted a little, and what follows of digits."""
    ink = np.stack([_number(text, (0, 0, 0), (255, 255, 255)).mean(axis=2) for text in NUMBERS])
    sharp = ink[:, 3:-3, 3:-3].reshape(len(NUMBERS), -1)
    sharp = sharp - sharp.mean(axis=1, keepdims=True)
    sharp /= np.linalg.norm(sharp, axis=1, keepdims=True)
    window = SIDE - 6
    digit = np.zeros((len(NUMBERS) + 1, 22))  # each number's digits by place, and nothing at all
    for row, text in enumerate([*NUMBERS, ""]):
        for place in range(2):
            digit[row, 11 * place + (int(text[place]) if place < len(text) else 10)] = 1

    model = Model(("torsos", (batch or "batch", 3, SIDE, SIDE)))
    constants: dict[str, Any] = {
        "sharp": sharp.reshape(-1, 1, window, window), "one": np.ones((1, 1, window, window)), "size": window**2,
        "little": 1e-2, "least": 1e-6, "zero": 0, "steep": 80, "nothing": 0.6, "digit": digit, "gain": 40,
    }  # fmt: skip
    for name, values in constants.items():
        model.constant(name, np.asarray(values, np.float32))
    model.constant("shape", np.array([-1, 2, 11], np.int64))
    model.node("ReduceMean", "torsos", "grey", axes=[1], keepdims=1)
    model.node("Mul", "grey grey", "square")
    model.node("Conv", "square one", "squares")
    model.node("Conv", "grey one", "sum")
    model.node("Mul", "sum sum", "sum2")
    model.node("Div", "sum2 size", "mean2")
    model.node("Sub", "squares mean2", "spread")
    model.node("Add", "spread little", "spread1")
    model.node("Sqrt", "spread1", "norm")
    model.node("Conv", "grey sharp", "product")
    model.node("Div", "product norm", "correlation")
    model.node("ReduceMax", "correlation", "like", axes=[2, 3], keepdims=0)
    model.node("ReduceMax", "like", "best", axes=[1], keepdims=1)
    model.node("Mul", "best zero", "flat")
    model.node("Add", "flat nothing", "none")
    model.node("Concat", "like none", "all", axis=1)
    model.node("Mul", "all steep", "logits")
    model.node("Softmax", "logits", "chance", axis=1)
    model.node("MatMul", "chance digit", "by_place")
    model.node("Add", "by_place least", "positive")
    model.node("Log", "positive", "logs")
    model.node("Reshape", "logs shape", "digits")
    model.node("Sub", "best none", "clear")
    model.node("Mul", "clear gain", "legible")
    path.write_bytes(model.bytes(["digits", "legible"] if legible else ["digits"]))
    return path


def _number(text: str, shirt: tuple[int, int, int], ink: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A square torso with a number in its middle, one digit as large as two."""
    import cv2

    out = np.full((SIDE, SIDE, 3), shirt, np.uint8)
    font, scale, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.85, 2
    (width, height), _ = cv2.getTextSize(text, font, scale, thick)
    cv2.putText(out, text, ((SIDE - width) // 2, (SIDE + height) // 2), font, scale, ink, thick, cv2.LINE_AA)
    return out
