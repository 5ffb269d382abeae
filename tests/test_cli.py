"""The command line as users meet it: outputs, exit codes, one-line errors."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from reid_solve.cli import main


@pytest.fixture
def clip(derby_folder: Path) -> Path:
    """The shipped clip under the names that the help pages use."""
    assert run("convert", "gt.parquet", "gt.txt").exit_code == 0
    return derby_folder


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_a_file_alone_is_solved_beside_itself(clip: Path) -> None:
    done = run("tracks.parquet")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "identities" in done.stderr
    before, after = pq.read_table(clip / "tracks.parquet"), pq.read_table(clip / "tracks.identities.parquet")
    assert after.column_names == [*before.column_names, "identity", "identity_score"]
    assert after.select(before.column_names).equals(before)


def test_json_is_one_object_and_nothing_else(clip: Path) -> None:
    done = run("solve", "tracks.parquet", "--json", "--method", "greedy")
    assert done.exit_code == 0
    summary = json.loads(done.stdout)
    assert done.stderr == ""
    assert summary["method"] == "greedy"
    assert set(summary) >= {"rows", "tracklets", "identities", "method", "objective", "bound", "repairs", "seconds"}
    assert summary["objective"] <= summary["bound"]
    assert Path(summary["output"]).exists()
    scores = json.loads(run("evaluate", "tracks.identities.parquet", "--gt", "gt.txt", "--json", "--ceiling").stdout)
    assert scores["HOTA"] > json.loads(run("evaluate", "tracks.parquet", "--gt", "gt.txt", "--json").stdout)["HOTA"]
    assert scores["clips"][0]["HOTA"] == scores["HOTA"] < scores["ceiling"]["merge_only"]["HOTA"]
    assert json.loads(run("info", "tracks.parquet", "--json").stdout)["rows"] == summary["rows"]


def test_mot_text_gets_the_identity_as_its_id(clip: Path) -> None:
    run("convert", "tracks.parquet", "t.txt")
    assert run("t.txt", "--fps", "25", "--size", "1920x1080").exit_code == 0
    rows = [line.split(",") for line in (clip / "t.identities.txt").read_text().splitlines()]
    before = [line.split(",") for line in (clip / "t.txt").read_text().splitlines()]
    assert [r[:1] + r[2:] for r in rows] == [r[:1] + r[2:] for r in before]
    assert 1 < len({r[1] for r in rows}) < len({r[1] for r in before})


@pytest.mark.parametrize(
    ("name", "format", "written"),
    [
        ("tracks.parquet", "mot", "tracks.identities.txt"),
        ("tracks.parquet", "kitti", "tracks.identities.kitti.txt"),
        ("gt.txt", "csv", "gt.identities.csv"),
    ],
)
def test_a_format_that_is_asked_for_gets_its_own_ending(name: str, format: str, written: str, clip: Path) -> None:
    before = {path.name for path in clip.iterdir()}
    assert run(name, "--to", format).exit_code == 0
    assert {path.name for path in clip.iterdir()} - before == {written}
    assert json.loads(run("info", written, "--json").stdout)["clip"]["format"] == format


@pytest.mark.parametrize(
    ("made", "called", "written", "format"),
    [
        ("t.kitti.txt", "t.kitti.txt", "t.identities.kitti.txt", "kitti"),
        ("t.kitti.txt", "0001.txt", "0001.identities.kitti.txt", "kitti"),
        ("t.kitti.txt.gz", "0001.txt.gz", "0001.identities.kitti.txt.gz", "kitti"),
        ("t.csv", "table.txt", "table.identities.csv", "csv"),
        ("t.txt", "gt.txt", "gt.identities.txt", "mot"),
    ],
)
def test_text_comes_back_as_what_it_was(made: str, called: str, written: str, format: str, clip: Path) -> None:
    assert run("convert", "tracks.parquet", made).exit_code == 0
    (clip / made).rename(clip / called)
    done = run(called, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["output"] == written
    before, after = (json.loads(run("info", name, "--json").stdout) for name in (called, written))
    assert after["clip"]["format"] == before["clip"]["format"] == format
    assert after["rows"] == before["rows"]


def test_gaps_are_filled_in_whichever_order_it_is_said(clip: Path) -> None:
    options = (["--fill", "linear", "--fill-gap", "2"], ["--fill-gap", "2", "--fill", "linear"])
    filled = [json.loads(run("tracks.parquet", *said, "--json").stdout)["interpolated"] for said in options]
    assert filled[0] == filled[1] > 0


def test_embeddings_are_used(clip: Path) -> None:
    summary = json.loads(run("tracks.parquet", "--embeddings", "embeddings.parquet", "--json").stdout)
    assert "appearance" in summary["cues"]


def test_what_a_person_says_is_obeyed_and_counted(clip: Path) -> None:
    options = ["--must-link", "10,34", "--cannot-link", "9, 31", "--min-confidence", "0.6", "--roster", "30"]
    summary = json.loads(run("tracks.parquet", *options, "--without", "edge", "--json").stdout)
    assert summary["constraints"]["must_link"] == summary["constraints"]["cannot_link"] == 1
    assert summary["withheld"] > 0
    assert summary["roster"][0]["cap"] == 30
    assert summary["cues"] == ["motion", "time"]
    rows = pq.read_table("tracks.identities.parquet").to_pylist()
    identity = {row["track_id"]: row["identity"] for row in rows}
    assert identity[10] == identity[34]
    assert identity[9] != identity[31]


def test_explain_tells_the_same_to_people_and_programs(clip: Path) -> None:
    (reason,) = json.loads(run("explain", "tracks.parquet", "--tracks", "9", "31", "--json").stdout)["recordings"]
    text = run("explain", "tracks.parquet", "--tracks", "9", "31").stdout
    assert reason["verdict"] in text
    assert all(name in text for name in reason["links"][0]["terms"])
    run("tracks.parquet")
    solved = run("explain", "tracks.identities.parquet", "--tracks", "9", "31").stdout
    assert solved == text
    conflict = run("explain", "tracks.parquet", "--tracks", "1", "2").stdout
    assert "conflict" in conflict
    assert "frame 2" in conflict


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nothing.txt"], "nothing.txt: no such file"),
        (["."], "a folder"),
        (["evalute", "a"], "did you mean 'evaluate'"),
        (["tracks.parquet", "--size", "big"], "write it as 1920x1080"),
        (["tracks.parquet", "--method", "magic"], "'auto', 'cluster', 'exact'"),
        (["tracks.parquet", "-o", "nowhere/out.parquet"], "nowhere"),
        (["tracks.parquet", "-o", "out.docx"], "out.docx"),
        (["tracks.parquet", "-o", "tracks.parquet"], "tracks.parquet"),
        (["tracks.parquet", "--embeddings", "gt.txt"], "gt.txt"),
        (["evaluate", "tracks.parquet", "--gt", "nothing.txt"], "nothing.txt: no such file"),
        (["evaluate", "tracks.parquet"], "--gt"),
        (["tracks.parquet", "--must-link", "12"], "write it as 12,57"),
        (["tracks.parquet", "--must-link", "1,2"], "frame 2"),
        (["tracks.parquet", "--cannot-link", "1,777"], "no track 777"),
        (["tracks.parquet", "--constraints", "nothing.json"], "nothing.json"),
        (["tracks.parquet", "--constraints", "gt.txt"], "gt.txt"),
        (["tracks.parquet", "--roster", "many"], "11+11+3"),
        (["tracks.parquet", "--min-confidence", "2"], "2"),
        (["tracks.parquet", "--without", "luck"], "'motion'"),
        (["tracks.parquet", "--fill-gap", "2"], "add --fill linear"),
        (["explain", "tracks.parquet", "--tracks", "1", "777"], "no track 777"),
        (["graph", "tracks.parquet", "-o", "graph.dot"], ".graphml"),
        (["timeline", "tracks.parquet", "-o", "timeline.md"], "end it in .svg"),
        (["timeline", "tracks.parquet", "-o", "nowhere/timeline.svg"], "no folder nowhere"),
        (["cut.parquet"], "cut.parquet"),
    ],
)
def test_mistakes_get_one_line_and_exit_code_2(args: list[str], says: str, clip: Path) -> None:
    (clip / "cut.parquet").write_bytes((clip / "tracks.parquet").read_bytes()[:5000])
    before = sorted(p.name for p in clip.iterdir())
    done = run(*args)
    assert done.exit_code == 2
    error = done.stderr.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert says in error
    assert "Traceback" not in done.output
    assert sorted(p.name for p in clip.iterdir()) == before


def test_a_mistake_of_ours_is_one_line_too(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr("reid_solve.solver.solve.solve", broken)
    done = run("tracks.parquet")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError: oh no" in done.stderr


def test_interrupting_leaves_nothing_behind(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reid_solve.solver.solve.build", interrupted)
    done = run("tracks.parquet")
    assert done.exit_code == 1
    assert not (clip / "tracks.identities.parquet").exists()


def test_the_installed_command_and_a_closed_pipe(clip: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -c 'from reid_solve.cli import main; main()' --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage:")
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("args", ["--help", "--version", "info --help", "formats"])
def test_a_full_disk_behind_the_output_is_one_line(args: str) -> None:
    command = f"{shlex.quote(sys.executable)} -c 'from reid_solve.cli import main; main()' {args} > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert "make room" in done.stderr
