"""A video all the way: what stands in the folder, and what is done again and what is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MiniClip

import reid_solve as rs
from reid_solve.pipeline.ledger import Ledger, key_of
from reid_solve.pipeline.printed import said
from reid_solve.pipeline.run import run
from reid_solve.pipeline.stages import Run
from reid_solve.tracklets.video import probe

pytest.importorskip("ultralytics", reason="tracking needs the extra [track]")
STAGES = ["track", "embed", "team", "solve", "render"]


def go(clip: MiniClip, folder: Path, **options: Any) -> Run:
    return run(clip.video, folder, **{"detections": clip.tracks, "tracker": "bytetrack", **options})


def kept(done: Run) -> list[str]:
    return [stage.name for stage in done.stages if stage.kept]


@pytest.fixture(scope="module")
def first(mini_clip: MiniClip, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return go(mini_clip, tmp_path_factory.mktemp("run") / "out")


def test_everything_is_in_the_folder(first: Run, mini_clip: MiniClip) -> None:
    assert [stage.name for stage in first.stages] == STAGES
    assert not kept(first)
    solved, given = rs.read(first.folder / "tracks.parquet"), rs.read(mini_clip.tracks)
    assert len(solved) == len(given)
    assert {"identity", "identity_score", "team"} <= set(solved.canonical.column_names)
    assert probe(first.folder / "annotated.mp4").count == 75
    summary = json.loads((first.folder / "summary.json").read_text())
    assert [stage["stage"] for stage in summary["stages"]] == STAGES
    assert summary == first.to_dict()
    assert all(said(stage) for stage in first.stages)


def test_identities_are_at_least_as_good_as_the_tracks(first: Run, mini_clip: MiniClip) -> None:
    before = rs.evaluate(first.folder / "stages" / "track.parquet", mini_clip.truth).to_dict()["HOTA"]
    after = rs.evaluate(first.folder / "tracks.parquet", mini_clip.truth).to_dict()["HOTA"]
    assert after >= before


def test_nothing_is_done_twice(first: Run, mini_clip: MiniClip) -> None:
    again = go(mini_clip, first.folder)
    assert kept(again) == STAGES
    assert [stage.facts for stage in again.stages] == [stage.facts for stage in first.stages]
    assert [stage.notes for stage in again.stages] == [stage.notes for stage in first.stages]


@pytest.mark.parametrize(
    ("options", "still"),
    [
        ({"trails": True}, STAGES[:4]),
        ({"roster": "11+11+3"}, STAGES[:3]),
        ({"backend": "none"}, ["track", "team"]),
        ({"no_teams": True}, ["track", "embed"]),
        ({"conf": 0.2}, []),
    ],
)
def test_other_options_repeat_what_depends_on_them(
    first: Run, mini_clip: MiniClip, options: dict[str, Any], still: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    todo: list[str] = []

    def pretend(self: Ledger, stage: str, key: str, output: Path) -> dict[str, Any] | None:
        found = done(self, stage, key, output)
        todo.extend([] if found else [stage])
        return found or {"notes": []}

    done = Ledger.done
    monkeypatch.setattr(Ledger, "done", pretend)
    names = [stage.name for stage in go(mini_clip, first.folder, **options).stages]
    assert [name for name in names if name not in todo] == still


def test_an_interrupted_run_goes_on(mini_clip: MiniClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"backend": "none", "no_teams": True}

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reid_solve.report.render.render", interrupted)
        with pytest.raises(KeyboardInterrupt):
            go(mini_clip, tmp_path / "out", **options)
    assert not (tmp_path / "out" / "summary.json").exists()
    done = go(mini_clip, tmp_path / "out", **options)
    assert kept(done) == ["track", "solve"]
    assert (tmp_path / "out" / "annotated.mp4").is_file()


def test_a_damaged_output_is_made_again(mini_clip: MiniClip, tmp_path: Path) -> None:
    options: dict[str, Any] = {"backend": "none", "no_teams": True, "no_video": True}
    whole = go(mini_clip, tmp_path / "out", **options)
    path = tmp_path / "out" / "tracks.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    assert kept(go(mini_clip, tmp_path / "out", **options)) == ["track"]
    assert len(rs.read(path)) == whole.stages[0].facts["rows"]
    (tmp_path / "out" / "stages" / "stages.json").write_text("{ broken")
    assert kept(go(mini_clip, tmp_path / "out", **options)) == []


def test_the_content_of_files_counts_not_their_name(tmp_path: Path) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"one")
    keys = {key_of("embed", {"a": 1}, {"weights": path}, ["k"])}
    path.rename(tmp_path / "other.onnx")
    keys.add(key_of("embed", {"a": 1}, {"weights": tmp_path / "other.onnx"}, ["k"]))
    assert len(keys) == 1
    (tmp_path / "other.onnx").write_bytes(b"two")
    keys.add(key_of("embed", {"a": 1}, {"weights": tmp_path / "other.onnx"}, ["k"]))
    keys.add(key_of("embed", {"a": 2}, {"weights": tmp_path / "other.onnx"}, ["k"]))
    keys.add(key_of("embed", {"a": 1}, {"weights": tmp_path / "other.onnx"}, ["l"]))
    assert len(keys) == 4


def test_what_cannot_be_done_is_one_line(mini_clip: MiniClip, tmp_path: Path) -> None:
    with pytest.raises(rs.InputError, match="no such video"):
        run(tmp_path / "missing.mp4", tmp_path / "out", detections=mini_clip.tracks)
    with pytest.raises(rs.OptionError, match="a model or detections"):
        run(mini_clip.video, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(rs.OutputError, match="folder"):
        go(mini_clip, tmp_path / "file" / "out")
