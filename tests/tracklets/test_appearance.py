"""Sums of embeddings over windows."""

from __future__ import annotations

import numpy as np
import pytest

from reid_solve.tracklets.appearance import sums


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_sums_equal_a_plain_loop_over_windows_in_any_order(count: int) -> None:
    rng = np.random.default_rng(count)
    vector = rng.normal(size=(count, 3)).astype(np.float32)
    low, high = np.sort(rng.integers(0, count + 1, (2, 60)), axis=0)
    low[:3], high[:3] = (0, count - 1, 0), (count, count, 0)  # all, the last one, none
    plain = np.array([vector[a:b].astype(float).sum(axis=0) for a, b in zip(low, high, strict=True)])
    np.testing.assert_allclose(sums(vector, low, high), plain, rtol=0, atol=1e-12)


def test_no_windows_have_no_sums() -> None:
    nothing = np.zeros(0, np.int64)
    assert sums(np.ones((3, 2), np.float32), nothing, nothing).shape == (0, 2)
