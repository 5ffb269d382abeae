"""A video all the way: what stands in the folder, and what is done again and what is not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MiniClip

import reid_solve as rs
from reid_solve.pipeline.ledger import Ledger
from reid_solve.pipeline.printed import print_run, said
from reid_solve.pipeline.run import run
from reid_solve.pipeline.stages import Done, Run
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


def test_a_video_of_another_run_is_said_to_be_one(
    first: Run, mini_clip: MiniClip, capsys: pytest.CaptureFixture[str]
) -> None:
    same = go(mini_clip, first.folder, no_video=True)
    assert same.notes == ()
    for _ in range(2):  # also where nothing is done anew
        other = go(mini_clip, first.folder, no_video=True, no_teams=True)
        assert [note.code for note in other.notes] == ["of-another-run"]
        assert other.to_dict()["notes"][0]["kind"] == "warning"
    print_run(other)
    assert "annotated.mp4: not of this run" in capsys.readouterr().err.replace("\n", " ")
    assert (first.folder / "annotated.mp4").is_file()
    assert go(mini_clip, first.folder).notes == ()


Keys = Callable[..., dict[str, str]]


@pytest.fixture
def keys(mini_clip: MiniClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Keys of the stages of a run, by name; nothing is done."""

    def of(**options: Any) -> dict[str, str]:
        found: dict[str, str] = {}

        def pretend(self: Ledger, stage: str, key: str, output: Path) -> dict[str, Any]:
            found[stage] = key
            return {}

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "done", pretend)
            go(mini_clip, tmp_path / "out", **options)
        return found

    return of


def same(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [name for name in other if one.get(name) == other[name]]


@pytest.mark.parametrize(
    ("options", "still"),
    [
        ({"trails": True}, STAGES[:4]),
        ({"compare": True}, STAGES[:4]),
        ({"roster": "11+11+3"}, STAGES[:3]),
        ({"backend": "none"}, ["track", "team"]),
        ({"no_teams": True}, ["track", "embed"]),
        ({"no_video": True}, STAGES[:4]),
        ({"conf": 0.2}, []),
    ],
)
def test_other_options_repeat_what_depends_on_them(options: dict[str, Any], still: list[str], keys: Keys) -> None:
    assert same(keys(), keys(**options)) == still


def test_other_contents_repeat_what_depends_on_them(keys: Keys, mini_clip: MiniClip, tmp_path: Path) -> None:
    """Also of what is not named itself: a folder's files, a network's weights beside it, the seqinfo.ini of a clip."""
    clip, network, file = tmp_path / "clip", tmp_path / "network.onnx", tmp_path / "trained.pt"
    (clip / "det").mkdir(parents=True)
    rs.write(rs.read(mini_clip.tracks), clip / "det" / "det.txt")
    for path in (network, file):
        path.write_bytes(b"weights")

    def changed(path: Path, **options: Any) -> list[str]:
        before = keys(**options)
        path.write_text("[Sequence]\nframeRate=50\n")
        return [name for name in STAGES if name not in same(before, keys(**options))]

    seen = ["embed", "solve", "render"]
    assert changed(file, backend=str(file)) == seen
    assert changed(network, backend=f"onnx:{network}") == seen
    assert changed(network.with_name("network.onnx.data"), backend=f"onnx:{network}") == seen
    assert changed(clip / "seqinfo.ini", detections=clip / "det" / "det.txt") == STAGES
    assert changed(clip / "det" / "det.txt", detections=clip) == STAGES


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


def test_a_run_inside_the_folder_that_it_reads(mini_clip: MiniClip, tmp_path: Path) -> None:
    """What it leaves there is no other input, and neither in its own way."""
    options: dict[str, Any] = {"backend": "none", "no_teams": True, "no_video": True, "detections": tmp_path}
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nimWidth=640\nimHeight=360\n")
    for number in range(1, 76):
        line = f"0 {0.3 + number / 500} 0.5 0.05 0.2 0.9\n"
        (tmp_path / f"clip_{number}.txt").write_text(line)
    assert not kept(go(mini_clip, tmp_path / "out", **options))
    assert kept(go(mini_clip, tmp_path / "out", **options)) == ["track", "solve"]
    assert not kept(go(mini_clip, tmp_path / "out", **{**options, "conf": 0.3}))


@pytest.mark.parametrize("name", ["tracks.parquet", "stages/track.parquet", "annotated.mp4", "summary.json"])
def test_no_input_is_overwritten(name: str, mini_clip: MiniClip, tmp_path: Path) -> None:
    """The user's file may have the name that a result gets, and lie where the results are to go."""
    given = tmp_path / name
    given.parent.mkdir(exist_ok=True)
    video = name.endswith("mp4")
    given.write_bytes((mini_clip.video if video else mini_clip.tracks).read_bytes())
    with pytest.raises(rs.OutputError, match="input itself, which is never overwritten"):
        run(given if video else mini_clip.video, tmp_path, detections=mini_clip.tracks if video else given)
    assert given.read_bytes() == (mini_clip.video if video else mini_clip.tracks).read_bytes()
    assert {path.name for path in tmp_path.rglob("*")} == {given.name, "stages"}


def test_a_team_may_be_called_what_rich_takes_for_markup(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    facts = {"kits": {"[/red]": "#112233"}, "labels": {"[/red]": 3, "[b]": 2}}
    print_run(Run(tmp_path, (Done("team", tmp_path / "team.parquet", facts, (), 1.0, kept=False),)))
    assert "tracklets: 3 [/red] (#112233), 2 [b]" in capsys.readouterr().err


def test_what_cannot_be_done_is_one_line(mini_clip: MiniClip, tmp_path: Path) -> None:
    with pytest.raises(rs.InputError, match="no such video"):
        run(tmp_path / "missing.mp4", tmp_path / "out", detections=mini_clip.tracks)
    with pytest.raises(rs.OptionError, match="no backend 'colour'; one of: color"):
        go(mini_clip, tmp_path / "out", backend="colour")
    assert list(tmp_path.iterdir()) == []  # not even the tracks, which may take an hour
    with pytest.raises(rs.OptionError, match="a model or detections"):
        run(mini_clip.video, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(rs.OutputError, match="folder"):
        go(mini_clip, tmp_path / "file" / "out")
