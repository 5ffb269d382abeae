"""Any image model of timm as a backbone: ResNets, ConvNeXts, vision transformers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from reid_solve.tracklets.embed.inputs import PERSON
from reid_solve.tracklets.embed.networks.embedder import Backbone, placed
from reid_solve.tracklets.embed.networks.registry import network
from reid_solve.tracklets.embed.timm import make_model
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional


@network("timm")
def from_name(rest: str, *, size: tuple[int, int] | None, pretrained: str | None, layers: tuple[int, ...],
              last_stride: int | None = None, **options: Any) -> Backbone:  # fmt: skip
    """A model of timm without its classifier.

    Args:
        rest: its name.
        size: of pictures; 256 x 128 by default. Position embeddings are interpolated.
        pretrained: a file, or ``timm`` for the library's own weights.
        layers: stages of a convolutional network, blocks of a transformer.
        last_stride: 1 keeps the resolution in the last stage of a ResNet (Luo et al. 2019), 2 is its own.
        **options: of the model in timm.

    Raises:
        OptionError: no such model, or it has no such stage.
        InputError: the file does not fit.
    """
    timm = optional("timm", "train", "a timm model")
    made = make_model(timm, rest, pretrained, **options)
    wants = timm.data.resolve_model_data_config(made)
    size = size or PERSON
    if hasattr(made, "set_input_size"):
        made.set_input_size(img_size=size)
    if last_stride is not None:
        _set_last_stride(rest, made, last_stride)
        options["last_stride"] = last_stride
    wanted = placed(f"timm:{rest}", layers, len(made.feature_info)) if layers else []
    return TimmBackbone(made, size, wants, wanted, options)


class TimmBackbone(Backbone):
    """A model of timm, and the maps of some of its layers."""

    def __init__(self, model: nn.Module, size: tuple[int, int], wants: dict[str, Any], layers: list[int],
                 options: dict[str, Any]) -> None:  # fmt: skip
        super().__init__(options)
        self.model, self.size, self.layers = model, size, layers
        self.mean, self.std = tuple(wants["mean"]), tuple(wants["std"])

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, 3, height, width) to features (B, width) and maps."""
        if not self.layers:
            return self.model(images), ()
        distinct = sorted(set(self.layers))
        end, maps = self.model.forward_intermediates(images, indices=distinct)
        by_layer = dict(zip(distinct, maps, strict=True))
        return self.model.forward_head(end, pre_logits=True), tuple(by_layer[layer] for layer in self.layers)


def _set_last_stride(name: str, model: Any, stride: int) -> None:
    """Change the stride of a ResNet's last stage, in both of its paths."""
    stage = getattr(model, "layer4", None)
    strided = [] if stage is None else [m for m in stage[0].modules() if getattr(m, "stride", 1) in (2, (2, 2))]
    strided = [module for module in strided if not list(module.children())]  # a block only notes it
    if stride not in (1, 2) or not strided or not all(isinstance(m, nn.Conv2d | nn.AvgPool2d) for m in strided):
        raise OptionError(f"timm:{name}: last_stride {stride}; 1 or 2, and only for plain ResNets; leave it out")
    for module in strided if stride == 1 else []:
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
        else:  # the mean of 2 x 2 before a ResNet-D's shortcut; of 1 x 1 it is nothing, as timm has it at stride 1
            module.kernel_size = module.stride = 1
