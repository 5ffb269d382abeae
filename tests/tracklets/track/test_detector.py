"""From video to tracklets by a model of random weights: its boxes are nonsense, and what is around them is not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reid_solve as rs
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.track import detector as detectors
from reid_solve.tracklets.video import pictures

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")

NAMES = {0: "Ball", 1: "GoalKeeper", 2: "player", 3: "referee"}


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
