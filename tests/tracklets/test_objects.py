"""Tables and tracker results that a program passes; appearance beside them; and what info says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reid_solve.tracklets.embeddings import attach, read_embeddings
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.info import info
from reid_solve.tracklets.read import read

BOX = {"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0], "w": [30.0] * 3, "h": [60.0] * 3}


def test_tables_of_all_kinds_give_the_same_rows() -> None:
    frame = pd.DataFrame({"frame": [1, 2, 2], "track_id": [5, 5, 6], **BOX})
    table = pa.Table.from_pandas(frame)
    wanted = read(table).canonical
    indexed = frame.set_index(["frame", "track_id"])
    for source in (frame, indexed, table.to_batches()[0]):
        assert read(source).canonical.equals(wanted)
    tracks = read(frame)
    assert read(tracks) is tracks

    @dataclass
    class Result:
        tracks: Any

    assert read(Result(tracks)) is tracks


def test_a_data_frame_with_missing_ids_and_one_with_mixed_types() -> None:
    frame = pd.DataFrame({"frame": [1, 2, 2], "track_id": [5.0, np.nan, 6.0], **BOX})
    assert read(frame).canonical["track_id"].to_pylist() == [5, None, 6]
    with pytest.raises(InputError, match="DataFrame"):
        read(frame.assign(note=[1, "a", b"c"]))
    with pytest.raises(InputError, match="row 1: x is None"):
        read(frame.assign(x=[1.0, np.nan, 2.0]))


@dataclass
class Tensor:
    """What a torch tensor offers here: it must come to the CPU before numpy may see it."""

    values: Any

    def cpu(self) -> Tensor:
        return Tensor(np.asarray(self.values))

    def numpy(self) -> Any:
        return self.values

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a tensor on the GPU")


@dataclass
class Boxes:
    xyxy: Any
    id: Any
    conf: Any
    cls: Any


@dataclass
class Results:
    boxes: Any
    names: dict[int, str] = field(default_factory=lambda: {0: "person", 32: "sports ball"})
    orig_shape: tuple[int, int] = (1080, 1920)


def test_ultralytics_results() -> None:
    box = [[10.0, 20.0, 40.0, 80.0], [50.0, 20.0, 80.0, 80.0]]
    some = Results(Boxes(Tensor(box), Tensor([7.0, 8.0]), Tensor([0.5, 0.6]), Tensor([0.0, 32.0])))
    none = Results(Boxes(Tensor(np.zeros((0, 4))), None, Tensor([]), Tensor([])))
    unconfirmed = Results(Boxes(Tensor(box[:1]), None, Tensor([0.25]), Tensor([0.0])))
    for source in ([some, none, unconfirmed], iter([some, none, unconfirmed])):
        tracks = read(source)
        assert tracks.frame.tolist() == [0, 0, 2]
        assert tracks.canonical["track_id"].to_pylist() == [7, 8, None]
        assert tracks.boxes[0].tolist() == [10, 20, 30, 60]
        assert tracks.score.tolist() == [0.5, 0.6, 0.25]
        assert tracks.canonical["class_name"].to_pylist() == ["person", "sports ball", "person"]
        assert (tracks.clip.width, tracks.clip.height, tracks.clip.length) == (1920, 1080, 3)
        assert [note.code for note in tracks.notes] == ["unassigned"]
    assert read([none]).clip.length == 1
    assert len(read([some], classes=["person"])) == 1


def test_supervision_detections() -> None:
    supervision = pytest.importorskip("supervision")
    box = np.array([[10.0, 20.0, 40.0, 80.0], [50.0, 20.0, 80.0, 80.0]])
    data = {"class_name": np.array(["person", "ball"]), "vector": np.eye(2), "team": np.array(["a", "b"])}
    full = supervision.Detections(
        xyxy=box, tracker_id=np.array([1, 2]), confidence=np.array([0.5, 0.6]), class_id=np.array([0, 1]), data=data
    )
    tracks = read([supervision.Detections.empty(), full])
    assert tracks.frame.tolist() == [1, 1]
    assert tracks.canonical["track_id"].to_pylist() == [1, 2]
    assert tracks.canonical["team"].to_pylist() == ["a", "b"]
    assert tracks.canonical["class_name"].to_pylist() == ["person", "ball"]
    assert tracks.source["vector"].to_pylist() == [[1, 0], [0, 1]]
    bare = read([supervision.Detections(xyxy=box)])
    assert bare.canonical["track_id"].to_pylist() == [None, None]


def test_an_empty_list_is_a_video_without_frames() -> None:
    assert len(read([])) == 0


def sidecar(path: Path, **columns: Any) -> Path:
    base = {"frame": [1, 2, 2, 9], "id": [5, 5, 6, 5], "embedding": [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]}
    pq.write_table(pa.table(base | columns), path)
    return path


@pytest.mark.parametrize("ids", [[5, 5, 6], ["5", "5", "6"]], ids=["numbers", "strings"])
def test_embeddings_find_their_rows(ids: list[Any], tmp_path: Path) -> None:
    tracks = read(pa.table({"frame": [2, 1, 2], "track_id": [ids[2], ids[0], ids[1]], **BOX}))
    found = attach(tracks, read_embeddings(sidecar(tmp_path / "e.parquet")))
    assert found.rows.tolist() == [1, 2]
    assert found.vectors.tolist() == [[1, 0], [0, 1]]
    assert found.vectors.dtype == np.float32
    assert {note.code: note.count for note in found.notes} == {"missing-embeddings": 1, "unmatched-embeddings": 1}


def test_embeddings_that_do_not_fit(tmp_path: Path) -> None:
    tracks = read(pa.table({"frame": [2, 1, 2], "track_id": [6, 5, 5], **BOX}))
    with pytest.raises(InputError, match="none of its 3 embeddings"):
        attach(tracks, read_embeddings(sidecar(tmp_path / "a.parquet", frame=[100, 101, 102, 103])))
    with pytest.raises(InputError, match="row 1: an embedding of 3 numbers, while others have 2"):
        read_embeddings(sidecar(tmp_path / "b.parquet", embedding=[[1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 1.0], None]))
    with pytest.raises(InputError, match="no column embedding"):
        read_embeddings(_without_embedding(tmp_path / "c.parquet"))
    with pytest.raises(InputError, match="not lists of numbers"):
        read_embeddings(sidecar(tmp_path / "e.parquet", embedding=["a"] * 4))
    with pytest.raises(InputError, match="no such file"):
        read_embeddings(tmp_path / "none.parquet")


def _without_embedding(path: Path) -> Path:
    pq.write_table(pa.table({"frame": [1], "id": [1]}), path)
    return path


def test_embeddings_join_within_their_sequence(tmp_path: Path) -> None:
    tracks = read(pa.table({"sequence": ["a", "b", "b"], "frame": [1, 1, 2], "track_id": [5, 5, 5], **BOX}))
    path = sidecar(tmp_path / "e.parquet", sequence=["b", "b", "c", "a"], id=[5, 5, 5, 5])
    found = attach(tracks, read_embeddings(path))
    assert found.rows.tolist() == [1, 2]


def test_one_id_in_two_sequences_is_no_duplicate() -> None:
    table = pa.table({"seq": ["a", "b", "b"], "frame": [1, 1, 2], "track_id": [5, 5, 5], **BOX})
    assert read(table).notes == ()
    with pytest.raises(InputError, match="row 0 and row 1: frame 1 has id 5 twice"):
        read(table.drop_columns(["seq"]))


def test_info_is_json_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("1,5,1,2,30,60\n2,5,1,2,30,60\n2,-1,9,9,30,60\n9,6,1,2,30,60\n")
    said = json.loads(json.dumps(info(read(path, fps=25))))
    assert said["rows"] == 4
    assert said["frames"] == {"first": 1, "last": 9, "count": 3}
    assert said["ids"] == {"count": 2, "unassigned_rows": 1}
    assert said["tracklets"] == {"count": 2, "median_length": 1.5, "longest": 2}
    assert said["rows_per_frame"] == {"mean": 4 / 3, "max": 2}
    assert said["clip"]["from"] == {"fps": "option"}
    assert [note["code"] for note in said["notes"]] == ["unassigned"]
    assert (
        json.loads(json.dumps(info(read(pa.table({"frame": [], "id": [], "x": [], "y": [], "w": [], "h": []})))))[
            "rows"
        ]
        == 0
    )
    known = info(read(pa.table({"frame": [1, 2, 3], "ID": [1, 1, 1], "mine": [1, 2, 3], **BOX})))["columns"]
    assert known == {"known": ["frame", "ID", "x", "y", "w", "h"], "unknown": ["mine"]}


def test_reading_a_small_file_imports_neither_pandas_nor_torch(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("1,5,1,2,30,60\n2,5,1,2,30,60\n2,x,9,9,30,60\n")
    code = (
        "import sys; from reid_solve.tracklets.read import read; from reid_solve.tracklets.write import write\n"
        "from reid_solve.tracklets.info import info\n"
        "t = read(sys.argv[1]); info(t); [write(t, sys.argv[1] + e) for e in ('.csv', '.parquet')]\n"
        "read(sys.argv[1] + '.parquet')\n"
        "print([m for m in ('pandas', 'torch', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "in.txt")], capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
