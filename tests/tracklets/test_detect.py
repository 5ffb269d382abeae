"""From video or detections to tracklets: with models of random weights, and with boxes whose people are known."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import reid_solve as rs
from reid_solve.cli import TRACKERS, main
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import IntArray, Tracks
from reid_solve.tracklets.track import detector as detectors
from reid_solve.tracklets.track.linker import KINDS, settled
from reid_solve.tracklets.track.roles import chosen, is_person, role_of
from reid_solve.tracklets.video import pictures

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")

ROOT = Path(__file__).parents[2]
DERBY = ROOT / "fixtures" / "derby"
SNMOT = ROOT / ".." / "shared" / "data" / "snmot116-video"
NAMES = {0: "Ball", 1: "GoalKeeper", 2: "player", 3: "referee"}


def ids_of(tracks: Tracks) -> IntArray:
    """Track of each row, (n,), -1 for none."""
    return np.asarray(tracks.canonical["track_id"].fill_null(-1).to_numpy(), np.int64)


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


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of four classes that has learnt nothing: its boxes are nonsense, and everything around them is not."""
    from reid_solve.tracklets.track.library import ultralytics

    ultralytics("ultralytics", "tests")
    import torch
    import ultralytics as library
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("model")
    recipe = (Path(library.__file__).parent / "cfg" / "models" / "11" / "yolo11.yaml").read_text()
    (folder / "yolo11n.yaml").write_text(recipe.replace("nc: 80", "nc: 4"))
    network = DetectionModel(str(folder / "yolo11n.yaml"), verbose=False)
    network.names = NAMES
    head = network.model[-1]
    for sides, scores in zip(head.cv2, head.cv3, strict=True):
        torch.nn.init.normal_(scores[-1].weight, std=0.05)  # else every score is a thousandth
        torch.nn.init.zeros_(scores[-1].bias)
        torch.nn.init.zeros_(sides[-1].bias)
        sides[-1].bias.data.view(4, -1)[:, 1] = 12.0  # small boxes, which do not hide one another
    for layer in network.modules():  # and what a picture shows must make a difference
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    network.train()(torch.rand(4, 3, 96, 160))
    yolo = library.YOLO(str(folder / "yolo11n.yaml"), verbose=False)
    yolo.model = network
    yolo.save(folder / "football.pt")
    return folder / "football.pt"


