"""Convolutions of maps narrower than their stride, whose gradient torch cannot be trusted with on processors."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


def widen_narrow(network: nn.Module) -> None:
    """Let every padded convolution see maps at least as wide as its stride: columns of zeros are added at the right.

    They stand where the padding is and change no output. Without them oneDNN's bfloat16 gradient of the weights (torch
    2.15, found on AVX512-BF16) takes in memory that nobody has written, and is NaN whenever a NaN was left there: in
    the last stage of a ResNet, for pictures less than 32 pixels wide.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.stride[1] > 1 and module.padding[1] > 0:
            module.register_forward_pre_hook(_widened)


def _widened(convolution: nn.Module, inputs: tuple[Any, ...]) -> tuple[Tensor] | None:
    maps: Tensor = inputs[0]
    conv: Any = convolution
    stride, width = conv.stride[1], maps.shape[-1]
    beyond = 2 * conv.padding[1] - conv.dilation[1] * (conv.kernel_size[1] - 1) - 1
    if width >= stride or (width + beyond) // stride != (stride + beyond) // stride:  # the output would be wider, too
        return None
    return (functional.pad(maps, (0, stride - width)),)
