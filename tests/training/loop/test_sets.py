"""What a training takes from a set of pictures: whom it learns from, and how those held out are scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.training.loop.small import configured

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.reidset import ReidSet, set_of
from reid_solve.training.loop.sets import held_out, material_of, with_direction


def test_the_held_out_people_are_scored_with_the_set_s_cameras(place: Path) -> None:
    held = material_of(configured(place)).held_out
    assert held is not None
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(held.count, 4)).astype(np.float32)
    query, gallery = held.scores.query, held.scores.gallery  # type: ignore[attr-defined]
    pid, camera = np.concatenate([query.pid, gallery.pid]), np.concatenate([query.camid, gallery.camid])
    near = vectors @ vectors.T / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors, axis=1)[:, None]
    precisions = []
    for row in range(len(query)):
        ranked = np.argsort(-near[row, len(query) :]) + len(query)
        ranked = ranked[(pid[ranked] != pid[row]) | (camera[ranked] != camera[row])]
        hits = pid[ranked] == pid[row]
        precisions.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    assert held.scores(vectors)["mAP"] == pytest.approx(100 * np.mean(precisions))


def test_pictures_without_a_direction_are_like_each_other_and_nobody_else(place: Path) -> None:
    vectors = np.array([[1, 0], [0, 0], [0.6, 0.8], [0, 0]], np.float32)
    found = with_direction(vectors)
    assert (found @ found.T)[1].tolist() == [0, 1, 0, 1]
    assert (found @ found.T)[0] == pytest.approx([1, 0, 0.6, 0])
    assert with_direction(vectors[[0, 2]]).shape == (2, 2)
    held = material_of(configured(place)).held_out
    assert held is not None
    dead = held.scores(np.zeros((held.count, 4), np.float32))  # an early network may be; training goes on
    assert 0 < dead["mAP"] < 100


def described(split: list[str], pid: list[int], camid: list[int], **levels: list[str]) -> ReidSet:
    columns = {"path": [f"{row}.jpg" for row in range(len(pid))], "split": split, "pid": pid, "camid": camid}
    return set_of("x", Path(), {**columns, **levels})


def test_where_there_are_actions_people_are_looked_for_in_theirs_whatever_the_camera() -> None:
    split = ["query", "query", "gallery", "gallery", "gallery"]
    actions = ["a", "b", "a", "b", "b"]
    held = held_out(described(split, [1, 2, 1, 2, 3], [0, 0, 0, 0, 0], action=actions))
    assert held is not None
    # the second gallery picture, of another action, is nearest to the first query, and does not count
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [0.8, 0.6], [1, 0]], np.float32)
    assert held.scores(vectors)["Rank-1"] == 100
    vectors[3:] = vectors[4:2:-1]
    assert held.scores(vectors)["Rank-1"] == 50


def test_secret_people_are_no_person_to_find() -> None:
    """Of a challenge everybody is -1: that all of them are one person would be a score of 100."""
    assert held_out(described(["query", "gallery", "gallery"], [-1, -1, -1], [0, 1, 1])) is None
    assert held_out(described(["query", "train"], [1, 1], [0, 1])) is None
    some = held_out(described(["query", "query", "gallery", "gallery"], [-1, 4, -1, 4], [0, 0, 1, 1]))
    assert some is not None
    assert some.count == 3
    assert some.scores(np.array([[1, 0], [1, 0], [0, 1]], np.float32))["mAP"] == 50
    assert [path.name for path in some.load.paths] == ["1.jpg", "2.jpg", "3.jpg"]  # type: ignore[attr-defined]


def test_nobody_to_find_is_said_before_the_training(place: Path) -> None:
    names = sorted((place / "people" / "bounding_box_train").iterdir())
    lines: dict[str, list[str]] = {part: [] for part in ("train", "query", "gallery")}
    for path in names:
        for part in ("train", "query" if "_c1" in path.name else "gallery"):  # all by one camera
            lines[part].append(f"bounding_box_train/{path.name} {int(path.name[:4])} 0\n")
    for part, text in lines.items():
        (place / "people" / f"{part}.txt").write_text("".join(text))
    lists: dict[str, object] = {"kind": "lists"}
    with pytest.raises(InputError, match="nobody of its query can be found in its gallery; mend them, or set"):
        material_of(configured(place, data=lists))
    assert material_of(configured(place, data=lists, train={"evaluate_every": 0})).classes.max() == 7


def test_rows_of_nobody_known_are_not_learnt_from(place: Path) -> None:
    part = place / "people" / "bounding_box_train"
    people = {path.name: -1 if "_c1" in path.name else int(path.name[:4]) for path in part.iterdir()}
    lines = [f"{part.name}/{name} {person} 0\n" for name, person in people.items()]
    (place / "people" / "train.txt").write_text("".join(lines))
    material = material_of(configured(place, data={"kind": "lists"}, train={"evaluate_every": 0}))
    assert len(material.classes) == 32
    assert set(material.classes) == set(range(8))
