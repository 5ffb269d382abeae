"""The command line as users meet it: outputs, exit codes, one-line errors, and the examples in every help page."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.digits import write_reader
from tests.evaluation.retrieval.small import write_features

from reid_solve.cli import CUES, METHODS, main
from reid_solve.solver.cues import CUES as LEARNT
from reid_solve.solver.methods import METHODS as SOLVERS

DERBY = Path(__file__).parents[1] / "fixtures" / "derby"


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the shipped clip under the names that the help pages use."""
    for name in ("tracks.parquet", "gt.parquet", "embeddings.parquet"):
        shutil.copy(DERBY / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert run("convert", "gt.parquet", "gt.txt").exit_code == 0
    return tmp_path


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


def test_embeddings_are_used(clip: Path) -> None:
    summary = json.loads(run("tracks.parquet", "--embeddings", "embeddings.parquet", "--json").stdout)
    assert "appearance" in summary["cues"]


def pages() -> list[list[str]]:
    return [[], *([name] for name in main.commands)]


@pytest.mark.parametrize("page", pages(), ids=lambda p: " ".join(p) or "reid-solve")
def test_the_examples_in_help_run(page: list[str], clip: Path, request: pytest.FixtureRequest) -> None:
    text = run(*page, "--help").output
    if "video.mp4" in text:
        shutil.copy(request.getfixturevalue("derby_video"), clip / "video.mp4")
        tracks = pq.read_table(clip / "tracks.parquet")
        pq.write_table(tracks.filter(pc.field("frame") <= 30), clip / "tracks.parquet")  # as long as the video
    if "digits.onnx" in text:
        write_reader(clip / "digits.onnx")
    if "features.npy" in text:
        write_features(clip)
    if "seed1.pt" in text:
        from reid_solve.tracklets.embed.networks import build, save

        for name in ("seed1.pt", "seed2.pt"):
            save(clip / name, build("osnet:x0_25", image_size=(64, 32)))
    examples = re.findall(r"^\s+reid-solve (.+)$", text.split("Example")[1].split("Options:")[0], re.MULTILINE)
    assert examples
    run("tracks.parquet")
    for example in examples:
        done = run(*shlex.split(example))
        assert done.exit_code == 0, (example, done.output)


def test_the_methods_offered_are_the_methods_there_are() -> None:
    assert ("auto", *sorted(SOLVERS)) == METHODS
    assert tuple(LEARNT) == CUES


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
        (["explain", "tracks.parquet", "--tracks", "1", "777"], "no track 777"),
        (["graph", "tracks.parquet", "-o", "graph.dot"], ".graphml"),
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
