"""Boxes whose people are known become tracklets: short, pure, and none of the rows is lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.clips import ids_of

import reid_solve as rs
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.table import IntArray, Tracks
from reid_solve.tracklets.track.linker import settled

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")

ROOT = Path(__file__).parents[3]
DERBY = ROOT / "fixtures" / "derby"
SNMOT = ROOT / ".." / "shared" / "data" / "snmot116-video"


def purity(ids: IntArray, person: IntArray) -> float:
    """Share of the rows in tracks (n,) that are their track's most frequent person."""
    _, pair, size = np.unique(np.column_stack([ids, person])[ids >= 0], axis=0, return_index=True, return_counts=True)
    main_ = np.zeros(int(ids.max()) + 1, np.int64)
    np.maximum.at(main_, ids[ids >= 0][pair], size)
    return float(main_.sum() / (ids >= 0).sum())


@pytest.fixture(scope="module")
def truth() -> Tracks:
    return rs.read(DERBY / "gt.parquet")


def without(tracks: Tracks, *columns: str) -> Any:
    return tracks.canonical.drop_columns([*columns])


def test_true_boxes_become_short_and_pure_tracklets(truth: Tracks) -> None:
    person = truth.codes("track_id")[0]
    found = track(detections=without(truth, "track_id"), fps=25)
    assert len(found) == len(truth)
    np.testing.assert_array_equal(found.frame, truth.frame)
    np.testing.assert_array_equal(found.boxes, truth.boxes)
    ids = ids_of(found)
    assert (ids >= 0).mean() > 0.98
    assert purity(ids, person) > 0.97
    assert len(np.unique(person)) < len(np.unique(ids[ids >= 0])) < 8 * len(np.unique(person))
    assert found.codes("role")[1].to_pylist() == truth.codes("role")[1].to_pylist()


def test_a_detectors_boxes_are_linked_and_every_row_stays(tmp_path: Path) -> None:
    before = rs.read(DERBY / "tracks.parquet")
    detections = pq.read_table(DERBY / "tracks.parquet").drop_columns(["track_id"])
    detections = detections.append_column("stadium", pa.array(["north"] * len(detections)))
    pq.write_table(detections, tmp_path / "det.parquet")
    calls: list[tuple[int, int | None]] = []
    found = track(detections=tmp_path / "det.parquet", progress=lambda done, total: calls.append((done, total)))
    np.testing.assert_array_equal(found.boxes, before.boxes)
    assert found.source["stadium"].to_pylist() == ["north"] * len(before)
    assert [done for done, _ in calls] == list(range(1, len(calls) + 1))
    assert {total for _, total in calls} == {len(np.unique(before.frame))}
    alone = ids_of(found) < 0
    (note,) = [note for note in found.notes if note.code == "untracked"]
    assert note.count == alone.sum() > 0
    assert "unassigned" not in {note.code for note in found.notes}
    rs.write(found, tmp_path / "tracks.parquet")
    again = rs.read(tmp_path / "tracks.parquet")
    assert again.canonical.equals(found.canonical)
    assert again.clip.metadata["tracker"]["tracker_type"] == "bytetrack"
    solved = rs.solve(again)
    assert rs.evaluate(solved, DERBY / "gt.parquet").to_dict()["HOTA"] > 55


def test_ids_that_detections_have_are_not_used(truth: Tracks) -> None:
    first, second = (track(detections=table, fps=25) for table in (truth.canonical, without(truth, "track_id")))
    np.testing.assert_array_equal(ids_of(first), ids_of(second))


def test_the_order_of_the_rows_changes_no_track(truth: Tracks) -> None:
    shuffled = np.random.default_rng(1).permutation(len(truth))
    first = track(detections=truth.canonical, fps=25)
    second = track(detections=truth.canonical.take(pa.array(shuffled)), fps=25)
    there, here = ids_of(first)[shuffled], ids_of(second)
    pairs = np.unique(np.column_stack([there, here]), axis=0)
    assert len(pairs) == len(np.unique(there)) == len(np.unique(here))


