"""What networks run by torch share: device, precision, weights from a file, one-line errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.inputs import VERSION, Input
from reid_solve.tracklets.embed.registry import Settings, Vectors
from reid_solve.tracklets.errors import InputError, OptionError, ReidSolveError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture

CPU_BATCH, GPU_BATCH = 16, 128
RANDOM = "random"


@dataclass(frozen=True)
class Network:
    """A network that takes normalised pictures (n, 3, height, width) and gives vectors (n, D)."""

    module: Any
    input: Input


class TorchEmbedder:
    """A network on a device: in float16 on CUDA, in float32 elsewhere."""

    def __init__(self, name: str, weights: str, settings: Settings, build: Callable[[], Network]) -> None:
        """Describe a network.

        Args:
            name: as the user called it.
            weights: what names its weights: a fingerprint, a tag, or random with its seed.
            settings: device, threads, batch.
            build: makes the network on the CPU; called by ``load``.
        """
        self.name, self.settings, self._build = name, settings, build
        self.key = f"{name} {weights} input {VERSION} {settings.device}"
        self.batch = settings.batch or CPU_BATCH
        self.workers = 1  # torch spreads one batch over threads itself
        self._device: Any = None
        self._network: Network | None = None

    def load(self) -> None:
        """Build the network on its device.

        Raises:
            OptionError: no such device, or no torch.
            InputError: the weights do not fit.
        """
        torch = optional("torch", "video", self.name)
        self._device = _device(torch, self.settings.device)
        if self.settings.threads is not None:
            torch.set_num_threads(self.settings.threads)
        try:
            with torch.random.fork_rng(devices=[]), quiet():
                torch.manual_seed(self.settings.seed)
                network = self._build()
        except ReidSolveError:
            raise
        except Exception as error:
            raise InputError(f"{self.name}: {reason(error)}; is it the file of another model?") from error
        module = network.module.eval().to(self._device)
        if self._device.type == "cuda":
            module = module.half()
            self.batch = self.settings.batch or GPU_BATCH
        self._network = Network(module, network.input)

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        """Crops as pixels (n, 3, height, width)."""
        assert self._network is not None
        return self._network.input.prepare(crops)

    def embed(self, batch: npt.NDArray[Any]) -> Vectors:
        """Run a batch.

        Raises:
            InputError: it does not fit into the device's memory.
        """
        assert self._network is not None
        torch = optional("torch", "video", self.name)
        wants = self._network.input
        try:
            with torch.inference_mode():
                pixels = torch.from_numpy(batch)
                if self._device.type == "cuda":
                    pixels = pixels.pin_memory().to(self._device, non_blocking=True)
                else:
                    pixels = pixels.to(self._device)
                mean, std = (
                    torch.tensor(v, device=self._device).view(1, 3, 1, 1) * 255 for v in (wants.mean, wants.std)
                )
                pixels = (pixels.float() - mean) / std
                out = self._network.module(pixels.half() if self._device.type == "cuda" else pixels)
                out = out[0] if isinstance(out, tuple) else out
                return np.asarray(out.float().flatten(1).cpu().numpy(), np.float32)
        except torch.OutOfMemoryError as error:
            raise InputError(f"{self.name}: {len(batch)} crops at once are too many; use a smaller --batch") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what libraries say about their own ways from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def reason(error: BaseException) -> str:
    """The first line of an error, short enough for a line."""
    lines = str(error).splitlines()
    return (lines[0] if lines else type(error).__name__).strip().rstrip(".:")[:200]


def perhaps(name: str, known: list[str]) -> str:
    """What somebody may have meant who wrote a name that a library does not know."""
    close = get_close_matches(name, known, n=3, cutoff=0.3)
    return f"perhaps {', '.join(close)}" if close else f"it has {len(known)} others"


def read_weights(path: Path) -> dict[str, Any]:
    """Weights by name from a .pt, .pth or .safetensors file. Only weights: no code in the file is run.

    Raises:
        InputError: it is missing, damaged, or holds something else.
    """
    torch = optional("torch", "video", "a model's weights")
    try:
        if path.suffix == ".safetensors":
            found = optional("safetensors.torch", "video", "a .safetensors file").load_file(str(path))
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{path}: no weights that can be read safely ({reason(error)}); save a state_dict") from error
    for inner in ("state_dict", "model", "model_state_dict"):
        if isinstance(found, dict) and isinstance(found.get(inner), dict):
            found = found[inner]
    if (
        not isinstance(found, dict)
        or not found
        or not all(isinstance(name, str) and torch.is_tensor(value) for name, value in found.items())
    ):
        raise InputError(f"{path}: holds no weights by name; save a state_dict")
    return {name.removeprefix("module."): value for name, value in found.items()}


def named_files(options: dict[str, Any]) -> list[str]:
    """Options, of any depth, by which libraries read files of weights themselves, unchecked."""
    out: list[str] = []
    for name, value in options.items():
        if "pretrained" in str(name) or "checkpoint" in str(name):
            out.append(name)
        elif isinstance(value, dict):
            out += named_files(value)
    return out


def refuse_files(model: str, options: dict[str, Any]) -> None:
    """Weights come by one way, on which they are read safely, and which is not kept with a trained network.

    Raises:
        OptionError: an option names weights.
    """
    for name in named_files(options):
        raise OptionError(f"{model}: no option {name!r} here; name weights as pretrained alone")


def fill(module: Any, weights: dict[str, Any], path: object, spare: tuple[str, ...] = ()) -> None:
    """Load weights into a module by name; only those that begin with one of ``spare`` may be left over.

    Raises:
        InputError: names or shapes differ.
    """
    own = module.state_dict()
    surplus = [name for name in weights if name not in own and not name.startswith(spare)]
    lost = [name for name in own if name not in weights and not name.endswith("num_batches_tracked")]
    apart = [name for name in weights if name in own and weights[name].shape != own[name].shape]
    if lost or surplus or apart:
        which = f"lacks {lost[0]}" if lost else f"has {surplus[0]}, which it has not" if surplus else ""
        which = which or f"{apart[0]} is {tuple(weights[apart[0]].shape)}, not {tuple(own[apart[0]].shape)}"
        raise InputError(f"{path}: not the weights of this network ({which}); name the network they are of")
    module.load_state_dict({name: value for name, value in weights.items() if name in own}, strict=False)


def _device(torch: Any, name: str) -> Any:
    if name == "auto":
        mps = getattr(torch.backends, "mps", None)
        name = "cuda" if torch.cuda.is_available() else "mps" if mps is not None and mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise OptionError(f"--device {name}: {reason(error)}; use --device auto or cpu") from error
    return device
