"""The function and the command that track: what they do with detections and models, and what with mistakes."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from tests.clips import ids_of

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.commands.options import TRACKERS
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.track import detector as detectors
from reid_solve.tracklets.track.linker import KINDS

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")

ROOT = Path(__file__).parents[2]
DERBY = ROOT / "fixtures" / "derby"
NAMES = {0: "Ball", 1: "GoalKeeper", 2: "player", 3: "referee"}


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
