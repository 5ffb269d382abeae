"""Help pages: every command is there, its examples run, and what they offer is what there is."""

import inspect
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.digits import write_reader
from tests.evaluation.retrieval.small import write_features

from reid_solve.cli import main
from reid_solve.commands.options import CUES, METHODS
from reid_solve.commands.training import TRUTHS
from reid_solve.pipeline.run import run as run_all
from reid_solve.report.render import render
from reid_solve.solver.cues import CUES as LEARNT
from reid_solve.solver.methods import METHODS as SOLVERS
from reid_solve.solver.solve import solve
from reid_solve.tracklets.detect import track
from reid_solve.tracklets.embed.files import embed_file
from reid_solve.tracklets.read import read
from reid_solve.training.data.clips import KINDS
from reid_solve.training.retrieval import reid_evaluate


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def pages() -> list[list[str]]:
    return [[], *([name] for name in main.commands)]


@pytest.mark.parametrize("page", pages(), ids=lambda p: " ".join(p) or "reid-solve")
def test_the_examples_in_help_run(page: list[str], derby_folder: Path, request: pytest.FixtureRequest) -> None:
    text = run(*page, "--help").output
    run("convert", "gt.parquet", "gt.txt")
    if "video.mp4" in text:
        shutil.copy(request.getfixturevalue("derby_video"), "video.mp4")
        tracks = pq.read_table("tracks.parquet")
        pq.write_table(tracks.filter(pc.field("frame") <= 30), "tracks.parquet")  # as long as the video
    if "digits.onnx" in text:
        write_reader(Path("digits.onnx"))
    if "features.npy" in text:
        write_features(derby_folder)
    if "seed1.pt" in text:
        from reid_solve.tracklets.embed.networks import build, save

        for name in ("seed1.pt", "seed2.pt"):
            save(Path(name), build("osnet:x0_25", image_size=(64, 32)))
    examples = re.findall(r"^\s+reid-solve (.+)$", text.split("Example")[1].split("Options:")[0], re.MULTILINE)
    assert examples
    run("tracks.parquet")
    for example in examples:
        done = run(*shlex.split(example))
        assert done.exit_code == 0, (example, done.output)


def test_the_first_help_page_shows_every_command_with_a_whole_sentence() -> None:
    """By theme, on a terminal of 80 columns: a sentence that had to be cut would end in dots."""
    text = run("--help").output
    shown = re.findall(r"^  ([a-z-]+)  +(\S.*)$", text.split("Who is who:")[1], re.MULTILINE)
    assert sorted(name for name, _ in shown) == sorted(main.commands)
    assert [name for name, sentence in shown if sentence.endswith("..") or not sentence.endswith(".")] == []


def test_options_that_commands_share_have_headings() -> None:
    sections = re.findall(r"^([A-Z][a-z ]+):$", run("solve", "--help").output, re.MULTILINE)
    assert sections[-4:] == ["Options", "Deciding", "Filling gaps", "Reading"]
    shown = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", run("run", "--help").output, re.MULTILINE)
    offered = [p.opts for p in main.commands["run"].params if isinstance(p, click.Option)]
    assert sorted(shown) == sorted(["--help", *(next(o for o in opts if o[:2] == "--") for opts in offered)])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("solve", solve),
        ("info", read),
        ("track", track),
        ("embed", embed_file),
        ("render", render),
        ("run", run_all),
        ("reid-evaluate", reid_evaluate),
    ],
)
def test_an_option_means_without_being_given_what_its_keyword_does(name: str, function: Callable[..., object]) -> None:
    command = main.commands[name]
    required = [p for p in command.params if p.required]
    words = [word for p in required for word in ([p.opts[0], "x"] if isinstance(p, click.Option) else ["x"])]
    given = command.make_context(name, words).params
    keywords = inspect.signature(function).parameters
    options = [p for p in command.params if isinstance(p, click.Option) and p not in required]
    both = [str(p.name) for p in options if p.name in keywords]
    assert len(both) >= 2
    for key in both:
        assert given[key] == keywords[key].default or not (given[key] or keywords[key].default), key


def test_the_names_offered_are_the_names_there_are() -> None:
    assert ("auto", *sorted(SOLVERS)) == METHODS
    assert tuple(LEARNT) == CUES
    assert KINDS == TRUTHS
