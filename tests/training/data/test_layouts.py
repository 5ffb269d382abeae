"""Folders with the names that the sets' own authors use, and one line about those that are otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reid_solve.tracklets.errors import InputError, OptionError, ReidSolveError
from reid_solve.training.data.reidset import LAYOUTS, ReidSet, open_set

EPL = "england_epl/2014-2015/2015-02-21 - 18-00 Chelsea 1 - 1 Burnley"
ROMA = "italy_serie-a/2016-2017/2016-08-20 - 18-00 AS Roma 4 - 0 Udinese"


def touch(root: Path, names: Iterable[str]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


@pytest.fixture
def soccernet(tmp_path: Path) -> Path:
    return touch(
        tmp_path / "reid",
        [
            f"train/{EPL}/0/0-0-0-0-Player_team_left-None-000r000_004597cb000d-74x32.png",
            f"train/{EPL}/0/10-0-0-1-Player_team_left-None-000r001_004597cb000d-74x32.png",
            f"train/{EPL}/0/2-0-1-0-Goalkeeper_team_right-1-000r000_004597cb000e-51x32.png",
            f"train/{ROMA}/1/11-1-2-0-Main_referee-main-001r000_00a-90x40.png",
            f"valid/query/{EPL}/0/0-0-0-0-Player_team_right-B-000r000_1-74x32.png",
            f"valid/query/{ROMA}/4/1-4-7-0-Staff_members-None-000r000_1-74x32.png",
            f"valid/gallery/{EPL}/0/0-0-0-2-Player_team_right-B-000r002_2-74x32.png",
            f"valid/gallery/{ROMA}/4/1-4-7-1-Staff_members-None-000r001_2-74x32.png",
            f"challenge/query/{EPL}/0/5-0-74x32.png",
            "challenge/gallery/6-0-51x32.png",
        ],
    )


def test_soccernet(soccernet: Path) -> None:
    found = open_set("soccernet", soccernet)
    assert found.splits == ("train", "query", "gallery")
    train = found.part("train")
    assert train.table["id"].to_pylist() == [0, 2, 10, 11]  # in the order of submissions, not of text
    assert train.camid.tolist() == [0, 0, 1, 0]
    assert train.numbers().tolist() == [0, 1, 0, 2]
    assert train.levels["action"].tolist() == ["train/0", "train/0", "train/0", "train/1"]
    assert train.levels["teams"].tolist() == ["Burnley - Chelsea"] * 3 + ["AS Roma - Udinese"]
    assert train.levels["league"].tolist() == ["england_epl"] * 3 + ["italy_serie-a"]
    assert train.levels["season"][0] == "england_epl/2014-2015"
    assert train.levels["match"][0] == EPL
    query, gallery = found.part("query"), found.part("gallery")
    assert query.pid.tolist() == gallery.pid.tolist()
    assert not set(query.pid) & set(train.pid)  # 0-0-0 of valid is not 0-0-0 of train
    assert query.levels["action"].tolist() == gallery.levels["action"].tolist() == ["valid/0", "valid/4"]
    assert all(path.is_file() for path in found.paths())
    assert len(open_set("soccernet", soccernet.parent)) == len(found)


def test_soccernet_challenge_has_no_persons(soccernet: Path) -> None:
    found = open_set("soccernet:challenge", soccernet).part("query", "gallery")
    assert found.pid.tolist() == [-1, -1]
    assert found.table["id"].to_pylist() == [5, 6]
    assert found.levels["action"].tolist() == ["challenge/0", "challenge/0"]
    assert found.levels["match"].tolist() == [EPL, ""]


def test_soccernet_can_be_for_training_only(soccernet: Path) -> None:
    for part in ("valid", "challenge"):
        (soccernet / part).rename(soccernet.parent / part)
    assert open_set("soccernet", soccernet).splits == ("train",)


@pytest.fixture
def deepsport(tmp_path: Path) -> Path:
    return touch(
        tmp_path / "data_reid",
        [
            "reid_training/0001_03_0004.jpeg",
            "reid_training/0001_03_0000.jpeg",
            "reid_training/0002_03_0000.jpeg",
            "reid_test/query/0437_11_0000.jpeg",
            "reid_test/gallery/0437_11_0001.jpeg",
            "reid_test/gallery/0437_11_0002.jpeg",
            "reid_challenge/query/17.jpeg",
            "reid_challenge/gallery/5.jpeg",
        ],
    )


def test_deepsportradar(deepsport: Path) -> None:
    for root in (deepsport, deepsport.parent):
        found = open_set("deepsport", root)
        assert found.part("train").pid.tolist() == [1, 1, 2]
        assert found.levels["clip"].tolist() == ["3", "3", "3", "11", "11", "11"]
        assert found.part("query").camid.tolist() == [0]
        assert found.part("gallery").camid.tolist() == [1, 1]
    secret = open_set("deepsport:challenge", deepsport).part("query", "gallery")
    assert secret.pid.tolist() == [-1, -1]
    assert secret.table["id"].to_pylist() == [17, 5]


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return touch(
        tmp_path / "Market-1501-v15.09.15",
        [
            "bounding_box_train/0002_c1s1_000451_03.jpg",
            "bounding_box_train/0007_c2s3_070952_01.jpg",
            "bounding_box_train/Thumbs.db",
            "query/0001_c1s1_001051_00.jpg",
            "bounding_box_test/-1_c1s1_000401_03.jpg",
            "bounding_box_test/0000_c1s1_000151_01.jpg",
            "bounding_box_test/0001_c3s1_000551_00.jpg.jpg",
            "gt_bbox/0001_c1s1_001051_00.jpg",
        ],
    )


def test_market(market: Path) -> None:
    found = open_set("market", market)
    assert found.part("train").pid.tolist() == [2, 7]
    assert found.part("train").camid.tolist() == [1, 2]
    assert found.part("gallery").pid.tolist() == [0, 1]  # the distractor stays, the junk does not
    assert [(note.code, note.count) for note in found.notes] == [("junk", 1)]
    assert found.levels == {}
    info = {"2": {"match": "m", "clip": "m_c1"}, "7": {"match": "n"}, "--7": {"match": "o"}, "²": {"match": "p"}}
    (market / "gid2info.json").write_text(json.dumps(info))
    train = open_set("market", market).part("train")
    assert train.levels["match"].tolist() == ["m", "n"]
    assert train.levels["clip"].tolist() == ["m_c1", ""]


def test_duke_names_are_market_style(tmp_path: Path) -> None:
    root = touch(tmp_path, ["query/0005_c2_f0046985.jpg", "bounding_box_test/0005_c5_f0051341.jpg"])
    found = open_set("market", root)
    assert found.camid.tolist() == [2, 5]
    assert found.splits == ("query", "gallery")


def test_lists_keep_names_with_blanks(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("images/a b/000001_000002.jpg 1 0\n\nimages/a b/000002_000002.jpg 2 0\n")
    (tmp_path / "gid2info.json").write_text(json.dumps({"1": {"match": "m", "clip": "c"}, "2": {"match": "m"}}))
    found = open_set("lists", tmp_path)
    assert found.table["path"].to_pylist()[0] == "images/a b/000001_000002.jpg"
    assert found.levels["clip"].tolist() == ["c", ""]


@pytest.mark.parametrize("kind", ["market", "soccernet", "deepsport", "lists"])
def test_an_empty_folder_and_none_are_one_line(kind: str, tmp_path: Path) -> None:
    assert set(LAYOUTS) == {"market", "soccernet", "deepsport", "lists"}
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError) as error:
            open_set(kind, root)
        assert str(error.value).startswith(str(root))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("market", "query/person1.jpg", "person1.jpg: not a name of this layout"),
        ("soccernet", f"train/{EPL}/0/0-0-0-0-Player.png", "expected BBOX-ACTION-PERSON-FRAME-CLASS-ID-UAI-HxW.png"),
        ("soccernet", f"train/{EPL}/0/5-0-74x32.png", "expected BBOX-ACTION-PERSON"),
        (
            "soccernet",
            f"valid/query/{EPL}/0/0-0-0-0-P-B-0r0-7x3.png",
            "gallery: no such folder; unpack valid.zip again",
        ),
        ("soccernet:test", f"train/{EPL}/0/0-0-0-0-P-B-0r0-7x3.png", "no folder test in it; unpack test.zip"),
        ("deepsport", "reid_training/17.jpeg", "expected PERSON_SEQUENCE_FRAME.jpeg"),
        ("deepsport:challenge", "reid_training/0001_03_0004.jpeg", "no folder reid_challenge in it"),
    ],
)
def test_names_of_another_form_are_one_line(kind: str, name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        open_set(kind, touch(tmp_path, [name]))
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_lines_of_another_form_are_named(tmp_path: Path) -> None:
    (tmp_path / "query.txt").write_text("a.jpg 1 1\nb.jpg one 1\n")
    with pytest.raises(InputError, match=r"query\.txt, line 2: 'b\.jpg one 1' is not PATH PERSON CAMERA"):
        open_set("lists", tmp_path)
    (tmp_path / "query.txt").write_text("a.jpg 1 1\n")
    for text in ("[", "[]", '{"1": 2}'):
        (tmp_path / "gid2info.json").write_text(text)
        with pytest.raises(InputError, match=r"gid2info\.json"):
            open_set("lists", tmp_path)


def test_kinds_and_parts_that_do_not_exist(market: Path) -> None:
    with pytest.raises(OptionError, match="no layout 'duke'; one of: deepsport, lists, market, soccernet"):
        open_set("duke", market)
    with pytest.raises(OptionError, match="write soccernet:valid, soccernet:test, soccernet:challenge"):
        open_set("soccernet:train", market)
    with pytest.raises(OptionError, match="no layout 'market:test'; write market"):
        open_set("market:test", market)
    with pytest.raises(ReidSolveError, match="no pictures in split 'val'; it has train, query, gallery"):
        open_set("market", market).part("val")


def test_a_set_needs_its_columns_and_numbers_its_people(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column camid, split"):
        ReidSet("x", tmp_path, pa.table({"path": ["a"], "pid": [1]}))
    table = pa.table({"path": list("abc"), "pid": [40, 7, 40], "camid": [0, 1, 2], "split": ["train"] * 3})
    found = ReidSet("x", tmp_path, table)
    assert found.numbers().tolist() == [1, 0, 1]
    assert found.take(np.array([2, 1])).table["path"].to_pylist() == ["c", "b"]
