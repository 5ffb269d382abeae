"""Every score equals TrackEval's, on real outputs, on random clips, on empty ones and pooled."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gallery import CASES, Case, rows
from tests.parity import reference

from reid_solve.evaluation.pairs import Rows, pair_boxes, pair_similarities
from reid_solve.evaluation.scores import Scores, score

pytestmark = pytest.mark.parity
SOCCERNET = Path(__file__).parents[2].parent / "shared" / "data" / "soccernet-dev"
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def trackeval() -> Any:
    pytest.importorskip("trackeval", reason="TrackEval is not installed; make parity has it")
    return reference.load()


def compare(trackeval: Any, gt: Rows, tracker: Rows) -> tuple[Scores, list[dict[str, Any]]]:
    metrics, box_ious = trackeval
    data = reference.prepared(gt, tracker, box_ious)
    found, expected = score(pair_boxes(gt, tracker)), [metric.eval_sequence(data) for metric in metrics]
    assert_equal(reference.difference(found, *expected))
    return found, expected


def assert_equal(difference: dict[str, float]) -> None:
    assert {name: value for name, value in difference.items() if not value <= TOLERANCE} == {}


def read(path: Path) -> Rows:
    table = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(6))
    return Rows(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:6])


@pytest.mark.skipif(not SOCCERNET.is_dir(), reason="SoccerNet clips are not beside the repository")
def test_real_outputs_and_their_pool(trackeval: Any) -> None:
    """Three trackers on twenty clips of football, the sixty also as one COMBINED_SEQ."""
    ours: list[Scores] = []
    theirs: list[dict[str, dict[str, Any]]] = [{}, {}, {}]
    for clip in sorted(path for path in SOCCERNET.iterdir() if path.is_dir()):
        gt = read(clip / "gt.txt")
        for tracker in ("deep-oc-sort", "bytetrack", "bot-sort"):
            found, expected = compare(trackeval, gt, read(clip / f"{tracker}.txt"))
            ours.append(found)
            for family, result in zip(theirs, expected, strict=True):
                family[f"{clip.name}/{tracker}"] = result
    assert len(ours) == 60
    pooled = [metric.combine_sequences(family) for metric, family in zip(trackeval[0], theirs, strict=True)]
    assert_equal(reference.difference(reduce(add, ours), *pooled))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gallery(trackeval: Any, case: Case) -> None:
    compare(trackeval, *rows(case.solved or case.tracked))


def test_pool_with_empty_sides(trackeval: Any) -> None:
    """Clips without tracks, without ground truth and without either weigh in the pool as they do there."""
    found, expected = zip(*(compare(trackeval, *rows(case.tracked)) for case in CASES), strict=True)
    families = [dict(enumerate(family)) for family in zip(*expected, strict=True)]
    pooled = [metric.combine_sequences(family) for metric, family in zip(trackeval[0], families, strict=True)]
    assert_equal(reference.difference(reduce(add, found), *pooled))


@st.composite
def clips(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """A few people for a few frames; the tracker's boxes are shaken copies under ids that change.

    Coordinates are drawn from a continuum: of two equally good matchings the two programs may choose different ones.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people, frames = draw(st.integers(0, 5)), draw(st.integers(1, 12))
    shake, crowd = draw(st.sampled_from([0.5, 3.0, 12.0])), draw(st.sampled_from([15.0, 60.0]))
    frame, person = (axis.ravel() for axis in np.meshgrid(np.arange(frames), np.arange(people)))
    place = rng.uniform(0, crowd, (people, 2))[person] + rng.normal(0, 2, (len(frame), 2))
    boxes = np.column_stack([place, rng.uniform(15, 40, (len(frame), 2))])
    shown, seen = rng.random(len(frame)) < 0.8, rng.random(len(frame)) < 0.8
    name = person + people * (rng.random(len(frame)) < 0.2)
    gt = Rows(frame[shown], person[shown], boxes[shown])
    return gt, Rows(frame[seen], name[seen], (boxes + rng.normal(0, shake, boxes.shape))[seen])


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clip=clips())
def test_random_clips(trackeval: Any, clip: tuple[Rows, Rows]) -> None:
    compare(trackeval, *clip)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_random_similarities(trackeval: Any, seed: int) -> None:
    """Any similarities, also such as no boxes have; many rivals in each frame."""
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 8))
    ids = [[np.sort(rng.permutation(7)[: rng.integers(0, 8)]) for _ in range(frames)] for _ in range(2)]
    similarity = [
        rng.random((len(g), len(t))) * (rng.random((len(g), len(t))) < 0.7) for g, t in zip(*ids, strict=True)
    ]
    found = score(pair_similarities(ids[0], ids[1], similarity))
    data: dict[str, Any] = {"num_timesteps": frames, "similarity_scores": similarity}
    for name, side in zip(("gt", "tracker"), ids, strict=True):
        names = np.unique(np.concatenate(side))
        data[f"num_{name}_ids"], data[f"num_{name}_dets"] = len(names), sum(map(len, side))
        data[f"{name}_ids"] = [np.searchsorted(names, some) for some in side]
    assert_equal(reference.difference(found, *(metric.eval_sequence(data) for metric in trackeval[0])))
