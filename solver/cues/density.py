"""Where people are, and where they start: densities per square body height."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.table import FloatArray

BANDWIDTH = np.array([1.5, 1.0])  # heights
UNIFORM = 1 / 3  # share of starts anywhere in the picture
REFERENCES = 1024  # starts that describe the density


def people_density(tracklets: Tracklets) -> float:
    """People per square height of the picture (or square metre of the pitch), over the recording."""
    reference = tracklets.reference
    unit = float(np.median(reference.place_unit))
    frames = len(np.unique(tracklets.frame))
    return len(tracklets.frame) / frames * unit**2 / float(reference.extent.prod())


def start_density(tracklets: Tracklets) -> FloatArray:
    """Probability density of starts where each tracklet starts, itself left out, (N,): a kernel estimate."""
    reference = tracklets.reference
    start = tracklets.start
    unit = reference.place_unit[start]
    place = reference.place[start] / unit[:, None]
    area = np.maximum(reference.extent.prod() / unit**2, 1.0)
    born = np.flatnonzero(tracklets.first > tracklets.first.min())
    born = born[:: max(len(born) // REFERENCES, 1)]
    density = np.zeros(len(tracklets))
    if len(born) > 1:
        for begin in range(0, len(tracklets), 4096):
            here = slice(begin, begin + 4096)
            other = reference.place[start[born]][None] / unit[here, None, None]
            z = (place[here, None] - other) / BANDWIDTH
            kernel = np.exp(-0.5 * (z**2).sum(axis=2)) / (2 * np.pi * BANDWIDTH.prod())
            kernel[born[None] == np.arange(len(tracklets))[here, None]] = 0
            density[here] = kernel.sum(axis=1) / (len(born) - 1)
    return np.asarray((1 - UNIFORM) * density + UNIFORM / area)
