"""Small accidents to bytes, as disks, cables and careless scripts make them."""

from __future__ import annotations

import numpy as np


def damaged(raw: bytes, rng: np.random.Generator) -> bytes:
    """The bytes after one accident: flipped bits, a new end, a stretch that is gone, twice, zeros, or elsewhere."""
    data = bytearray(raw)
    size = len(data)
    if not size:
        return rng.bytes(3)
    kind = rng.integers(0, 7)
    begin, end = sorted(rng.integers(0, size + 1, 2).tolist())
    end = min(end, begin + int(2 ** rng.uniform(0, 10)))
    if kind == 0:
        for at in rng.integers(0, size, rng.integers(1, 9)).tolist():
            data[at] ^= 1 << int(rng.integers(0, 8))
    elif kind == 1:
        data[int(rng.integers(0, size))] = int(rng.integers(0, 256))
    elif kind == 2:
        del data[int(rng.integers(0, size)) :]
    elif kind == 3:
        del data[begin:end]
    elif kind == 4:
        data[end:end] = data[begin:end]
    elif kind == 5:
        data[begin:end] = bytes(end - begin)
    else:
        at = int(rng.integers(0, size))
        data[at:at] = data[begin:end]
    return bytes(data)