def test_a_model_gives_rows_with_classes_and_roles(model: Path, mini_clip: Any, tmp_path: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    found = track(
        mini_clip.video, model=model, conf=0.6, imgsz=160, device="cpu", classes=["PLAYER", "goalkeeper", "0"],
        tracker="bytetrack",
        progress=lambda done, total: calls.append((done, total)),
    )  # fmt: skip
    assert len(found) > 75
    assert calls == [(done, 75) for done in range(1, 76)]
    assert (found.clip.fps, found.clip.width, found.clip.height, found.clip.length) == (25, 640, 360, 75)
    assert found.clip.frame_base == 0
    assert found.frame.min() >= 0
    assert found.frame.max() <= 74
    roles = {"Ball": "ball", "GoalKeeper": "goalkeeper", "player": "player"}
    for row in found.canonical.select(["class_id", "class_name", "role", "score"]).to_pylist():
        assert row["class_name"] == NAMES[row["class_id"]]
        assert row["role"] == roles[row["class_name"]]
        assert row["score"] >= 0.6
    x, y, w, h = found.boxes.T
    assert ((x >= 0) & (y >= 0) & (x + w <= 641) & (y + h <= 361)).all()
    rs.write(found, tmp_path / "t.parquet")
    assert rs.read(tmp_path / "t.parquet").clip.metadata["detector"] == "football.pt"


def test_people_are_what_is_looked_for_by_default(model: Path, mini_clip: Any) -> None:
    found = track(mini_clip.video, model=model, conf=0.6, imgsz=160, device="cpu", tracker="bytetrack")
    assert set(found.canonical["class_name"].to_pylist()) <= {"GoalKeeper", "player", "referee"}
    (note,) = [note for note in found.notes if note.code == "classes-chosen"]
    assert "GoalKeeper, player, referee" in note.text


def test_pictures_in_batches_give_the_same_rows(model: Path, mini_clip: Any) -> None:
    detector = detectors.Detector(model, classes=None, conf=0.6, device="cpu", imgsz=160)
    seen = [picture for _, picture in pictures(mini_clip.video, stop=5)]
    together, alone = detector.find(seen), [detector.find([picture])[0] for picture in seen]
    assert len({len(boxes) for boxes in together}) > 1
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.filterwarnings("ignore")  # what the export says is not about us
def test_an_onnx_model_does_the_same(model: Path, mini_clip: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="exporting a model needs onnx; using one does not")
    from ultralytics import YOLO

    shutil.copy(model, tmp_path)
    exported = Path(YOLO(tmp_path / model.name).export(format="onnx", imgsz=(96, 160), simplify=False, verbose=False))
    options: dict[str, Any] = {
        "conf": 0.6,
        "imgsz": 160,
        "device": "cpu",
        "classes": ["player"],
        "tracker": "bytetrack",
    }
    one, other = (track(mini_clip.video, model=path, **options) for path in (model, exported))
    assert len(one) > 10
    assert set(other.canonical["class_name"].to_pylist()) == {"player"}
    near = [
        np.abs(other.boxes[other.frame == f] - box).max(axis=1).min() < 1
        for f, box in zip(one.frame, one.boxes, strict=True)
    ]
    assert np.mean(near) > 0.99  # a score may fall on the other side of the limit
    assert len(other) == pytest.approx(len(one), rel=0.01)


class Sure(detectors.Detector):
    """A detector that sees the truth, and takes seven pictures at once."""

    truth: Tracks

    def __init__(self, path: Path, **_: Any) -> None:
        self.path, self.names, self.notes, self.batch, self.at = path, NAMES, (), 7, 0

    def find(self, pictures: Any) -> list[Any]:
        found = []
        for _ in pictures:
            self.at += 1
            x, y, w, h = self.truth.boxes[self.truth.frame == self.at].T
            found.append(np.column_stack([x, y, x + w, y + h, 0 * x + 0.9, 0 * x + 2]).astype(np.float32))
        return found


@pytest.mark.parametrize("tracker", KINDS)
def test_detections_of_a_model_are_linked_frame_by_frame(
    tracker: Any, mini_clip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = rs.read(mini_clip.truth)
    monkeypatch.setattr(Sure, "truth", truth, raising=False)
    monkeypatch.setattr("reid_solve.tracklets.detect.Detector", Sure)
    found = track(mini_clip.video, model="sure.pt", tracker=tracker)
    given = track(mini_clip.video, detections=truth, tracker=tracker)
    order = np.lexsort((np.arange(len(truth)), truth.frame))
    np.testing.assert_array_equal(found.frame + 1, truth.frame[order])
    np.testing.assert_allclose(found.boxes, truth.boxes[order], atol=1e-3)
    one, other = ids_of(found), ids_of(given)[order]
    pairs = np.unique(np.column_stack([one, other]), axis=0)
    assert len(pairs) == len(np.unique(one)) == len(np.unique(other))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "give either a model or detections"),
        ({"model": "a.pt", "detections": "b.txt"}, "give either a model or detections"),
        ({"model": "yolo11n.pt"}, "a model needs the video"),
        ({"video": "none.mp4", "model": "yolo11n.pt"}, "none.mp4: no such video"),
        ({"detections": "tracks.parquet", "tracker": "botsort"}, "botsort needs the video"),
        ({"detections": "tracks.parquet", "tracker": "sort"}, "no tracker 'sort'"),
        ({"detections": "tracks.parquet", "classes": ["player"]}, "needs a column with the class"),
        ({"detections": "gt.parquet", "classes": ["referees"]}, "needs a column with the class"),
        ({"detections": "nothing.txt"}, "nothing.txt: no such file"),
        ({"detections": "tracks.parquet", "conf": 2}, "conf must be from 0 to 1"),
    ],
)
def test_mistakes_get_one_line(options: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DERBY)
    with pytest.raises(rs.ReidSolveError, match=r"^[^\n]*$") as caught:
        track(**options)
    assert says in str(caught.value)


