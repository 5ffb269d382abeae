"""Where people are, and where they start: densities per square body height."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.remembered import remembered
from reid_solve.tracklets.table import FloatArray

BANDWIDTH = np.array([1.5, 1.0])  # heights
UNIFORM = 1 / 3  # share of starts anywhere in the picture
CHUNK = 4096  # tracklets at once: bounds memory
REFERENCES = 1024  # starts that describe the density


@remembered
def people_density(tracklets: Tracklets) -> float:
    """People per square height of the picture (or square metre of the pitch), over the recording."""
    reference = tracklets.reference
    unit = float(np.median(reference.place_unit()))
    frames = len(np.unique(tracklets.frame))
    return len(tracklets.frame) / frames * unit**2 / float(reference.extent.prod())


@remembered
def start_density(tracklets: Tracklets) -> FloatArray:
    """Probability density of starts where each tracklet starts, itself left out, (N,): a kernel estimate."""
    reference = tracklets.reference
    start = tracklets.start
    unit = reference.place_unit(start)
    area = np.maximum(reference.extent.prod() / unit**2, 1.0)
    born = np.flatnonzero(tracklets.first > tracklets.first.min())
    born = born[:: max(len(born) // REFERENCES, 1)]
    density = np.zeros(len(tracklets))
    if len(born) > 1:
        # The distance in bandwidths, squared and halved, as one product of matrices.
        place = reference.place(start)
        place = (place - place.mean(axis=0)) / BANDWIDTH
        here = np.column_stack([(place**2).sum(axis=1), -2 * place, np.ones(len(place))]) / (-2 * unit[:, None] ** 2)
        there = np.column_stack([np.ones(len(born)), place[born], (place[born] ** 2).sum(axis=1)]).T
        for begin in range(0, len(tracklets), CHUNK):
            far = np.minimum(here[begin : begin + CHUNK] @ there, 0.0)  # rounding may make a distance negative
            density[begin : begin + CHUNK] = np.exp(far).sum(axis=1)
        density[born] -= 1  # itself
        density = np.maximum(density, 0) / (2 * np.pi * BANDWIDTH.prod() * (len(born) - 1))
    return np.asarray((1 - UNIFORM) * density + UNIFORM / area)
