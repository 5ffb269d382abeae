"""Known scores of real tracker output: TUD, TrackEval's toy cases, sixty outputs on SoccerNet and their ceilings."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reid_solve.evaluation.evaluate import evaluate
from reid_solve.evaluation.pairs import Pairs, Rows, pair_boxes, pair_similarities
from reid_solve.evaluation.scores import Scores, score

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SOCCERNET, TUD = DATA / "soccernet-dev", DATA / "motmetrics-tud"
needs_soccernet = pytest.mark.skipif(not SOCCERNET.is_dir(), reason="SoccerNet clips are not beside the repository")
needs_tud = pytest.mark.skipif(not TUD.is_dir(), reason="TUD clips are not beside the repository")


def rows(path: Path) -> Rows:
    table = np.loadtxt(path, delimiter=",", ndmin=2, usecols=range(6))
    return Rows(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:6])


@needs_tud
def test_tud() -> None:
    """Scores on which TrackEval and py-motmetrics agree."""
    result = evaluate(TUD, TUD)
    expected = {
        "TUD-Campus": {"IDF1": 0.557659, "MOTA": 0.526462, "IDSW": 7, "Frag": 7, "HOTA": 0.39140, "MT": 1, "ML": 1},
        "TUD-Stadtmitte": {"IDF1": 0.644619, "MOTA": 0.564014, "IDSW": 7, "Frag": 6, "HOTA": 0.39785, "MT": 5, "ML": 1},
    }
    for name, scores in expected.items():
        _agrees(result.clips[name], scores)
    _agrees(result.pooled, {"IDF1": 0.624296, "MOTA": 0.555116, "IDSW": 14, "Frag": 13})


def _agrees(found: Scores, expected: dict[str, float]) -> None:
    scalars = found.scalars()
    for name, value in expected.items():
        share = scalars[name] / (1 if isinstance(value, int) else 100)
        assert share == pytest.approx(value, abs=5.1e-6), name


@needs_tud
def test_tud_to_the_last_digit() -> None:
    expected = json.loads((TUD / "expected.json").read_text())["trackeval_1_3_0"]
    result = evaluate(TUD, TUD)
    for name, scores in expected.items():
        found = (result.pooled if name == "COMBINED" else result.clips[name]).scalars()
        for key, value in scores.items():
            scalar = found[key.removeprefix("CLR_")]
            share = scalar if isinstance(scalar, int) else scalar / 100
            assert share == pytest.approx(value, abs=1e-9), (name, key)


@needs_tud
@pytest.mark.parametrize("case", ["no_confusion", "with_confusion", "split_tracks"])
def test_toy_cases(case: str) -> None:
    toy = json.loads((TUD / "trackeval_toy_cases.json").read_text())[case]
    data: dict[str, Any] = toy["data"]
    found = score(pair_similarities(data["gt_ids"], data["tracker_ids"], data["similarity_scores"]))
    for name, value in toy["hota_from_trackeval_1_3_0"].items():
        if hasattr(found.hota, name):
            np.testing.assert_allclose(getattr(found.hota, name), value, atol=1e-12)
    expected = toy["expected_in_trackeval_tests"]
    clear, identity = expected["clear"], expected["identity"]
    assert (found.clear.tp, found.clear.fn, found.clear.fp) == (clear["CLR_TP"], clear["CLR_FN"], clear["CLR_FP"])
    assert clear["IDSW"] == found.clear.IDSW
    assert pytest.approx(clear["MOTA"]) == found.clear.MOTA
    assert (found.identity.tp, found.identity.fn, found.identity.fp) == tuple(
        identity[name] for name in ("IDTP", "IDFN", "IDFP")
    )
    assert pytest.approx(identity["IDF1"]) == found.identity.IDF1


def as_computed_there(pairs: Pairs) -> Pairs:
    """The expected scores rest on intersection / (union + 1e-9): a box on a threshold falls just under it."""
    a, b = pairs.gt.boxes[pairs.gt_row], pairs.tracker.boxes[pairs.tracker_row]
    inner = (np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).prod(1)
    return replace(pairs, similarity=inner / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - inner + 1e-9))


@cache
def soccernet() -> list[tuple[dict[str, str], Scores]]:
    with (SOCCERNET / "expected.csv").open() as file:
        expected = list(csv.DictReader(file))
    gt = {name: rows(SOCCERNET / name / "gt.txt") for name in {row["sequence"] for row in expected}}
    found = []
    for row in expected:
        tracker = rows(SOCCERNET / row["sequence"] / f"{row['tracker']}.txt")
        found.append((row, score(as_computed_there(pair_boxes(gt[row["sequence"]], tracker)), ceiling=True)))
    return found


@needs_soccernet
def test_soccernet() -> None:
    assert len(soccernet()) == 60
    for expected, scores in soccernet():
        found = scores.scalars() | {"ids": scores.ids, "gt_ids": scores.gt_ids}
        for name in ("HOTA", "DetA", "AssA", "IDF1", "IDSW", "MOTA", "ids", "gt_ids"):
            assert found[name] == pytest.approx(float(expected[name]), abs=5.1e-5), (expected, name)


@needs_soccernet
def test_soccernet_ceilings() -> None:
    """What merging alone could reach: every tracklet under the name of most of its boxes."""
    for expected, scores in soccernet():
        assert scores.ceiling is not None
        merged = scores.ceiling.merge_only.to_dict()
        for name in ("HOTA", "AssA", "IDF1"):
            assert merged[name] == pytest.approx(float(expected[f"oracle_{name}"]), abs=5.1e-5), (expected, name)
        assert scores.attribution.purity == pytest.approx(float(expected["purity"]), abs=5.1e-5)


@needs_soccernet
def test_soccernet_stages_go_up() -> None:
    for _, scores in soccernet():
        assert scores.ceiling is not None
        unmerged, merged, per_box = (row["HOTA"] for row in scores.ceiling.to_dict().values())
        # an input without identities has nothing to split
        assert scores.scalars()["HOTA"] == pytest.approx(unmerged)
        # where two tracklets of a person overlap, one keeps the name: that can cost a little more than merging gains
        assert unmerged < merged + 0.01 < per_box + 0.02


@needs_soccernet
def test_soccernet_ceiling_per_box() -> None:
    by_tracker = {e["tracker"]: s.ceiling for e, s in soccernet() if e["sequence"] == "SNMOT-116"}
    assert by_tracker["bytetrack"] is not None
    assert by_tracker["bytetrack"].per_box.to_dict()["HOTA"] == pytest.approx(72.6, abs=0.05)
