"""k-reciprocal re-ranking: equal to the authors' loops, by group, and good or bad where it is known to be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import people

from reid_solve.evaluation.retrieval import rerank as module
from reid_solve.evaluation.retrieval.evaluate import evaluate
from reid_solve.evaluation.retrieval.layout import make_layout
from reid_solve.evaluation.retrieval.neighbours import smallest
from reid_solve.evaluation.retrieval.rerank import Rerank, Reranked, rerank
from reid_solve.evaluation.retrieval.space import make_space
from reid_solve.tracklets.errors import InputError, OptionError


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6), queries=st.integers(1, 12), gallery=st.integers(1, 60), k1=st.integers(1, 30),
    k2=st.integers(1, 10), weight=st.floats(0, 1), decimals=st.sampled_from([0, 1, 8]),
)  # fmt: skip
def test_equal_to_the_authors_loops(
    seed: int, queries: int, gallery: int, k1: int, k2: int, weight: float, decimals: int
) -> None:
    x = np.random.default_rng(seed).normal(size=(queries + gallery, 3)).round(decimals)  # 0: many pictures alike
    d = plain.distances(x, x)
    parts = d[:queries, queries:], d[:queries, :queries], d[queries:, queries:]
    expected = plain.rerank(*parts, k1, k2, weight)
    np.testing.assert_allclose(rerank(*parts, k1, k2, weight), expected, rtol=0, atol=1e-9)


def test_equal_on_a_larger_set_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPANDED", 5000)
    q, _, g, _ = people(1, persons=30, images=14, queries=2, noise=1.0)
    d = plain.distances(np.r_[q, g], np.r_[q, g])
    parts = d[:60, 60:], d[:60, :60], d[60:, 60:]
    expected = plain.rerank(*parts, 20, 6, 0.3)
    np.testing.assert_allclose(rerank(*parts), expected, rtol=0, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), metric=st.sampled_from(["cosine", "euclidean"]), pairs=st.integers(1, 400))
def test_groups_are_reranked_each_by_itself(seed: int, metric: str, pairs: int) -> None:
    rng = np.random.default_rng(seed)
    q, g = rng.normal(size=(12, 5)), rng.normal(size=(50, 5))
    q_group, g_group = rng.integers(0, 4, 12), rng.integers(0, 4, 50)
    layout = make_layout(12, 50, q_group, g_group)
    source = Reranked(make_space(layout, [(q, g)], metric, euclidean=True), layout, Rerank(6, 3, 0.3), pairs)
    if metric == "cosine":
        q, g = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, g))
    for number, row in enumerate(layout.row.tolist()):
        mine, theirs = np.flatnonzero(q_group == q_group[row]), np.flatnonzero(g_group == q_group[row])
        d = plain.distances(np.r_[q[mine], g[theirs]], np.r_[q[mine], g[theirs]])
        n = len(mine)
        expected = plain.rerank(d[:n, n:], d[:n, :n], d[n:, n:], 6, 3, 0.3)[mine.tolist().index(row)]
        np.testing.assert_allclose(source.flat(number, number + 1), expected, rtol=0, atol=1e-9)
    whole = np.concatenate([source.flat(lo, hi) for lo, hi in layout.chunks(pairs)])
    np.testing.assert_allclose(whole, source.flat(0, 12), rtol=0, atol=1e-12)


def test_a_group_of_one_gallery_picture_beside_larger_ones() -> None:
    """k2 is 1 there, and pictures alike must not stand in for each other."""
    rng = np.random.default_rng(0)
    x = np.r_[[[1, 2, 3]] * 3, [[0, 1, 3]], rng.integers(0, 9, (12, 3))].astype(float)  # small and whole: exactly alike
    group = np.repeat(["one", "many"], [4, 12])
    is_query = np.array([True, True, False, True, *[True] * 2, *[False] * 10])  # two queries like the one picture
    q, g = x[is_query], x[~is_query]
    layout = make_layout(5, 11, group[is_query], group[~is_query])
    source = Reranked(make_space(layout, [(q, g)], "euclidean"), layout, Rerank(6, 3, 0.3))
    for number, row in enumerate(layout.row.tolist()):
        mine, theirs = (np.flatnonzero(group[side] == group[is_query][row]) for side in (is_query, ~is_query))
        d = plain.distances(np.r_[q[mine], g[theirs]], np.r_[q[mine], g[theirs]])
        n = len(mine)
        expected = plain.rerank(d[:n, n:], d[:n, :n], d[n:, n:], 6, 3, 0.3)[mine.tolist().index(row)]
        np.testing.assert_allclose(source.flat(number, number + 1), expected, rtol=0, atol=1e-9)


def gains(images: int, settings: Rerank) -> list[float]:
    """mAP after re-ranking less mAP before, in ten actions of 14 players."""
    out = []
    for seed in range(10):
        q, q_pid, g, g_pid = people(seed, persons=14, images=images, noise=0.6)
        before = evaluate(q, g, q_pid, g_pid).mAP
        out.append(100 * (evaluate(q, g, q_pid, g_pid, rerank=settings).mAP - before))
    return out


def test_it_lowers_map_where_everybody_has_one_picture_and_k1_is_the_default() -> None:
    lost = gains(images=1, settings=Rerank(20, 6, 0.3))
    assert np.mean(lost) < -5
    assert max(lost) <= 0


def test_it_raises_map_where_everybody_has_four_pictures_and_k1_fits() -> None:
    won = gains(images=4, settings=Rerank(6, 3, 0.3))
    assert np.mean(won) > 1
    assert min(won) > -0.5


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_features_own_distance_alone_keeps_the_order(seed: int) -> None:
    q, q_pid, g, g_pid = people(seed, persons=5, images=3, noise=1.5)
    kept = evaluate(q, g, q_pid, g_pid, rerank=Rerank(4, 2, weight=1))
    np.testing.assert_allclose(kept.AP, evaluate(q, g, q_pid, g_pid).AP, rtol=0, atol=1e-12)


def test_plain_distances_are_asked_for() -> None:
    """Squared ones give another ranking, so what ``rerank`` takes is a matter of fact."""
    q, _, g, _ = people(3, noise=1.0)
    d = plain.distances(np.r_[q, g], np.r_[q, g])
    n = len(q)
    once, twice = (rerank(m[:n, n:], m[:n, :n], m[n:, n:], 6, 3, 0.3) for m in (d, d**2))
    assert np.abs(once - twice).max() > 1e-3


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 400), count=st.integers(1, 12), levels=st.integers(1, 200))
def test_the_smallest_are_those_of_a_stable_sort(seed: int, width: int, count: int, levels: int) -> None:
    distance = np.random.default_rng(seed).integers(0, levels, (7, width)).astype(np.float32)
    expected = np.argsort(distance, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(smallest(distance, count), expected)


@pytest.mark.parametrize("wrong", [(0, 6, 0.3), (20, 0, 0.3), (20, 6, -0.1), (20, 6, 1.5), (20, 6, float("nan"))])
def test_settings_that_make_no_sense(wrong: tuple[int, int, float]) -> None:
    with pytest.raises(OptionError, match="lambda is from 0 to 1"):
        Rerank(*wrong)


def test_matrices_that_do_not_fit() -> None:
    one = np.ones((2, 3))
    with pytest.raises(InputError, match="do not fit"):
        rerank(one, np.ones((3, 3)), np.ones((3, 3)))
    with pytest.raises(InputError, match="plain distances"):
        rerank(-one, np.ones((2, 2)), np.ones((3, 3)))


@pytest.mark.parametrize("k2", [1, 2, 4])
def test_more_pictures_alike_than_neighbours(k2: int) -> None:
    """A picture is then not its own nearest neighbour, and the place of each of those alike decides."""
    x = np.repeat(np.random.default_rng(6).normal(size=(4, 3)), [9, 2, 7, 1], axis=0)
    x = x[np.random.default_rng(7).permutation(len(x))]
    d = plain.distances(x, x)
    parts = d[:5, 5:], d[:5, :5], d[5:, 5:]
    np.testing.assert_allclose(rerank(*parts, 3, k2, 0.2), plain.rerank(*parts, 3, k2, 0.2), rtol=0, atol=1e-9)
