"""Distances and directions with gradients that are finite everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-12  # squared length below which a vector has no direction


def precise(values: Tensor) -> Tensor:
    """Half-precision values in float32; others as they are. To be used where autocast is off."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def length(values: Tensor) -> Tensor:
    """Lengths (n, 1) of rows; 0 where there is no direction, with a gradient of 0 where there is none."""
    square = values.square().sum(dim=1, keepdim=True)
    there = square > TINY
    return torch.where(there, torch.where(there, square, 1).sqrt(), 0)


def unit(values: Tensor) -> Tensor:
    """Rows of length 1; one without a direction becomes 0, with a gradient of 0 and not the huge one of 1 / tiny."""
    far = length(values)
    return torch.where(far > 0, values / torch.where(far > 0, far, 1), 0)


def distances(left: Tensor, right: Tensor) -> Tensor:
    """Euclidean distances (n, m) between rows (n, D) and (m, D).

    By differences, not by products: equal rows are at 0 exactly and not at the square root of a rounding error, and the
    gradient there, which does not exist, is 0.
    """
    return torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist")
