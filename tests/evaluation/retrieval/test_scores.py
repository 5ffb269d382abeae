"""mAP, CMC and mINP: values worked out by hand, and equality with plain loops on random cases full of ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.retrieval import plain

from reid_solve.evaluation.retrieval.evaluate import Labels, evaluate, evaluate_distances
from reid_solve.evaluation.retrieval.scores import Retrieval
from reid_solve.tracklets.errors import InputError, OptionError


def ranking(people: list[int], cameras: list[int] | None = None) -> Retrieval:
    """One query, person 1 by camera 0, and a gallery in order of distance."""
    distance = np.arange(len(people), dtype=float)[None]
    return evaluate_distances(distance, Labels([1], people, None if cameras is None else ([0], cameras)))


def test_values_worked_out_by_hand() -> None:
    found = ranking([1, 2, 1, 2, 2, 1])  # at ranks 1, 3, 6
    assert found.mAP == pytest.approx((1 / 1 + 2 / 3 + 3 / 6) / 3)
    assert found.mAP_trapezoid == pytest.approx(((1 + 1) / 2 + (1 / 2 + 2 / 3) / 2 + (2 / 5 + 3 / 6) / 2) / 3)
    assert found.mINP == pytest.approx(3 / 6)
    assert (found.rank(1), found.first[0], found.positives[0]) == (1.0, 1, 3)


def test_the_first_positive_decides_the_rank() -> None:
    found = ranking([2, 3, 1])
    assert [found.rank(k) for k in (1, 2, 3, 50)] == [0, 0, 1, 1]  # 50: more than there are
    assert found.to_dict([1, 3]) == {
        "mAP": pytest.approx(100 / 3), "mAP_trapezoid": pytest.approx(100 / 6), "mINP": pytest.approx(100 / 3),
        "Rank-1": 0.0, "Rank-3": 100.0, "queries": 1, "unanswerable": 0, "positives": 1,
    }  # fmt: skip


def test_a_persons_pictures_by_the_same_camera_are_not_ranked() -> None:
    found = ranking([1, 2, 1, 2, 1], [0, 0, 1, 1, 0])  # left: 2, 1, 2
    assert found.first[0] == 2
    assert found.mAP == pytest.approx(1 / 2)
    assert found.positives[0] == 1


def test_a_single_gallery_picture() -> None:
    found = evaluate(np.ones((1, 3)), np.ones((1, 3)), [4], [4])
    assert (found.mAP, found.mAP_trapezoid, found.mINP, found.rank(1)) == (1, 1, 1, 1)


def test_equal_distances_rank_by_the_order_of_the_gallery() -> None:
    labels = Labels([1, 1], [2, 1, 2, 1])
    found = evaluate_distances(np.zeros((2, 4)), labels)
    assert found.first.tolist() == [2, 2]
    assert found.AP.tolist() == [0.5, 0.5]
    wide = Labels([1], [2] * 500 + [1] + [2] * 500)  # counted instead of sorted
    assert evaluate_distances(np.zeros((1, 1001)), wide).first.tolist() == [501]


def test_a_query_without_a_picture_to_find_is_an_error_or_a_note_and_never_a_zero() -> None:
    labels = Labels([1, 7, 1], [1, 2], ([0, 0, 1], [1, 1]))
    distance = np.array([[1.0, 2.0]] * 3)
    with pytest.raises(InputError, match=r"2 of 3 queries have no picture of the person .* query 1, person 7") as error:
        evaluate_distances(distance, labels)
    assert "\n" not in str(error.value)
    found = evaluate_distances(distance, labels, missing="skip")
    assert found.mAP == 1.0
    assert np.isnan(found.AP[1:]).all()
    (note,) = found.notes
    assert (note.kind, note.count) == ("warning", 2)
    assert found.to_dict()["unanswerable"] == 2


def test_if_no_query_has_a_picture_to_find_there_is_nothing_to_skip_to() -> None:
    with pytest.raises(InputError, match="1 of 1 queries"):
        evaluate_distances(np.zeros((1, 1)), Labels([1], [2]), missing="skip")


def test_a_group_without_a_gallery_has_no_positives() -> None:
    labels = Labels([1, 1], [1], groups=(["a", "b"], ["a"]))
    found = evaluate_distances(np.zeros((2, 1)), labels, missing="skip")
    assert found.positives.tolist() == [1, 0]
    assert "of its group" in found.notes[0].text


@pytest.mark.parametrize(("cameras", "grouped"), [(True, False), (False, True), (True, True), (False, False)])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), queries=st.integers(1, 12), gallery=st.integers(1, 60), levels=st.integers(1, 40),
       pairs=st.integers(1, 900))  # fmt: skip
def test_equal_to_plain_loops(
    cameras: bool, grouped: bool, seed: int, queries: int, gallery: int, levels: int, pairs: int
) -> None:
    rng = np.random.default_rng(seed)
    distance = rng.integers(0, levels, (queries, gallery)).astype(float)  # few levels: many ties
    sizes = queries, gallery
    pid, cam, group = ([rng.integers(0, top, n) for n in sizes] for top in (1 + seed % 30, 3, 3))
    cam_or_none, group_or_none = (cam if cameras else (None, None)), (group if grouped else (None, None))
    expected = plain.evaluate(distance, pid[0], pid[1], *cam_or_none, *group_or_none)
    labels = Labels(pid[0], pid[1], (cam[0], cam[1]) if cameras else None, (group[0], group[1]) if grouped else None)
    if len(expected.unanswerable) == queries:
        with pytest.raises(InputError):
            evaluate_distances(distance, labels, missing="skip")
        return
    found = evaluate_distances(distance, labels, missing="skip", pairs=pairs)
    good = found.answered
    assert np.flatnonzero(~good).tolist() == expected.unanswerable
    np.testing.assert_allclose(found.AP[good], expected.ap, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.AP_trapezoid[good], expected.trapezoid, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.INP[good], expected.inp, rtol=0, atol=1e-12)
    assert found.first[good].tolist() == expected.first
    assert found.mAP == pytest.approx(np.mean(expected.ap), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), gallery=st.integers(300, 900))
def test_counting_equals_sorting(seed: int, gallery: int) -> None:
    """Few positives in a wide gallery are ranked by counting; the same with many by sorting."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(0, 30, (4, gallery)).astype(float)
    people = rng.integers(1, 150, gallery)
    people[rng.integers(0, gallery)] = 0
    found = evaluate_distances(distance, Labels(np.zeros(4, int), people))
    expected = plain.evaluate(distance, np.zeros(4, int), people, None, None)
    np.testing.assert_allclose(found.AP, expected.ap, rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), metric=st.sampled_from(["cosine", "euclidean"]), single=st.booleans())
