"""OSNet: omni-scale feature learning for person re-identification (Zhou, Yang, Cavallaro and Xiang, ICCV 2019)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.inputs import PERSON
from reid_solve.tracklets.embed.networks.embedder import Backbone, placed
from reid_solve.tracklets.embed.networks.onnx_weights import read_onnx
from reid_solve.tracklets.embed.networks.registry import network
from reid_solve.tracklets.embed.torch_model import fill, read_weights
from reid_solve.tracklets.errors import InputError, OptionError

WIDTHS = {"x0_25": (16, 64, 96, 128), "x0_5": (32, 128, 192, 256), "x0_75": (48, 192, 288, 384),
          "x1_0": (64, 256, 384, 512)}  # fmt: skip
STREAMS = 4  # of 3 x 3, 5 x 5, 7 x 7 and 9 x 9 receptive field
GATE = 16  # how many times narrower the gate's inner layer is
FEATURES = 512
# Names in torchreid (github.com/KaiyangZhou/deep-person-reid) to names here; applied in this order.
NAMES = (
    (r"^module\.", ""), (r"^conv1\.", "stem."), (r"^conv5\.", "last."), (r"^fc\.", "out."),
    (r"^conv([234])\.", lambda found: f"stages.{int(found[1]) - 2}."), (r"^(stages\.\d\.2)\.0\.", r"\1.squeeze."),
    (r"(^stages\.\d\.[01])\.conv1\.", r"\1.narrow."), (r"(^stages\.\d\.[01])\.conv3\.", r"\1.widen."),
    (r"(^stages\.\d\.[01])\.downsample\.", r"\1.across."), (r"\.conv2a\.", ".streams.0.0."),
    (r"\.conv2([bcd])\.", lambda found: f".streams.{'abcd'.index(found[1])}."), (r"\.gate\.fc([12])\.", r".gate.fc\1."),
    (r"(streams\.\d\.\d)\.conv1\.", r"\1.point."), (r"(streams\.\d\.\d)\.conv2\.", r"\1.depth."), (r"\.bn\.", ".norm."),
)  # fmt: skip


@network("osnet")
def from_width(rest: str, *, size: tuple[int, int] | None, pretrained: str | None, layers: tuple[int, ...],
               frozen_norm: bool | None = None) -> Backbone:  # fmt: skip
    """An OSNet.

    Args:
        rest: its width, x0_25 to x1_0.
        size: of pictures; 256 x 128 by default.
        pretrained: a file of torchreid (.pth, .pt), of this module's state_dict, or an .onnx file that was exported
            from torchreid for inference.
        layers: 0, 1, 2 for the three stages, 3 for the last map.
        frozen_norm: leave batch normalisation with its running values in training, too. By default only where an .onnx
            file was read: exporters fold the statistics into the weights, and there is nothing left to go on from.

    Raises:
        OptionError: no such width.
        InputError: the file does not fit.
    """
    if rest not in WIDTHS:
        raise OptionError(f"osnet:{rest}: no such width; one of {', '.join(WIDTHS)}")
    folded = pretrained is not None and Path(pretrained).suffix == ".onnx"
    frozen = folded if frozen_norm is None else frozen_norm
    made = OSNet(WIDTHS[rest], size or PERSON, layers, {"frozen_norm": frozen})
    if pretrained is not None:
        found = unfolded(read_onnx(Path(pretrained)), made, pretrained) if folded else read_weights(Path(pretrained))
        fill(made, {renamed(name): value for name, value in found.items()}, pretrained, ("classifier.",))
    return made


class OSNet(Backbone):
    """Three stages of omni-scale blocks; features (B, 512) are not negative, since a ReLU is the last of it."""

    def __init__(self, widths: tuple[int, ...], size: tuple[int, int], layers: tuple[int, ...] = (),
                 options: dict[str, Any] | None = None) -> None:  # fmt: skip
        super().__init__(options)
        self.size, self.layers = size, placed("osnet", layers, 4)
        self.frozen = bool(self.options.get("frozen_norm"))
        first, *stages = widths
        self.stem = ConvNorm(3, first, 7, stride=2)
        self.stages = nn.ModuleList()
        for number, width in enumerate(stages):
            parts: list[nn.Module] = [Block(first, width), Block(width, width)]
            if number < len(stages) - 1:
                parts.append(Transition(width))
            self.stages.append(nn.Sequential(*parts))
            first = width
        self.last = ConvNorm(first, first, 1)
        self.out = nn.Sequential(nn.Linear(first, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU())
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.out[0].weight, std=0.01)

    def train(self, mode: bool = True) -> OSNet:
        """Set to training or evaluation; frozen normalisation stays in evaluation."""
        super().train(mode)
        if self.frozen:
            for module in self.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B, 3, height, width) to features (B, 512) and maps."""
        values = functional.max_pool2d(self.stem(images), 3, stride=2, padding=1)
        maps = []
        for stage in self.stages:
            values = stage(values)
            maps.append(values)
        values = self.last(values)
        maps.append(values)
        return self.out(values.mean(dim=(2, 3))), tuple(maps[layer] for layer in self.layers)


