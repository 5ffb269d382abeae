"""Part-aligned bilinear embedding: what is seen, times which part of the body it is seen at (Suh et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.networks.embedder import Backbone
from reid_solve.tracklets.embed.networks.registry import make_backbone, network
from reid_solve.tracklets.embed.networks.sketch import TensorSketch
from reid_solve.tracklets.errors import OptionError

LENGTH = 512


@network("bilinear")
def from_appearance(rest: str, *, size: tuple[int, int] | None, pretrained: str | None, layers: tuple[int, ...],
                    part: str = "timm:resnet18", part_pretrained: str | None = None, part_layer: int = -2,
                    part_options: dict[str, Any] | None = None, parts: int = 18, length: int = LENGTH,
                    **options: Any) -> Backbone:  # fmt: skip
    """Two streams, pooled by tensor sketch.

    Args:
        rest: specification of the appearance stream, ``timm:resnet50`` (with ``last_stride=1``: 16 x 8 for 256 x 128).
        size: of pictures.
        pretrained: weights of the appearance stream.
        layers: of the appearance stream that get heads.
        part: specification of the part stream.
        part_pretrained: its weights.
        part_layer: the layer of it whose map says where the parts are.
        part_options: of the part stream.
        parts: heatmaps, P.
        length: of the sketch, D.
        **options: of the appearance stream.

    Raises:
        OptionError: a stream within a stream, or no positive lengths.
    """
    if "bilinear" in (rest.partition(":")[0], part.partition(":")[0]):
        raise OptionError(f"bilinear:{rest}: a stream is itself not bilinear; write bilinear:timm:resnet50")
    if parts < 1 or length < 1:
        raise OptionError(f"bilinear:{rest}: parts {parts}, length {length}; both are at least 1")
    seen = make_backbone(rest, size=size, pretrained=pretrained, layers=(*layers, -1), **options)
    where = make_backbone(part, size=seen.size, pretrained=part_pretrained, layers=(part_layer,), **part_options or {})
    # which layers a stream is asked for follows from the rest
    own, other = ({key: value for key, value in of.options.items() if key != "layers"} for of in (seen, where))
    kept = {**own, "part": part, "part_layer": part_layer, "part_options": other, "parts": parts, "length": length}
    return Bilinear(seen, where, parts, length, kept)


class Bilinear(Backbone):
    """The sum over the picture of sketched outer products of appearance and part heatmaps, of length 1."""

    def __init__(self, seen: Backbone, where: Backbone, parts: int, length: int, options: dict[str, Any]) -> None:
        """Join two streams whose last map each is used.

        Args:
            seen: of appearance.
            where: of parts.
            parts: heatmaps.
            length: D.
            options: see ``Backbone``.
        """
        super().__init__(options)
        self.seen, self.where = seen, where
        self.size, self.mean, self.std = seen.size, seen.mean, seen.std
        self.heat = nn.Conv2d(where.channels[-1], parts, 1)
        self.sketch = TensorSketch(seen.channels[-1], parts, length)
        self.scale: Tensor
        self.shift: Tensor
        # the part stream has a mean and deviation of its own; it gets pictures as it knows them
        scale = [own / other for own, other in zip(seen.std, where.std, strict=True)]
        shift = [(a - b) / c for a, b, c in zip(seen.mean, where.mean, where.std, strict=True)]
        self.register_buffer("scale", torch.tensor(scale).view(1, 3, 1, 1))
        self.register_buffer("shift", torch.tensor(shift).view(1, 3, 1, 1))
        _freeze_idle(self, seen.size)

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, 3, height, width) to features (B, D) and maps."""
        *maps, appearance = self.seen(images)[1]
        heat = self.heatmaps(images, appearance.shape[2:])
        pooled = self.sketch(appearance.flatten(2).transpose(1, 2), heat.flatten(2).transpose(1, 2))
        return functional.normalize(pooled, dim=1), tuple(maps)

    def heatmaps(self, images: Tensor, size: Sequence[int]) -> Tensor:
        """Where the parts are, 0..1, (B, P, h, w)."""
        values = self.heat(self.where(images * self.scale + self.shift)[1][-1])
        heat: Tensor = torch.sigmoid(functional.interpolate(values, size=tuple(size), mode="bilinear"))
        return heat


def _freeze_idle(net: Backbone, size: Sequence[int]) -> None:
    """Parameters beyond the maps (a stream's own pooling and last layers) do not learn and are not waited for."""
    training = net.training
    net.eval()
    with torch.enable_grad():
        features, maps = net(torch.zeros(1, 3, *size))
        found = [features.sum(), *[of.sum() for of in maps]]
        needed = torch.autograd.grad(torch.stack(found).sum(), list(net.parameters()), allow_unused=True)
    for parameter, gradient in zip(net.parameters(), needed, strict=True):
        parameter.requires_grad_(gradient is not None)
    net.train(training)
