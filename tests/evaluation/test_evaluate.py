"""The public function: tables, sequences, files, folders, and what it says when they do not fit."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from reid_solve.evaluation.evaluate import Evaluation, evaluate, people_of
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Clip, Note, Tracks

Row = tuple[int, Any, float]  # frame, id, x


def tracks(rows: list[Row], **columns: list[Any]) -> Tracks:
    """A table of boxes of 10 × 10 pixels."""
    frame, ids, x = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    n = len(rows)
    size = {"y": [0.0] * n, "w": [10.0] * n, "h": [10.0] * n}
    table = pa.table({"frame": pa.array(frame, pa.int64()), "track_id": ids, "x": x, **size, **columns})
    return Tracks(table, table)


TWO: list[Row] = [(f, i, 100.0 * i) for f in range(4) for i in (1, 2)]


def mot(path: Path, rows: list[Row], flag: Callable[[Row], int] = lambda row: 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{f + 1},{i},{x},0,10,10,{flag((f, i, x))},-1,-1,-1\n" for f, i, x in rows))
    return path


def test_perfect() -> None:
    found = evaluate(tracks(TWO), tracks(TWO)).pooled.scalars()
    assert (found["HOTA"], found["IDF1"], found["MOTA"], found["IDs"]) == (100, 100, 100, 2)


def test_identity_wins_over_track_id() -> None:
    split = [(f, f, 100.0) for f in range(4)]
    one = [(f, 7, 100.0) for f in range(4)]
    assert evaluate(tracks(split), tracks(one)).pooled.scalars()["IDF1"] == 25
    solved = evaluate(tracks(split, identity=[5] * 4), tracks(one))
    assert solved.pooled.scalars()["IDF1"] == 100
    assert solved.pooled.attribution.pieces == 4


def test_truth_in_the_same_table() -> None:
    table = tracks([(f, f, 100.0) for f in range(4)], gt_id=[1, 1, 1, None])
    result = evaluate(table, table)
    assert (result.pooled.scalars()["gt_rows"], result.pooled.scalars()["rows"]) == (3, 4)
    assert [(note.code, note.count) for note in result.notes] == [("no-gt-id", 1)]


def test_rows_of_nobody_are_left_out_and_counted() -> None:
    result = evaluate(tracks(TWO, identity=[1, None] * 4), tracks(TWO))
    assert (result.pooled.scalars()["rows"], result.pooled.clear.fn) == (4, 4)
    (note,) = result.notes
    assert (note.code, note.count, note.kind) == ("no-identity", 4, "warning")
    assert "clip: 4 rows of the predictions have no identity" in note.text


def test_rows_without_track_id_go_by_identity() -> None:
    found = evaluate(tracks([(0, None, 100.0), (1, None, 100.0), (0, None, 200.0)], identity=[1, 1, 2]), tracks(TWO))
    assert (found.pooled.attribution.pieces, found.pooled.ids) == (2, 2)


def test_text_ids() -> None:
    named: list[Row] = [(f, "ab"[i - 1], x) for f, i, x in TWO]
    assert evaluate(tracks(named), tracks(TWO)).pooled.scalars()["IDF1"] == 100


def test_flag_zero_is_not_considered() -> None:
    result = evaluate(tracks(TWO), tracks(TWO, score=[1.0, 0.0] * 4))
    assert (result.pooled.clear.tp, result.pooled.clear.fp, result.pooled.gt_ids) == (4, 4, 1)
    assert [(note.code, note.count) for note in result.notes] == [("flagged-zero", 4)]
    # where truth and detections share a table, a score is a score
    both = tracks(TWO, score=[1.0, 0.0] * 4, gt_id=[1, 2] * 4)
    assert evaluate(both, both).pooled.clear.tp == 8


@pytest.mark.parametrize("side", ["predictions", "ground truth"])
def test_twice_in_a_frame(side: str) -> None:
    bad, good = tracks([*TWO, (2, 1, 500.0), (3, 2, 500.0)]), tracks(TWO)
    with pytest.raises(InputError, match=rf"clip: {side}: frame 2 has track_id 1 twice \(2 such rows\); keep one box"):
        evaluate(*((bad, good) if side == "predictions" else (good, bad)))


def test_objects_with_tracks_and_data_frames() -> None:
    @dataclass
    class Result:
        tracks: Tracks

    assert evaluate(Result(tracks(TWO)), tracks(TWO).canonical).pooled.scalars()["HOTA"] == 100


def sequences(names: str) -> Tracks:
    """Each letter is a clip of two people for four frames."""
    return tracks(TWO * len(names), sequence=[name for name in names for _ in TWO])


def test_sequences_are_paired_by_name() -> None:
    result = evaluate(sequences("bca"), sequences("ab"))
    assert list(result.clips) == ["a", "b"]
    assert result.pooled.scalars()["HOTA"] == 100
    assert (result.pooled.gt_ids, result.pooled.clear.tp) == (4, 16)
    assert [note.text for note in result.notes] == ["no ground truth for 1 clip, left out: c"]


def test_a_missing_sequence_is_an_error() -> None:
    with pytest.raises(InputError, match="no tracks for 2 of 3 clips: a, c; add them"):
        evaluate(sequences("b"), sequences("abc"))


def test_sequences_on_one_side_only() -> None:
    assert list(evaluate(tracks(TWO), sequences("a")).clips) == ["clip"]
    with pytest.raises(InputError, match="table has 2 sequences, table has no column 'sequence'"):
        evaluate(tracks(TWO), sequences("ab"))
    with pytest.raises(InputError, match="8 rows have no sequence"):
        evaluate(tracks(TWO, sequence=pa.nulls(8, pa.string())), sequences("a"))


def test_empty_sides() -> None:
    full = tracks(TWO)
    nothing = replace(full, canonical=full.canonical.slice(0, 0))
    for pred, gt, mota in ((nothing, tracks(TWO), 0), (tracks(TWO), nothing, 0), (nothing, nothing, 0)):
        assert evaluate(pred, gt, ceiling=True).pooled.scalars()["MOTA"] == mota


def test_files(tmp_path: Path) -> None:
    pred, gt = mot(tmp_path / "out" / "first.txt", TWO), mot(tmp_path / "first" / "gt" / "gt.txt", TWO)
    for truth in (gt, str(gt), gt.parent, gt.parent.parent):
        result = evaluate(pred, truth)
        assert list(result.clips) == ["first"]
        assert result.pooled.scalars()["HOTA"] == 100
    assert list(evaluate(tracks(TWO), gt).clips) == ["first"]


def test_repairs_of_the_reader_are_passed_on() -> None:
    noted = tracks(TWO).noted(Note("identical-duplicates", 3, "3 rows dropped"), Note("odd", 1, "odd", "warning"))
    result = evaluate(replace(noted, clip=Clip(source="a.txt")), tracks(TWO))
    assert [note.text for note in result.notes] == ["a.txt: 3 rows dropped"]


def folders(root: Path) -> tuple[Path, Path]:
    """Predictions flat and in folders, ground truth in every layout."""
    pred, gt = root / "pred", root / "gt"
    mot(pred / "one.txt", TWO)
    mot(pred / "two" / "any.txt", TWO[:4])
    mot(gt / "one" / "gt" / "gt.txt", TWO)
    mot(gt / "two" / "gt.txt", TWO)
    (gt / "notes.txt").write_text("not a clip")
    (gt / "other").mkdir()
    return pred, gt


def test_folders(tmp_path: Path) -> None:
    pred, gt = folders(tmp_path)
    result = evaluate(pred, gt)
    assert list(result.clips) == ["one", "two"]
    assert [scores.scalars()["MOTA"] for scores in result.clips.values()] == [100, 50]
    assert result.pooled.scalars()["MOTA"] == 75


def test_flat_folders(tmp_path: Path) -> None:
    for side in "pred", "gt":
        for name in "a.b", "c":
            mot(tmp_path / side / f"{name}.txt", TWO)
    mot(tmp_path / "pred" / "more.txt", TWO)
    result = evaluate(tmp_path / "pred", tmp_path / "gt")
    assert list(result.clips) == ["a.b", "c"]
    assert [note.code for note in result.notes] == ["no-ground-truth"]


def test_one_folder_for_all(tmp_path: Path) -> None:
    """The layout of SoccerNet with the output of several trackers in each clip's folder."""
    for clip in "one", "two":
        mot(tmp_path / clip / "gt.txt", TWO)
        mot(tmp_path / clip / "good.txt", TWO)
        mot(tmp_path / clip / "bad.txt", TWO[:4])
        (tmp_path / clip / "seqinfo.ini").write_text("[Sequence]\nframeRate=25\n")
    assert evaluate(tmp_path, tmp_path, tracker="good").pooled.scalars()["MOTA"] == 100
    assert evaluate(tmp_path, tmp_path, tracker="bad").pooled.scalars()["MOTA"] == 50
    assert evaluate(tmp_path / "one", tmp_path / "one", tracker="bad").pooled.scalars()["MOTA"] == 50
    with pytest.raises(InputError, match=r"one: 2 track files \(bad.txt, good.txt\); say which with --tracker NAME"):
        evaluate(tmp_path, tmp_path)
    with pytest.raises(InputError, match=r"one: no file best\.\*; it holds bad.txt, good.txt"):
        evaluate(tmp_path, tmp_path, tracker="best")


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    pred, gt = folders(tmp_path)
    mot(gt / "three" / "gt.txt", TWO)
    assert evaluate(pred, gt / "two").pooled.scalars()["MOTA"] == 50
    with pytest.raises(InputError, match="no tracks for 1 of 3 clips: three"):
        evaluate(pred, gt)
    with pytest.raises(InputError, match="is a folder of clips, the predictions are not"):
        evaluate(pred / "one.txt", gt)
    with pytest.raises(InputError, match="no clip with ground truth; expected NAME"):
        evaluate(pred, gt / "other")
    mot(pred / "two.txt", TWO)
    with pytest.raises(InputError, match=r"two and two\.txt are both clip 'two'"):
        evaluate(pred, gt)
    (pred / "two.txt").unlink()
    (pred / "two" / "any.txt").unlink()
    with pytest.raises(InputError, match=r"two: no track file; expected one, for example two\.txt"):
        evaluate(pred, gt / "two")
    with pytest.raises(InputError, match="two: no track file"):
        evaluate(pred / "two", gt / "two")


