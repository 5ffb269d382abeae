"""Compact bilinear pooling: outer products of two vectors, never written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TensorSketch(nn.Module):
    """A short vector that stands for the outer product of two vectors (Pham and Pagh 2013; Gao et al. 2016).

    Each side is count-sketched: every entry is added, with a random sign, to a random place of D. Circular convolution
    of two count sketches is a count sketch of the outer product, and in frequency it is a product:
    irfft(rfft(a S1) · rfft(p S2)). Over draws of S1 and S2, the inner product of two sketches has the expectation
    (a·a')(p·p'), that of the outer products themselves, and a variance that falls as 1 / D.
    """

    def __init__(self, left: int, right: int, length: int, seed: int = 0) -> None:
        """Draw the sketches; they are kept with the weights.

        They are the same for the same lengths whatever torch's own generator says, so that networks which were trained
        from several seeds still speak of the same places, and can be averaged.

        Args:
            left: length of the first vectors.
            right: length of the second vectors.
            length: D.
            seed: of the draw.
        """
        super().__init__()
        self.length = length
        self.first: Tensor
        self.second: Tensor
        self.register_buffer("first", _drawn(left, length, 2 * seed))
        self.register_buffer("second", _drawn(right, length, 2 * seed + 1))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """Sum over places n of the sketched outer products of (B, n, left) and (B, n, right): (B, D).

        In float32, or in the buffers' own float64: transforms of half precision exist for few lengths only.
        """
        with torch.autocast(left.device.type, enabled=False):
            kind = torch.promote_types(self.first.dtype, torch.float32)
            one, two = (
                torch.fft.rfft(values.to(kind) @ sketch.to(kind), dim=2)
                for values, sketch in ((left, self.first), (right, self.second))
            )
            return torch.fft.irfft((one * two).sum(dim=1), n=self.length, dim=1)


def _drawn(inside: int, length: int, seed: int) -> Tensor:
    """A matrix (inside, length) with one 1 or -1 in each row."""
    chance = torch.Generator().manual_seed(seed)
    out = torch.zeros(inside, length)
    place = torch.randint(length, (inside,), generator=chance)
    out[torch.arange(inside), place] = torch.randint(2, (inside,), generator=chance) * 2.0 - 1
    return out
