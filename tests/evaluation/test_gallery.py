"""Every named error scores what it must, and is blamed on whom it must."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from tests.gallery import CASES, Case, pairs, tracklets

from reid_solve.evaluation.scores import Scores, score

COUNTS = ("IDSW", "Frag", "MT", "PT", "ML", "FP", "FN", "rows", "gt_rows")


def scored(case: Case) -> Scores:
    return score(pairs(case), tracklets(case), ceiling=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_scores(case: Case) -> None:
    found = scored(case).scalars()
    share = {name: found[name] / (1 if name in COUNTS else 100) for name in case.scores}
    assert share == pytest.approx(dict(case.scores))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_attribution(case: Case) -> None:
    counts = asdict(scored(case).attribution)
    assert {name: count for name, count in counts.items() if count} == case.attribution


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_box_is_in_one_bin(case: Case) -> None:
    a, both = scored(case).attribution, pairs(case)
    assert a.matched + a.nobody == len(both.tracker)
    assert a.matched + a.unseen == len(both.gt)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ceilings(case: Case) -> None:
    ceiling = scored(case).ceiling
    assert ceiling is not None
    found = {stage: row["HOTA"] / 100 for stage, row in ceiling.to_dict().items()}
    assert {stage: found[stage] for stage in case.ceiling} == pytest.approx(dict(case.ceiling))


def test_purity() -> None:
    by_name = {case.name: scored(case).attribution.purity for case in CASES}
    assert by_name["perfect"] == by_name["wrong merge"] == 1
    assert by_name["swap"] == 0.5
    assert by_name["nothing tracked"] == 1  # of nothing, nothing is impure


def test_pooled_gallery_weighs_by_boxes() -> None:
    pooled = sum(scored(case) for case in CASES)
    assert isinstance(pooled, Scores)
    assert sum(scored(case).clear.IDSW for case in CASES) == pooled.clear.IDSW
    means = [scored(case).scalars()["HOTA"] for case in CASES]
    assert pooled.scalars()["HOTA"] != pytest.approx(sum(means) / len(means))
