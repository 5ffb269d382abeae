"""Submissions to the challenges: written, read back, and refused where they are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import column, with_column

from reid_solve.evaluation.retrieval.protocols.registry import SUBMISSIONS
from reid_solve.evaluation.retrieval.run import evaluate_table, validate
from reid_solve.tracklets.errors import InputError, OptionError


def shuffled(features: Any, table: Any) -> tuple[Any, Any]:
    """The same rows in another order, so that the numbers of pictures do not ascend."""
    order = np.random.default_rng(1).permutation(len(features))
    return features[order], table.take(order)


def test_a_soccernet_submission_ranks_every_picture_of_the_action_once(small: tuple[Any, Any], tmp_path: Path) -> None:
    features, table = shuffled(*small)
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
    features, table = shuffled(*small)
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
        ('{"01": [2]}', "query '01': not the number of a box"),
        pytest.param(f'{{"1": [{"1" * 5000}]}}', "no JSON", id="a number of 5,000 digits"),
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
        ("0,1,2\n1,0.1,0.2\n1,0.1,0.2\n", "line 3: query 1 after 1"),
        ("0,1,2,1\n1,0.1,0.2,0.3\n", "line 1: gallery 1 is there twice"),
        ("0,1,2\n1,0.1,1_0\n", "line 2, value 3: '1_0' is not a finite"),
        ("0,99999999999999999999\n1,0.1\n", "line 1: '99999999999999999999' is not the number"),
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
    text = out.read_text()
    for number, other, says in ((126, 110, "query 110 is not in the set, or too often"), (105, 110, "105 is missing")):
        out.write_text(text.replace(f"\n{number},", f"\n{other},"))
        with pytest.raises(InputError, match=says):
            validate(out, "deepsportradar", table)


@pytest.mark.parametrize("name", ["soccernet", "deepsportradar"])
def test_two_pictures_of_one_number_are_not_handed_in(name: str, small: tuple[Any, Any], tmp_path: Path) -> None:
    """As in Market-1501's names, which begin with the person."""
    features, table = small
    out = tmp_path / f"answer{SUBMISSIONS[name].ending}"
    twice = with_column(table, "path", [f"{pid:04d}_c1s1_000151_01.jpg" for pid in column(table, "pid") // 2])
    with pytest.raises(InputError, match=r"t\.csv, row 1: a second query picture 0"):
        evaluate_table([features], twice, "t.csv", protocol=name, submission=out)
    assert not out.exists()
    long = with_column(table, "path", ["9" * 30 + ".jpg"] * len(features))
    with pytest.raises(InputError, match="row 0: no id"):
        evaluate_table([features], long, "t.csv", protocol=name, submission=out)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name in ("soccernet", "deepsportradar"):
        with pytest.raises(InputError, match="no such file"):
            validate(tmp_path / f"no{SUBMISSIONS[name].ending}", name)
