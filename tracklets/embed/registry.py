"""Backends by name: what an embedder is, and how a specification such as ``onnx:model.onnx`` becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.video import Picture

Vectors = npt.NDArray[np.float32]  # (n, D)
OFFLINE = "without a network: color, onnx:PATH, openclip:MODEL/FILE, timm:NAME/FILE, trained:PATH"
MODULES = ("color", "onnx", "openclip", "openvino", "timm", "trained")


@dataclass(frozen=True)
class Settings:
    """How to run a model.

    Attributes:
        device: auto, cpu, cuda, cuda:1, mps; auto takes an accelerator where there is one.
        threads: for the model on the CPU; None lets the backend choose.
        batch: crops at once; None lets the backend choose.
        seed: of random weights.
    """

    device: str = "auto"
    threads: int | None = None
    batch: int | None = None
    seed: int = 0


class Embedder(Protocol):
    """A model of appearance. Made cheaply; ``load`` does the work, and only where something is to be embedded.

    Attributes:
        name: as the user specified it.
        key: what the vectors depend on besides the crops: weights, preparation, precision.
        batch: crops that ``embed`` wants at once.
        workers: how many batches may run at once, each in a thread of its own.
    """

    name: str
    key: str
    batch: int
    workers: int

    def load(self) -> None:
        """Load weights; raises a ReidSolveError where that fails."""

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        """Crops (height, width, 3), BGR, of any sizes as one array (n, ...). Runs beside ``embed``, in a thread."""

    def embed(self, batch: npt.NDArray[Any]) -> Vectors:
        """Embeddings (n, D) of a prepared batch. Each vector depends on its own crop alone."""


@dataclass(frozen=True)
class Backend:
    """How a backend is called and made."""

    form: str  # of the specification, for help and errors: "onnx:PATH"
    make: Callable[[str, Settings], Embedder]


BACKENDS: dict[str, Backend] = {}


def backend(name: str, form: str) -> Callable[[Callable[[str, Settings], Embedder]], Callable[..., Embedder]]:
    """Register a function from what stands after ``name:`` and the settings to an embedder."""

    def register(make: Callable[[str, Settings], Embedder]) -> Callable[..., Embedder]:
        BACKENDS[name] = Backend(form, make)
        return make

    return register


def embedder(spec: str, settings: Settings | None = None) -> Embedder:
    """The embedder of a specification: ``color``, ``onnx:PATH``, ``openclip:MODEL/PRETRAINED``, ``timm:NAME``.

    A path alone, which ends in .pt, is one of a network that was trained here: ``trained:PATH``.

    Raises:
        OptionError: no such backend, or not the form that it wants.
        InputError: its file is missing.
    """
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    name, _, rest = spec.partition(":")
    if name not in BACKENDS and spec.lower().endswith(".pt"):
        name, rest = "trained", spec
    if name not in BACKENDS:
        forms = ", ".join(known.form for _, known in sorted(BACKENDS.items()))
        raise OptionError(f"no backend {name!r}; one of: {forms}")
    if (":" in BACKENDS[name].form) != bool(rest):
        raise OptionError(f"backend {spec!r}: write it as {BACKENDS[name].form}")
    return BACKENDS[name].make(rest, settings or Settings())
