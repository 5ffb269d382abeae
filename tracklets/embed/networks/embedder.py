"""What every network here gives: features of a picture, and of its layers where heads for them were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.inputs import IMAGENET_MEAN, IMAGENET_STD
from reid_solve.tracklets.errors import OptionError


class Outputs(NamedTuple):
    """What a network says about a batch.

    Attributes:
        features: (B, D), before normalisation.
        layers: (B, d) of each layer that has a head, in the order asked for; may be empty.
    """

    features: Tensor
    layers: tuple[Tensor, ...] = ()


class Backbone(nn.Module):
    """A network from pictures to features and maps of inner layers.

    ``forward`` takes (B, 3, height, width) and gives (B, width) and, for each layer that was asked for, its map
    (B, channels, h, w). ``width`` and ``channels`` are set by whoever makes it.

    Attributes:
        width: of the features.
        channels: of the layers' maps.
        size: height and width of pictures, pixels.
        mean, std: of red, green, blue in 0..1.
        options: those that make the same architecture again; may be more than the user gave.
    """

    width: int
    channels: tuple[int, ...] = ()
    size: tuple[int, int]
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.options = options or {}


class Embedder(nn.Module):
    """A backbone and its heads.

    Attributes:
        spec: what it was built from, ``timm:resnet18``.
        options: further options of ``build`` that make the same architecture again.
        dim: D, the length of an embedding.
        image_size: height and width of pictures, pixels.
        mean, std: of red, green, blue in 0..1, for whoever prepares pictures.
        letterbox: whether crops keep their shape on the way to ``image_size``; else they are stretched.
        facts: what else its file said.
    """

    def __init__(self, spec: str, backbone: Backbone, dim: int | None = None, layer_dim: int = 0,
                 letterbox: bool = False) -> None:  # fmt: skip
        """Put heads on a backbone.

        Args:
            spec: what the backbone was built from.
            backbone: the network.
            dim: length of an embedding; by default the backbone's own, with no head.
            layer_dim: length of the layers' vectors; 0 for the pooled maps themselves.
            letterbox: see the attribute.
        """
        super().__init__()
        self.spec, self.backbone = spec, backbone
        self.dim = dim or backbone.width
        self.image_size, self.mean, self.std, self.letterbox = backbone.size, backbone.mean, backbone.std, letterbox
        self.head: nn.Module = nn.Identity() if dim is None else nn.Linear(backbone.width, dim)
        self.heads = nn.ModuleList(LayerHead(width, layer_dim) for width in backbone.channels)
        self.facts: dict[str, Any] = {}
        self.options: dict[str, Any] = {**backbone.options, "letterbox": letterbox}
        if backbone.channels:
            self.options["layer_dim"] = layer_dim

    def forward(self, images: Tensor) -> Outputs:
        """Features of normalised pictures (B, 3, height, width)."""
        features, maps = self.backbone(images)
        return Outputs(self.head(features), tuple(head(of) for head, of in zip(self.heads, maps, strict=True)))

    def embed(self, images: Tensor) -> Tensor:
        """Unit vectors (B, D) of normalised pictures."""
        return functional.normalize(self(images).features.float(), dim=1)


class Unit(nn.Module):
    """A network as a module from pictures (B, 3, height, width) to unit vectors (B, D), as the solver compares them."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.embedder = embedder

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        return self.embedder.embed(images)


class LayerHead(nn.Module):
    """The vector of a layer's map: its mean over the picture, normalised, through a linear layer.

    Layer-wise similarity as the part-aligned SoccerNet embedder had it, except that nothing is detached: what is learnt
    from a layer's vectors reaches the layers below.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.out: nn.Module = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, dim)) if dim else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        """(B, channels, h, w) to (B, dim)."""
        vectors: Tensor = self.out(values.mean(dim=(2, 3)))
        return vectors


def placed(spec: str, layers: Sequence[int], count: int) -> list[int]:
    """Numbers of layers, negative ones from the end, as numbers from 0.

    Raises:
        OptionError: there is no such layer.
    """
    for layer in layers:
        if not -count <= layer < count:
            raise OptionError(f"network {spec} has no layer {layer}; there are 0 to {count - 1}, or -1 for the last")
    return [layer % count for layer in layers]


def measured(backbone: Backbone, size: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """Width of a backbone's features and channels of its maps, by one black picture; its own state stays as it is."""
    training = backbone.training
    backbone.eval()
    with torch.no_grad():
        features, maps = backbone(torch.zeros(1, 3, *size))
    backbone.train(training)
    return int(features.shape[1]), tuple(int(of.shape[1]) for of in maps)