def test_to_dict_is_json() -> None:
    result = evaluate(sequences("ab"), sequences("ab"), ceiling=True)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert {"HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "IDF1", "IDP", "IDR"} <= set(plain)
    assert {"MOTA", "MOTP", "IDSW", "Frag", "MT", "ML", "PT", "FP", "FN", "IDs", "GT_IDs", "rows"} <= set(plain)
    assert len(plain["per_alpha"]["alpha"]) == len(plain["per_alpha"]["LocA"]) == 19
    assert plain["HOTA"] == pytest.approx(math.fsum(plain["per_alpha"]["HOTA"]) / 19)
    assert [row["clip"] for row in plain["clips"]] == ["a", "b"]
    assert plain["attribution"]["boxes"]["right"] == 16
    assert set(plain["ceiling"]) == {"unmerged", "merge_only", "per_box"}
    assert plain["notes"] == []
    assert "ceiling" not in evaluate(tracks(TWO), tracks(TWO)).to_dict()


def test_people_of() -> None:
    """Every row gets its true person, whatever its own id, numbered by first appearance."""
    shown = tracks([(1, 9, 200.0), (0, None, 100.0), (0, 9, 104.0), (0, 9, 900.0), (2, 9, 106.0)])
    assert list(people_of(shown, tracks(TWO))) == [1, 0, -1, -1, -1]
    assert list(people_of(tracks(TWO), tracks(TWO))) == [0, 1] * 4
    apart = people_of(sequences("ba"), sequences("ab"))
    assert list(apart) == [2, 3] * 4 + [0, 1] * 4


def test_importing_is_light() -> None:
    """The command line imports this before it knows that it will score anything."""
    heavy = "{'pandas', 'scipy', 'networkx', 'numba', 'torch'}"
    code = f"import sys, reid_solve.evaluation.evaluate; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_pool_of_one_clip_is_the_clip() -> None:
    result = evaluate(tracks(TWO[:6]), tracks(TWO))
    assert isinstance(result, Evaluation)
    assert result.pooled is result.clips["clip"]