class ConvNorm(nn.Module):
    """Convolution, batch normalisation and, unless ``linear``, ReLU."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int = 1, linear: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outside)
        self.linear = linear

    def forward(self, values: Tensor) -> Tensor:
        """(B, inside, h, w) to (B, outside, h', w')."""
        out: Tensor = self.norm(self.conv(values))
        return out if self.linear else functional.relu(out)


class Lite(nn.Module):
    """Pointwise, then depthwise 3 x 3 convolution (section 3.1), normalised, ReLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.point = nn.Conv2d(width, width, 1, bias=False)
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width, h, w), the same shape."""
        return functional.relu(self.norm(self.depth(self.point(values))))


class Gate(nn.Module):
    """How much of each channel to let through, from the channel means (section 3.2); one gate for all streams."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(width, width // GATE, 1)
        self.fc2 = nn.Conv2d(width // GATE, width, 1)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width, h, w), the same shape."""
        share = self.fc2(functional.relu(self.fc1(values.mean(dim=(2, 3), keepdim=True))))
        return values * torch.sigmoid(share)


class Block(nn.Module):
    """A residual block of streams of one to four Lite convolutions, added through one gate (section 3.2)."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        middle = outside // 4
        self.narrow = ConvNorm(inside, middle, 1)
        self.streams = nn.ModuleList(nn.Sequential(*[Lite(middle) for _ in range(k + 1)]) for k in range(STREAMS))
        self.gate = Gate(middle)
        self.widen = ConvNorm(middle, outside, 1, linear=True)
        self.across: nn.Module = ConvNorm(inside, outside, 1, linear=True) if inside != outside else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        """(B, inside, h, w) to (B, outside, h, w)."""
        narrow = self.narrow(values)
        first, *rest = (self.gate(stream(narrow)) for stream in self.streams)
        mixed = first
        for more in rest:
            mixed = mixed + more
        return functional.relu(self.widen(mixed) + self.across(values))


class Transition(nn.Module):
    """To half the resolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = ConvNorm(width, width, 1)

    def forward(self, values: Tensor) -> Tensor:
        """(B, width, h, w) to (B, width, h // 2, w // 2)."""
        return functional.avg_pool2d(self.squeeze(values), 2)


def renamed(name: str) -> str:
    """torchreid's name of a weight as the name here; names that are from here already stay."""
    for before, after in NAMES:
        name = re.sub(before, after, name)
    return name


def unfolded(found: dict[str, Tensor], net: OSNet, path: str) -> dict[str, Tensor]:
    """Weights of an export for inference, in which batch normalisation is part of the convolutions before it.

    What was folded cannot be taken apart again. It goes into the convolution as it is, with a bias for a shift, and the
    normalisation that follows does nothing but add it: mean 0, variance 1 - ε, weight 1.

    Args:
        found: by torchreid's names, as ``read_onnx`` gives them.
        net: the network that they are for.
        path: where they are from, for errors.

    Raises:
        InputError: a normalisation of the network is neither there nor folded.
    """
    out = {renamed(name): value for name, value in found.items()}
    for name, module in net.named_modules():
        if not isinstance(module, nn.BatchNorm2d) or f"{name}.running_mean" in out:
            continue
        before = f"{name.removesuffix('norm')}{'depth' if '.streams.' in name else 'conv'}"
        if f"{before}.bias" not in out:
            raise InputError(f"{path}: has neither {name} nor a bias of {before}; export it from torchreid")
        shift = out.pop(f"{before}.bias")
        ones = torch.ones_like(shift)
        out |= {f"{name}.weight": ones, f"{name}.bias": shift, f"{name}.running_mean": 0 * shift,
                f"{name}.running_var": ones - module.eps}  # fmt: skip
    return out
