"""What one tool wrote as another format: it says the same there, and what it cannot is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.tracklets.formats.examples import EXAMPLES, SIZE
from tests.tracklets.formats.refused import said, unwritable

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import match
from reid_solve.tracklets.formats.registry import WRITERS, load_all
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import REQUIRED
from reid_solve.tracklets.write import write

load_all()


def test_pandas_reads_the_csv_as_it_is(tmp_path: Path) -> None:
    import pandas as pd

    box = {name: [1.5, 2.25, 1 / 3] for name in "xywh"}
    given = {"frame": [1, 2, 3], "track_id": [7, 2**60, None], "team": ["a, b", 'say "x"', None], **box}
    tracks = read(pa.table(given | {"identity": [1, None, 2]}))
    write(tracks, tmp_path / "t.csv")
    found = pd.read_csv(tmp_path / "t.csv", dtype={"track_id": "Int64", "identity": "Int64"})
    assert list(found.columns) == [*given, "identity"]
    assert found["track_id"].tolist()[:2] == [7, 2**60]
    assert found["team"].tolist()[:2] == ["a, b", 'say "x"']
    assert found["identity"].isna().tolist() == [False, True, False]
    for name in "xywh":
        assert found[name].tolist() == box[name]


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize("name", EXAMPLES)
def test_what_other_tools_wrote_is_written_without_a_loss_unsaid(name: str, percent: bool, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    tracks = read(EXAMPLES[name](source), size=SIZE, allow_pickle=True, percent=percent)
    texts = frozenset(one.name for one in tracks.source.schema if arrays.is_text(arrays.value_type(one.type)))
    called = match(tracks.source.column_names, texts, "t", {}, tracks.clip.box_format).named
    order = np.lexsort((tracks.boxes[:, 0], tracks.frame))
    for format, target in WRITERS.items():
        if unwritable(format, tracks):
            continue
        path = tmp_path / f"t{target.extensions[0]}"
        notes = write(tracks, path, format)
        wanted = "--percent" in said(notes)
        assert wanted <= percent
        again = read(path, size=SIZE, percent=wanted)
        same = np.lexsort((again.boxes[:, 0], again.frame))
        np.testing.assert_allclose(again.boxes[same], tracks.boxes[order], atol=1e-3)
        np.testing.assert_allclose(again.score[same], tracks.score[order], atol=1e-6)
        lost = [one for one in tracks.canonical.column_names if one not in again and one not in REQUIRED]
        if format == "kitti" and "class_name" not in tracks:
            lost = [one for one in lost if one != "class_id"]  # which is a word there
        known = [one for one in lost if tracks.canonical[one].null_count < len(tracks)]
        assert not [one for one in known if called[one] not in said(notes)], (format, said(notes))
        if format in {"parquet", "csv"}:
            missing = set(tracks.source.column_names) - set(again.source.column_names)
            assert not [one for one in missing if one not in said(notes)]


def test_a_second_column_of_ids_is_not_lost_unsaid(tmp_path: Path) -> None:
    box = {name: [10.5] for name in "xywh"}
    tracks = read(pa.table({"frame": [1], "track_id": [7], "id": [70], "conf": [0.5], "confidence": [0.25], **box}))
    assert "id, confidence" in said(write(tracks, tmp_path / "t.txt"))


def test_what_an_earlier_file_said_of_its_columns_is_forgotten_with_them(tmp_path: Path) -> None:
    table = pa.table({"frame": [1], "track_id": [7], "x": [10.0], "y": [20.0], "w": [40.0], "h": [90.0], "score": [50]})
    write(read(table, box_format="xyxy", percent=True), tmp_path / "a.parquet")
    first = read(tmp_path / "a.parquet")
    assert (first.boxes.tolist(), first.score.tolist()) == ([[10, 20, 30, 70]], [0.5])
    ours = replace(first, source=first.canonical, clip=replace(first.clip, box_format=None, percent=False))
    write(ours, tmp_path / "b.parquet")
    again = read(tmp_path / "b.parquet")
    assert again.canonical.equals(first.canonical)
