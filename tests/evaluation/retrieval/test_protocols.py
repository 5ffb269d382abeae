"""The rules of the public sets: who is ranked against whom, and what a table must say for that."""

from typing import Any

import numpy as np
import pytest
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import column, with_column

from reid_solve.commands.evaluation import PROTOCOLS as OFFERED
from reid_solve.evaluation.retrieval.protocols.registry import PROTOCOLS, SUBMISSIONS, load_all
from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.evaluation.retrieval.run import evaluate_table
from reid_solve.tracklets.errors import InputError, OptionError


def test_the_protocols_offered_are_those_there_are() -> None:
    load_all()
    assert set(OFFERED) == set(PROTOCOLS)
    assert set(SUBMISSIONS) == {"soccernet", "deepsportradar"}


@pytest.mark.parametrize("name", ["market", "soccernet", "deepsportradar"])
def test_scores_are_those_of_plain_loops(name: str, small: tuple[Any, Any]) -> None:
    features, table = small
    split, pid, action = (column(table, n) for n in ("split", "pid", "action"))
    cam = np.arange(len(pid)) % 2  # every person by two cameras
    cam[split == "query"] = 0
    table = with_column(table, "camid", cam if name == "market" else (split != "query").astype(int))
    q, g = split == "query", split == "gallery"
    x = features.astype(float)
    unit = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    cameras = (cam[q], cam[g]) if name == "market" else (None, None)
    groups = (action[q], action[g]) if name == "soccernet" else ()
    expected = plain.evaluate(1 - unit[q] @ unit[g].T, pid[q], pid[g], *cameras, *groups)
    found = evaluate_table([features], table, protocol=name, missing="skip").result
    assert found is not None
    np.testing.assert_allclose(found.AP[found.answered], expected.ap, rtol=0, atol=1e-9)
    assert np.flatnonzero(~found.answered).tolist() == expected.unanswerable


def test_market_does_not_rank_junk_but_distractors(small: tuple[Any, Any]) -> None:
    features, table = small
    pid, split = column(table, "pid"), column(table, "split")
    nobody = (split == "gallery") & (np.arange(len(pid)) % 3 == 0)
    scores = {}
    for person in (-1, 0):
        out = evaluate_table([features], with_column(table, "pid", np.where(nobody, person, pid + 1)), missing="skip")
        assert out.result is not None
        scores[person] = out.result.mAP
        assert out.facts["gallery_pictures"] == (split == "gallery").sum() - (nobody.sum() if person else 0)
    assert scores[-1] > scores[0]


def test_deepsportradar_refuses_other_cameras(small: tuple[Any, Any]) -> None:
    features, table = small
    with pytest.raises(InputError, match="row 6: a gallery picture by another camera than 1"):
        evaluate_table([features], with_column(table, "camid", np.zeros(len(features), int)), protocol="deepsportradar")


def test_columns_that_are_needed_are_asked_for(small: tuple[Any, Any]) -> None:
    features, table = small
    for name, missing in (("market", "camid"), ("soccernet", "action"), ("market", "pid"), ("market", "split")):
        with pytest.raises(InputError, match=f"no column '{missing}'"):
            evaluate_table([features], table.drop_columns([missing]), "t.csv", protocol=name)
    with pytest.raises(InputError, match="no rows with split 'query'"):
        evaluate_table([features], with_column(table, "split", ["gallery"] * len(features)))
    with pytest.raises(OptionError, match="no protocol 'veri'"):
        evaluate_table([features], table, protocol="veri")


def test_reranking_single_pictures_is_warned_about(small: tuple[Any, Any]) -> None:
    features, table = small
    three = evaluate_table([features], table, protocol="soccernet", rerank=Rerank(6, 3)).result
    one = evaluate_table([features[::3]], table.take(list(range(0, len(features), 3))), protocol="soccernet",
                         rerank=Rerank(6, 3), missing="skip").result  # fmt: skip
    assert three is not None
    assert one is not None
    assert [note.code for note in three.notes] == []
    assert [note.code for note in one.notes if note.code == "lonely-pictures"]


def test_one_picture_of_nobody_is_named(small: tuple[Any, Any]) -> None:
    """It is not said that the people are secret."""
    features, table = small
    pid = column(table, "pid")
    pid[3] = -1
    with pytest.raises(InputError, match="row 3: no pid"):
        evaluate_table([features], with_column(table, "pid", pid), protocol="soccernet")
