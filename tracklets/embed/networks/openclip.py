"""The image tower of any open_clip model as a backbone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.networks.embedder import Backbone, placed
from reid_solve.tracklets.embed.networks.registry import network
from reid_solve.tracklets.embed.openclip import make_clip
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional


@network("openclip")
def from_name(rest: str, *, size: tuple[int, int] | None, pretrained: str | None, layers: tuple[int, ...],
              projection: bool = True, quick_gelu: bool | None = None, **options: Any) -> Backbone:  # fmt: skip
    """The image tower.

    Args:
        rest: name of the model.
        size: of pictures; by default upright 256 x 128 for open_clip's own transformers, else the model's own.
        pretrained: a file or a tag of open_clip.
        layers: blocks or stages.
        projection: whether the features are those of the space shared with texts; else those before (CLIP-ReIdent).
        quick_gelu: as OpenAI's weights want it; by default as the tag says.
        **options: of open_clip's own ``create_model``.

    Raises:
        OptionError: no such model, or it has no projection that can be left out.
        InputError: the file does not fit.
    """
    open_clip = optional("open_clip", "train", "an open_clip model")
    clip, wants, quick_gelu = make_clip(
        open_clip, rest, size=size, pretrained=pretrained, quick_gelu=quick_gelu, **options
    )
    visual = clip.visual
    if not projection:
        _drop_projection(rest, visual)
    kept = {**options, "projection": projection, "quick_gelu": quick_gelu}
    wanted = placed(f"openclip:{rest}", layers, _count(visual, wants.size)) if layers else []
    return ClipBackbone(visual, wants, wanted, kept)


class ClipBackbone(Backbone):
    """An image tower, and the maps of some of its layers."""

    def __init__(self, visual: nn.Module, wants: Input, layers: list[int], options: dict[str, Any]) -> None:
        super().__init__(options)
        self.visual, self.layers = visual, layers
        self.size, self.mean, self.std = wants.size, wants.mean, wants.std

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, 3, height, width) to features (B, width) and maps."""
        if not self.layers:
            return self.visual(images), ()
        distinct = sorted(set(self.layers))
        found = self.visual.forward_intermediates(images, indices=distinct)
        by_layer = dict(zip(distinct, found["image_intermediates"], strict=True))
        return found["image_features"], tuple(by_layer[layer] for layer in self.layers)


def _count(visual: Any, size: tuple[int, int]) -> int:
    """How many layers an image tower has: it is asked for all, with one picture."""
    training = visual.training
    visual.eval()
    with torch.no_grad():
        found = visual.forward_intermediates(torch.zeros(1, 3, *size), intermediates_only=True)
    visual.train(training)
    return len(found["image_intermediates"])


def _drop_projection(model: str, visual: Any) -> None:
    if hasattr(visual, "trunk"):
        visual.head = nn.Sequential() if hasattr(visual.head, "proj") else visual.head
    elif hasattr(visual, "proj"):
        visual.proj = None
    else:
        raise OptionError(f"openclip:{model}: its projection is part of its pooling; leave projection at true")
