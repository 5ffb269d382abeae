"""Distances by block, and the mean of several models' distances."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import people

from reid_solve.evaluation.retrieval.evaluate import evaluate, make_source
from reid_solve.evaluation.retrieval.layout import make_layout
from reid_solve.evaluation.retrieval.space import Rows, make_space


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), metric=st.sampled_from(["cosine", "euclidean"]))
def test_blocks_and_pairs_are_the_distances(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    q, g = rng.normal(size=(5, 4)), rng.normal(size=(8, 4))
    layout = make_layout(5, 8, rng.integers(0, 3, 5), rng.integers(0, 3, 8))
    space = make_space(layout, [(q, g)], metric)
    x = np.r_[q, g][layout.order]
    if metric == "cosine":
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = 1 - x @ x.T if metric == "cosine" else plain.distances(x, x)
    lo = int(rng.integers(0, 12))
    np.testing.assert_allclose(space.block(slice(lo, 13), slice(0, 13)), expected[lo:], atol=1e-7)
    assert (np.diag(space.block(slice(0, 13), slice(0, 13))) == 0).all()
    a, b = rng.integers(0, 13, 30), rng.integers(0, 13, 30)
    np.testing.assert_allclose(space.pairs(a, b), expected[a, b], atol=1e-7)


def test_a_place_is_at_no_distance_from_itself_and_pictures_alike_are_alike() -> None:
    x = np.ones((4, 7), np.float32) / 3
    space = make_space(make_layout(2, 2), [(x[:2], x[2:])], "euclidean")
    assert (space.pairs(np.arange(4), np.arange(4)) == 0).all()
    assert space.block(slice(0, 4), slice(0, 4)).max() < 1e-3


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), metric=st.sampled_from(["cosine", "euclidean"]))
def test_an_ensemble_is_the_weighted_mean_of_scaled_distances(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    models = [(rng.normal(size=(4, d)) * s + 1, rng.normal(size=(9, d)) * s + 1) for d, s in ((3, 1), (8, 100))]
    layout = make_layout(4, 9)
    expected = np.zeros((4, 9))
    for (q, g), weight in zip(models, (1.0, 3.0), strict=True):
        if metric == "cosine":
            q, g = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, g))
            distance = 1 - q @ g.T
            scale = distance.mean()
        else:
            distance = plain.distances(q, g)
            scale = np.sqrt((distance**2).mean())
        expected += weight / 4 * distance / scale
    found = make_source(layout, models, metric, weights=(1.0, 3.0)).flat(0, 4)
    np.testing.assert_allclose(found.reshape(4, 9), expected, rtol=0, atol=1e-9)


def test_the_unit_of_a_model_does_not_matter_to_an_ensemble() -> None:
    q, q_pid, g, g_pid = people(2, noise=1.2)
    q2, _, g2, _ = people(2, noise=1.5, dims=24)
    one = evaluate([q, q2], [g, g2], q_pid, g_pid, metric="euclidean")
    other = evaluate([q, 1000 * q2], [g, 1000 * g2], q_pid, g_pid, metric="euclidean")
    np.testing.assert_allclose(one.AP, other.AP)


def test_two_models_with_errors_of_their_own_are_better_than_each() -> None:
    scores = []
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)  # other numbers than those behind the people
        q, q_pid, g, g_pid = people(seed, persons=20, noise=0)
        (q1, q2), (g1, g2) = ([x + rng.normal(size=x.shape) for _ in range(2)] for x in (q, g))
        scores.append([evaluate(a, b, q_pid, g_pid).mAP for a, b in ((q1, g1), (q2, g2), ([q1, q2], [g1, g2]))])
    one, two, both = np.mean(scores, axis=0)
    assert both > max(one, two) + 0.05


def test_features_can_stay_in_their_file(tmp_path: Path) -> None:
    q, _, g, _ = people(1)
    np.save(tmp_path / "all.npy", np.r_[g, q].astype(np.float32))
    kept = np.load(tmp_path / "all.npy", mmap_mode="r")
    layout = make_layout(len(q), len(g))
    rows = Rows(kept, len(g) + np.arange(len(q))), Rows(kept, np.arange(len(g)))
    found = make_source(layout, [rows]).flat(0, len(q))
    direct = make_source(layout, [(q.astype(np.float32), g.astype(np.float32))]).flat(0, len(q))
    np.testing.assert_array_equal(found, direct)
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 0
