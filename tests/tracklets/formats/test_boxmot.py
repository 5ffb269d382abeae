"""BoxMOT's text and MOT16's ground truth both have nine columns; its dataset has no ids."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.tracklets.formats.examples import EXAMPLES, ROWS, lines, people
from tests.tracklets.formats.refused import refusal

import reid_solve as rs
from reid_solve.tracklets.write import write

SCORES = [row[6] for row in people()]


@pytest.mark.parametrize("name", ["boxmot", "boxmot old"])
def test_the_confidence_is_the_score_wherever_it_stands(name: str, tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES[name](tmp_path))
    np.testing.assert_allclose(tracks.score, SCORES)
    assert set(tracks.canonical["class_id"].to_pylist()) == {1}
    assert not tracks.notes


def test_the_detections_place_comes_along(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["boxmot"](tmp_path))
    assert tracks.source["detection"].to_pylist() == [0, 1, 2] * 30


def test_scores_come_back_from_mot_text(tmp_path: Path) -> None:
    notes = write(rs.read(EXAMPLES["boxmot old"](tmp_path)), tmp_path / "out.txt")
    assert [note.code for note in notes] == ["columns-left-out"]
    np.testing.assert_allclose(rs.read(tmp_path / "out.txt").score, SCORES)


def test_todays_text_comes_back_as_it_was(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["boxmot"](tmp_path))
    assert write(tracks, tmp_path / "out.txt") == ()
    assert rs.read(tmp_path / "out.txt").source.equals(tracks.source)


@pytest.mark.parametrize(
    ("tail", "taken"),
    [
        ("1,1,0.86131", "mot"),  # ground truth as MOTChallenge writes it
        ("1,1,1", "mot"),
        ("0,7,0.5", "mot"),
        ("1.0,1.0,0.861314", "mot"),  # ground truth through pandas
        ("1,1,0.861314", "boxmot"),  # six decimals in every line, whole pixels
        ("0.861314,1,0", "boxmot"),
        ("0.861314,1,17", "boxmot"),
        ("0.86,0,-1", "boxmot"),  # a row that BoxMOT filled in
        ("0.86,1,0.5", "mot"),  # neither: the last is no place in a list
        ("97.3,1,3", "mot"),  # a confidence in per cent is warned about there
        ("1,1,3", "mot"),
    ],
)
def test_nine_columns_are_told_apart_by_their_numbers(tail: str, taken: str, tmp_path: Path) -> None:
    path = lines(tmp_path, "t.txt", [f"{f},{i},{100 * i + f},50,40,90,{tail}" for f in range(1, 9) for i in (1, 2)])
    tracks = rs.read(path)
    assert tracks.clip.format == taken
    if taken == "boxmot":
        np.testing.assert_allclose(tracks.score, 0.861314, atol=0.002)


def test_visibility_with_six_decimals_beside_boxes_of_fractions_is_ground_truth(tmp_path: Path) -> None:
    path = lines(tmp_path, "t.txt", [f"{f},1,{100.5 + f:.6f},50,40,90,1,1,0.{f}00000" for f in range(1, 9)])
    assert rs.read(path).source.column_names[-1] == "visibility"


def test_damage_in_boxmots_text_gets_one_line(tmp_path: Path) -> None:
    path = EXAMPLES["boxmot"](tmp_path)
    with path.open("a") as file:
        file.write("31,1,100,20")
    with pytest.raises(rs.InputError, match="line 91: the last line '31,1,100,20' is cut short"):
        rs.read(path)
    assert len(rs.read(path, salvage=True)) == ROWS
    with pytest.raises(rs.InputError, match="leave --format at auto"):
        rs.read(EXAMPLES["mot"](tmp_path), format="boxmot")


def test_a_build_is_joined_by_keys_not_by_position(tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES["boxmot-dataset"](tmp_path))
    assert (tracks.clip.width, tracks.clip.height) == (1920, 1080)
    assert tracks.canonical["track_id"].null_count == len(tracks) == ROWS
    place = tracks.source["detection_index"].to_pylist()
    assert [np.argmax(vector) for vector in tracks.canonical["embedding"].to_pylist()] == place
    assert tracks.source["sample_id"].to_pylist() == [f"s{f}" for f in tracks.frame.tolist()]
    np.testing.assert_allclose(tracks.score, SCORES, atol=1e-6)
    assert "no-ids" in {note.code for note in tracks.notes}


def test_a_build_without_embeddings_or_with_some(tmp_path: Path) -> None:
    EXAMPLES["boxmot-dataset"](tmp_path)
    (tmp_path / "embeddings" / "part-00001.parquet").unlink()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["artifacts"][2]["rows"] = ROWS // 2
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert rs.read(tmp_path).canonical["embedding"].null_count == ROWS // 2
    (tmp_path / "embeddings" / "part-00000.parquet").unlink()
    (tmp_path / "embeddings").rmdir()
    assert "embedding" not in rs.read(tmp_path)


def _edit(path: Path, name: str, values: list[object]) -> None:
    table = pq.read_table(path)
    at = table.column_names.index(name)
    pq.write_table(table.set_column(at, name, pa.array(values)), path)


def test_what_is_wrong_with_a_build_is_one_line(tmp_path: Path) -> None:
    part = tmp_path / "instances" / "part-00001.parquet"
    for damage, says in (
        (part.unlink, "instances: 45 rows, the manifest says 90"),
        (lambda: part.write_bytes(part.read_bytes()[:-20]), "part-00001.parquet: damaged or cut short"),
        (lambda: _edit(part, "sample_id", ["s99"] * 45), "detections of 's99', which is not among the samples"),
        (lambda: (tmp_path / "manifest.json").write_text('{"schema": "boxmot.dataset/v1"'), "manifest.json: damaged"),
        (lambda: (tmp_path / "manifest.json").write_text('["boxmot.dataset/v1"]'), "manifest.json: damaged"),
        (
            lambda: (tmp_path / "manifest.json").write_text(
                '{"schema": "boxmot.dataset/v1", "box_type": "obb", "artifacts": []}'
            ),
            "askew",
        ),
        (
            lambda: _edit(tmp_path / "embeddings" / "part-00000.parquet", "encoder_fingerprint", ["other"] * 45),
            "embeddings of 2 encoders",
        ),
    ):
        for name in ("samples", "instances", "embeddings"):
            for old in (tmp_path / name).glob("*"):
                old.unlink()
            if (tmp_path / name).exists():
                (tmp_path / name).rmdir()
        EXAMPLES["boxmot-dataset"](tmp_path)
        damage()
        assert says in refusal(tmp_path)
