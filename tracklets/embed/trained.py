"""A network that reid-solve trained itself, from its one file."""

from __future__ import annotations

from pathlib import Path

from reid_solve.tracklets.embed.cache import fingerprint
from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.registry import Embedder, Settings, backend
from reid_solve.tracklets.embed.torch_model import Network, TorchEmbedder
from reid_solve.tracklets.extras import optional


@backend("trained", "trained:PATH")
def from_file(path: str, settings: Settings) -> Embedder:
    """The network in a file that ``reid_solve.tracklets.embed.networks.save`` wrote.

    Raises:
        InputError: no such file.
    """
    file = Path(path)
    return TorchEmbedder(f"trained:{file.name}", fingerprint(file), settings, lambda: _build(file))


def _build(path: Path) -> Network:
    networks = optional("reid_solve.tracklets.embed.networks", "train", "a trained network")
    made = networks.load(path)
    return Network(networks.Unit(made), Input(made.image_size, made.mean, made.std, made.letterbox))
