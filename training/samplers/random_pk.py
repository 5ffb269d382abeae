"""P persons at random, K pictures of each (Hermans et al. 2017)."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.table import IntArray
from reid_solve.training.samplers.registry import Roll, sampler, stream


@sampler("random-pk")
def random_pk(roll: Roll, rng: np.random.Generator) -> IntArray:
    """Persons (batches, P): everybody as often as anybody else, give or take one."""
    return stream(roll, rng)