def test_every_fifth_frame_counts_as_consecutive(truth: Tracks) -> None:
    kept = truth.canonical.filter(pa.array(truth.frame % 5 == 0))
    renumbered = kept.set_column(0, "frame", pa.array(np.asarray(kept["frame"]) // 5))
    np.testing.assert_array_equal(ids_of(track(detections=kept, fps=25)), ids_of(track(detections=renumbered, fps=25)))


def test_after_a_pause_and_in_another_recording_everybody_is_new() -> None:
    frame = np.r_[1:11, 16:26, 32:42]
    columns = {"frame": frame, "x": 100 + frame, "y": np.full(30, 50), "w": np.full(30, 40), "h": np.full(30, 100)}
    ids = ids_of(track(detections=pa.table(columns), fps=50))  # five frames missed are bridged, six are not
    assert ids.tolist() == [1] * 20 + [2] * 10
    two = pa.concat_tables([pa.table(columns | {"sequence": [name] * 30}) for name in ("a", "b")])
    assert ids_of(track(detections=two, fps=50)).tolist() == [1] * 20 + [2] * 10 + [3] * 20 + [4] * 10


def test_uncertain_boxes_begin_nothing_and_lonely_ones_are_no_track() -> None:
    frame = np.r_[0:9, 0:9, 5, 0:9]
    x = np.repeat([100.0, 400.0, 900.0, 1300.0], [9, 9, 1, 9])
    score = np.r_[np.full(9, 0.9), np.full(9, 0.4), 0.9, [0.9] * 4, [0.05] * 5]
    columns = {"frame": frame, "x": x, "y": 0 * x, "w": 0 * x + 40, "h": 0 * x + 100, "score": score}
    found = track(detections=pa.table(columns))
    assert ids_of(found).tolist() == [1] * 9 + [-1] * 10 + [2] * 4 + [-1] * 5
    (note,) = [note for note in found.notes if note.code == "untracked"]
    assert "15 detections in no track" in note.text
    assert "14 less certain than 0.6, 1 that nothing follows" in note.text
    assert ids_of(track(detections=pa.table(columns), conf=0.95)).tolist() == [-1] * 28


def test_bot_sort_sees_through_a_moving_camera(mini_clip: Any) -> None:
    truth = rs.read(mini_clip.truth)
    person = truth.codes("track_id")[0]
    calls: list[tuple[int, int | None]] = []
    found = track(
        mini_clip.video, detections=truth, tracker="botsort", progress=lambda *done: calls.append((done[0], done[1]))
    )
    assert purity(ids_of(found), person) > 0.97
    assert (ids_of(found) >= 0).mean() > 0.95
    assert calls[-1] == (75, 75)
    assert found.clip.metadata["tracker"]["gmc_method"] == "sparseOptFlow"
    np.testing.assert_array_equal(ids_of(track(mini_clip.video, detections=truth)), ids_of(found))


def test_a_video_that_ends_early_is_the_wrong_one(mini_clip: Any) -> None:
    late = pa.table({"frame": [1, 90], "x": [5, 5], "y": [5, 5], "w": [20, 20], "h": [50, 50]})
    with pytest.raises(rs.InputError, match="frame 90"):
        track(mini_clip.video, detections=late, tracker="botsort")


def test_settled_ids_are_dense_and_in_the_order_of_the_rows() -> None:
    assert settled(np.array([9, -1, 4, 9, 7, 4, -1])).tolist() == [1, -1, 2, 1, -1, 2, -1]
    assert settled(np.zeros(0, np.int64)).tolist() == []


@pytest.mark.skipif(not SNMOT.is_dir(), reason="needs ../shared/data/snmot116-video, which is not part of the project")
def test_real_boxes_become_pure_tracklets() -> None:
    det = rs.read(SNMOT / "det.txt")
    gt = rs.read(SNMOT / ".." / "soccernet-dev" / "SNMOT-116" / "gt.txt")
    keys = [
        [(f, *box) for f, box in zip(t.frame.tolist(), map(tuple, t.boxes.tolist()), strict=True)] for t in (det, gt)
    ]
    who = dict(zip(keys[1], gt.codes("track_id")[0].tolist(), strict=True))
    found = track(detections=SNMOT / "det.txt")
    assert len(found) == len(det)
    assert purity(ids_of(found), np.array([who[key] for key in keys[0]])) > 0.97