def test_models_that_are_none_get_one_line(model: Path, mini_clip: Any, tmp_path: Path) -> None:
    def fails(path: Path, says: str, **options: Any) -> None:
        with pytest.raises(rs.ReidSolveError, match=r"^[^\n]*$") as caught:
            track(mini_clip.video, model=path, **{"device": "cpu", **options})
        assert says in str(caught.value)

    for name in ("broken.pt", "broken.onnx", "words.txt"):
        (tmp_path / name).write_bytes(b"<html>404</html>")
    fails(Path("yolo11n.pt"), "no such model file, and none is downloaded")
    fails(tmp_path, "no such model file")
    fails(tmp_path / "broken.pt", "not a model that Ultralytics can load")
    fails(tmp_path / "broken.onnx", "not a model that Ultralytics can load")
    fails(tmp_path / "words.txt", "give a .pt or .onnx file")
    fails(model, "no class 'goat'", classes=["player", "goat"])
    fails(model, "it has: Ball, GoalKeeper, player, referee", classes=["9"])
    fails(model, "device 'cuda:77' is not there", device="cuda:77")
    fails(model, "strict: says how to read detections", strict=True)
    assert not Path("yolo11n.pt").exists()


def test_the_library_keeps_to_itself(mini_clip: Any, model: Path, tmp_path: Path) -> None:
    """No print, no file where it runs, none of ours that stays, no setting left in the environment; no home needed."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.write_text("a file, so nothing can be kept in it")
    scratch.mkdir()
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "from reid_solve.tracklets.detect import track\n"
        f"track({str(mini_clip.video)!r}, model={str(model)!r}, imgsz=64, device='cpu', conf=0.9)\n"
        "from ultralytics.utils import AUTOINSTALL, ONLINE\n"
        "left = {k for k, v in os.environ.items() if before.get(k) != v and k.startswith(('YOLO', 'ULTRA'))}\n"
        "assert not (AUTOINSTALL or ONLINE or left), left"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO", "XDG"))} | {
        "HOME": str(home),
        "TMPDIR": str(scratch),
    }
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path / "here",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list((tmp_path / "here").iterdir()) == list(scratch.glob("reid-solve*")) == []


def test_a_library_that_is_missing_or_broken_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "lap", None)
    with pytest.raises(rs.OptionError, match=r"^tracking needs lap, .*pip install 'reid-solve\[track\]'$"):
        track(detections=DERBY / "tracks.parquet")
    (tmp_path / "broken_library.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(rs.OptionError, match=r"^drawing needs broken_library, which cannot be loaded \(libGL.so.1: .*"):
        optional("broken_library", "video", "drawing")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["track", "--detections", str(DERBY / "tracks.parquet"), "-o", "t.parquet"]
    done = CliRunner().invoke(main, [*arguments, "--json"])
    facts = json.loads(done.stdout)
    assert facts["rows"] == len(rs.read("t.parquet")) == len(rs.read(DERBY / "tracks.parquet"))
    assert facts["ids"]["unassigned_rows"] == next(n["count"] for n in facts["notes"] if n["code"] == "untracked")
    done = CliRunner().invoke(main, arguments)
    assert f"{facts['tracklets']['count']} tracklets, written to t.parquet" in done.stderr
    done = CliRunner().invoke(main, ["track", "x.mp4", "--model", "yolo11n.pt", "-o", "u.parquet"])
    assert done.exit_code == 2
    assert done.stderr.strip().splitlines()[-1].startswith("Error: x.mp4: no such video")
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]
    assert ("auto", *KINDS) == TRACKERS


def test_roles_keep_goalkeepers_apart() -> None:
    said = {
        "Player": "player", "GOALKEEPER": "goalkeeper", "goal keeper": "goalkeeper",
        "goalkeeper team left": "goalkeeper",
        "player_team_left": "player", "main referee": "referee", "SideReferee": "referee", "sports ball": "ball",
        "football": "ball", "Football Player": "player", "person": None, "tennis racket": None, "goal": None,
    }  # fmt: skip
    assert {name: role_of(name) for name in said} == said
    assert [name for name in said if not is_person(name)] == ["sports ball", "football", "tennis racket", "goal"]


def test_classes_are_chosen_by_name_or_number() -> None:
    names = list(NAMES.items())
    assert chosen(["player", "1", 0], names, "m.pt") == {0, 1, 2}
    with pytest.raises(rs.OptionError, match=r"no class 'keeper' in m.pt; it has: Ball, GoalKeeper, player, referee"):
        chosen(["keeper"], names, "m.pt")


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