def test_features_are_ranked_as_their_distances(seed: int, metric: str, single: bool) -> None:
    rng = np.random.default_rng(seed)
    x, pid = rng.normal(size=(40, 6)), rng.integers(0, 5, 40)
    pid[:10], pid[10:15] = np.arange(10) % 5, np.arange(5)
    group = rng.integers(0, 2, 40) if seed % 2 else np.zeros(40, int)
    group[10:20] = np.repeat([0, 1], 5)
    pid[15:20] = np.arange(5)
    if metric == "cosine":
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        distance = 1 - unit[:10] @ unit[10:].T
    else:
        distance = plain.distances(x[:10], x[10:])
    expected = plain.evaluate(distance, pid[:10], pid[10:], None, None, group[:10], group[10:])
    given_features = x.astype(np.float32) if single else x
    found = evaluate(
        given_features[:10], given_features[10:], pid[:10], pid[10:], groups=(group[:10], group[10:]), metric=metric
    )
    np.testing.assert_allclose(found.AP, expected.ap, rtol=0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_neither_the_order_of_rows_nor_names_nor_chunks_change_a_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q, g = rng.normal(size=(9, 5)), rng.normal(size=(31, 5))
    q_pid, g_pid = np.arange(9) % 4, np.arange(31) % 4
    q_cam, g_cam = rng.integers(0, 2, 9), rng.integers(0, 3, 31)
    g_cam[:4] = 2
    before = evaluate(q, g, q_pid, g_pid, q_cam, g_cam)
    a, b = rng.permutation(9), rng.permutation(31)
    names = np.array(["Ann", "Ben", "Cy", "Di"])
    after = evaluate(q[a], g[b], names[q_pid[a]], names[g_pid[b]], q_cam[a], g_cam[b], pairs=40)
    np.testing.assert_allclose(after.AP, before.AP[a], rtol=0, atol=1e-12)
    assert after.first.tolist() == before.first[a].tolist()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"metric": "manhattan"}, OptionError, "cosine, euclidean"),
        ({"missing": "ignore"}, OptionError, "error or skip"),
        ({"query_features": np.zeros((2, 3))}, InputError, "query 0: a vector of zeros"),
        ({"gallery_features": np.array([[1.0, 2, 3], [1, np.nan, 0]])}, InputError, "gallery row 1: not finite"),
        ({"gallery_features": np.ones((2, 4))}, InputError, "of one D"),
        ({"gallery_features": np.ones((3, 3))}, InputError, "3 gallery pictures"),
        ({"query_cams": [1], "gallery_cams": [1, 2]}, InputError, "cameras of shape"),
        ({"query_cams": [1, 2]}, OptionError, "cameras of one side only"),
        ({"query_features": [np.ones((2, 3))]}, OptionError, "as many arrays"),
        ({"weights": [1.0, 2.0]}, OptionError, "2 weights for 1"),
        ({"weights": [-1.0]}, OptionError, "negative"),
    ],
)
def test_mistakes_are_one_line(options: dict[str, object], error: type[Exception], says: str) -> None:
    good = {"query_features": np.ones((2, 3)), "gallery_features": np.ones((2, 3)), "query_ids": [1, 2],
            "gallery_ids": [1, 2]}  # fmt: skip
    with pytest.raises(error, match=says) as found:
        evaluate(**{**good, **options})  # type: ignore[arg-type]
    assert "\n" not in str(found.value)


def test_whole_numbers_are_distances_too() -> None:
    labels = Labels([1], [1, 1, 2], ([0], [0, 1, 0]))
    assert evaluate_distances(np.array([[1, 3, 2]]), labels).AP.tolist() == [0.5]


def test_distances_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        evaluate_distances(np.array([[np.nan]]), Labels([1], [1]))
