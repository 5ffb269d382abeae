"""The rules of the public sets, and their submissions: written, read back, and refused where they are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import write_features

from reid_solve.evaluation.retrieval.files import read_features
from reid_solve.evaluation.retrieval.protocols.registry import PROTOCOLS, SUBMISSIONS, load_all
from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.evaluation.retrieval.run import evaluate_table, validate
from reid_solve.report.retrieval import PROTOCOLS as OFFERED
from reid_solve.tracklets.errors import InputError, OptionError


@pytest.fixture
def small(tmp_path: Path) -> tuple[Any, Any]:
    """Features and table of a small set of six actions."""
    write_features(tmp_path)
    return read_features(tmp_path / "features.npz")


def with_column(table: Any, name: str, values: Any) -> Any:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def column(table: Any, name: str) -> Any:
    return np.array(table[name].to_pylist())


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


def test_a_soccernet_submission_ranks_every_picture_of_the_action_once(small: tuple[Any, Any], tmp_path: Path) -> None:
    features, table = small
    out = tmp_path / "answer.json"
    found = evaluate_table([features], table, protocol="soccernet", submission=out).result
    answer = json.loads(out.read_text())
    split, action, pid = (column(table, n) for n in ("split", "action", "pid"))
    number = np.array([int(path.split("-")[0]) for path in column(table, "path")])
    aps = {}
    for q in np.flatnonzero(split == "query"):
        gallery = (split == "gallery") & (action == action[q])
        ranking = answer.pop(str(number[q]))
        assert sorted(ranking) == sorted(number[gallery].tolist())
        person = dict(zip(number.tolist(), pid.tolist(), strict=True))
        hits = np.array([[person[g] for g in ranking]])
        position = np.arange(len(ranking), dtype=float)[None]
        aps[q] = plain.evaluate(position, pid[[q]], hits[0], None, None).ap[0]
    assert answer == {}
    assert found is not None
    np.testing.assert_allclose(found.AP, list(aps.values()), rtol=0, atol=1e-12)
    assert validate(out, "soccernet", table)["queries"] == len(aps)


def test_a_deepsportradar_submission_is_a_matrix(small: tuple[Any, Any], tmp_path: Path) -> None:
    features, table = small
    out = tmp_path / "answer.csv"
    found = evaluate_table([features], table, protocol="deepsportradar", submission=out).result
    matrix = np.loadtxt(out, delimiter=",")
    split, pid = column(table, "split"), column(table, "pid")
    q, g = np.flatnonzero(split == "query"), np.flatnonzero(split == "gallery")
    assert matrix.shape == (len(q) + 1, len(g) + 1)
    assert matrix[0, 0] == 0
    assert (np.diff(matrix[1:, 0]) > 0).all()
    of = {int(path.split("-")[0]): row for row, path in enumerate(column(table, "path"))}
    q_pid, g_pid = (pid[[of[int(n)] for n in line]] for line in (matrix[1:, 0], matrix[0, 1:]))
    expected = plain.evaluate(matrix[1:, 1:], q_pid, g_pid, None, None)
    assert found is not None
    assert found.mAP == pytest.approx(np.mean(expected.ap), abs=1e-9)
    assert validate(out, "deepsportradar", table)["ranked"] == len(q) * len(g)


@pytest.mark.parametrize("name", ["soccernet", "deepsportradar"])
def test_where_the_people_are_secret_there_is_a_submission_and_no_score(
    name: str, small: tuple[Any, Any], tmp_path: Path
) -> None:
    features, table = small
    out = tmp_path / ("answer.json" if name == "soccernet" else "answer.csv")
    evaluate_table([features], table, protocol=name, submission=out)
    told = out.read_bytes()
    for secret in (with_column(table, "pid", [-1] * len(features)), with_column(table, "pid", [None] * len(features)),
                   table.drop_columns(["pid"])):  # fmt: skip
        done = evaluate_table([features], secret, protocol=name, submission=out)
        assert done.result is None
        assert "mAP" not in done.to_dict()
        assert out.read_bytes() == told
        with pytest.raises(InputError, match=r"pid|people"):
            evaluate_table([features], secret, protocol=name)


def test_submissions_go_to_files_of_their_kind(small: tuple[Any, Any], tmp_path: Path) -> None:
    features, table = small
    with pytest.raises(OptionError, match="market has no submissions"):
        evaluate_table([features], table, submission=tmp_path / "a.json")
    with pytest.raises(OptionError, match=r"end in \.json"):
        evaluate_table([features], table, protocol="soccernet", submission=tmp_path / "a.csv")
    with pytest.raises(InputError, match="id"):
        evaluate_table([features], table.drop_columns(["path"]), protocol="soccernet", submission=tmp_path / "a.json")
    assert list(tmp_path.glob("a.*")) == []


Change = Callable[[dict[str, Any]], Any]


def swapped(answer: dict[str, Any]) -> dict[str, Any]:
    """Two queries of different actions trade rankings."""
    first, *_, last = answer
    return {**answer, first: answer[last], last: answer[first]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: {k: v for k, v in a.items() if k != "101"}, "query 101: is not ranked"),
        (lambda a: {**a, "999": [1]}, "query 999: is none of the 36 queries"),
        (lambda a: {**a, "101": a["101"][:-1]}, "query 101: 1 gallery pictures of its action are not ranked"),
        (lambda a: {**a, "101": [*a["101"], a["101"][0]]}, "query 101, place 19: gallery 1.. for the second time"),
        (lambda a: {**a, "101": [str(g) for g in a["101"]]}, "query 101, place 1: '1..' is not a whole number"),
        (lambda a: {**a, "101": [True, *a["101"][1:]]}, "place 1: True is not a whole number"),
        (lambda a: {**a, "101": [9999, *a["101"][1:]]}, "place 1: gallery 9999 is not in the gallery"),
        (lambda a: {**a, "101": 7}, "query 101: holds a int"),
        (lambda a: {**a, "x": []}, "query 'x': not the number of a box"),
        (swapped, "query 100, place 1: gallery .* is of action 0005"),
        (lambda a: list(a), "holds a list"),
    ],
)
def test_soccernet_validation_names_the_first_wrong_place(
    change: Change, says: str, small: tuple[Any, Any], tmp_path: Path
) -> None:
    features, table = small
    out = tmp_path / "answer.json"
    evaluate_table([features], table, protocol="soccernet", submission=out)
    out.write_text(json.dumps(change(json.loads(out.read_text()))))
    with pytest.raises(InputError, match=says) as error:
        validate(out, "soccernet", table)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"1": [2], "1": [3]}', "query 1: is there twice"),
        ('{"1": [2]\n, oops', "line 2: no JSON"),
        ('{"1": [2, 2]}', "query 1, place 2"),
        ("\xff\xfe", "no JSON"),
    ],
)
def test_soccernet_files_are_checked_by_themselves(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=says):
        validate(tmp_path / "a.json", "soccernet")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 bytes"),
        ("5,1,2\n1,0.1,0.2\n", "line 1: begins with '5'"),
        ("0,1,x\n1,0.1,0.2\n", "line 1: 'x' is not the number"),
        ("0,1,2\n1,0.1\n", "line 2: 2 values, the first line has 3"),
        ("0,1,2\n1,0.1,nan\n", "line 2, value 3: 'nan' is not a finite"),
        ("0,1,2\n1,0.1,\n", "line 2, value 3: ''"),
        ("0,1,2\n2,0.1,0.2\n1,0.1,0.2\n", "line 3: query 1 after 2"),
        ("0,106\n100,0.5\n", "1 query pictures, the set has 36"),
    ],
)
def test_deepsportradar_validation_names_the_first_wrong_place(
    text: str, says: str, small: tuple[Any, Any], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=says) as error:
        validate(tmp_path / "a.csv", "deepsportradar", small[1])
    assert "\n" not in str(error.value)


def test_deepsportradar_validation_knows_the_pictures(small: tuple[Any, Any], tmp_path: Path) -> None:
    features, table = small
    out = tmp_path / "answer.csv"
    evaluate_table([features], table, protocol="deepsportradar", submission=out)
    out.write_text(out.read_text().replace("\n101,", "\n100,"))
    with pytest.raises(InputError, match="query 100 is not in the set, or too often"):
        validate(out, "deepsportradar", table)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name in ("soccernet", "deepsportradar"):
        with pytest.raises(InputError, match="no such file"):
            validate(tmp_path / f"no{SUBMISSIONS[name].ending}", name)
