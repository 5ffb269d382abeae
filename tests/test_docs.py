"""What the documentation says is so: snippets run, links lead somewhere, names exist, the demo prints what it shows."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.digits import write_reader

from reid_solve.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "fixtures" / "README.md"])
GENERATED = {"build", "demo", "dist", "__pycache__"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def desk(derby_folder: Path, derby_video: Path) -> Path:
    """The current folder, with the shipped clip and the beginning of its video under the names of the README."""
    shutil.copy(derby_video, derby_folder / "video.mp4")
    return derby_folder


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "guide.md"], ids=lambda p: p.stem)
def test_shell_snippets_run(page: Path, desk: Path) -> None:
    write_reader(desk / "digits.onnx")
    lines = [line.split("#")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    solved = 0
    for line in filter(None, lines):
        program, *arguments = shlex.split(line)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
            continue
        assert program == "reid-solve", line
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, (line, done.output)
        solved += 1
    assert solved >= 5
    assert {"tracks.identities.parquet", "timeline.svg"} <= {path.name for path in desk.iterdir()}


def test_python_snippets_run(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snippets = blocks(README, "python")
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, str(README), "exec"), {})
    assert "identities" in capsys.readouterr().out


def numbers(table: str) -> list[float]:
    return [float(word) for word in re.findall(r"(?<![\w-])\d+(?:\.\d+)?(?![\w-])", table)]


def test_the_demo_prints_and_draws_what_the_readme_shows(tmp_path: Path) -> None:
    """To a point of HOTA: another version of a numerical library may break a tie differently."""
    command = [sys.executable, str(ROOT / "benchmarks" / "demo.py"), "--out", str(tmp_path)]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n\n")[0]
    shown = next(block for block in blocks(README, "text") if "the tracker" in block)
    words = [re.sub(r"[\d.\s]+", " ", text).strip() for text in (table, shown)]
    assert words[0] == words[1], f"put this into README.md:\n{table}"
    assert numbers(shown) == pytest.approx(numbers(table), abs=1.0), f"put this into README.md:\n{table}"
    drawn, kept = ((folder / "timeline.svg").read_text() for folder in (tmp_path, ROOT / "docs"))
    assert len(drawn) == pytest.approx(len(kept), rel=0.1), "make pictures"


def test_explain_prints_what_the_readme_shows(desk: Path) -> None:
    shown = next(block for block in blocks(README, "text") if "evidence in nats" in block)
    printed = CliRunner().invoke(main, ["explain", "tracks.parquet", "--tracks", "10", "17"]).stdout
    words = [re.sub(r"[-+\d.\s]+", " ", text).strip() for text in (printed, shown)]
    assert words[0] == words[1], f"put this into README.md:\n{printed}"
    assert numbers(shown) == pytest.approx(numbers(printed), abs=0.05), f"put this into README.md:\n{printed}"


def test_the_quality_that_the_readme_claims_is_that_of_the_benchmarks() -> None:
    """Each row of a method in the README is in one line of the benchmark's output."""
    lines = [set(numbers(line)) for line in (ROOT / "docs" / "benchmarks.md").read_text().splitlines()]
    rows = re.findall(r"^\| (?:\*\*reid-solve\*\*|\w+-like, tuned on all) \|.*$", README.read_text(), re.MULTILINE)
    assert len(rows) == 6
    for row in rows:
        assert any(set(numbers(row.replace("*", ""))) <= line for line in lines), row


def anchors(page: Path) -> set[str]:
    """Names of a page's headings as code hosts make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_benchmark_commands_exist(page: Path) -> None:
    for name, options in re.findall(r"python (benchmarks/\w+\.py)([^`\n]*)", page.read_text()):
        source = (ROOT / name).read_text() + (ROOT / "benchmarks" / "measured.py").read_text()  # options they share
        for option in re.findall(r"--[a-z-]+", options):
            assert f'"{option}"' in source, (name, option)


def test_the_readme_names_every_command_and_the_changelog_the_version() -> None:
    text = README.read_text()
    assert [name for name in main.commands if f"| `reid-solve {name}" not in text] == []
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text().replace("[", "").replace("]", "")


def test_constants_that_the_method_page_names_exist() -> None:
    code = "\n".join(path.read_text() for part in ("tracklets", "solver") for path in (ROOT / part).rglob("*.py"))
    names = set(re.findall(r"`([A-Z][A-Z_]{2,})`", (ROOT / "docs" / "method.md").read_text()))
    assert names
    assert {name for name in names if not re.search(rf"^{name} = ", code, re.MULTILINE)} == set()


def test_no_machine_is_named() -> None:
    """Paths of one machine mean nothing on another; data that is not shipped is only a benchmark's or test's option."""
    private = [f"/{folder}/" for folder in ("work", "root", "home", "Users")]
    outside = "shared" + "/"
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in {".ci", ".gitignore"} for part in parts)
        if hidden or GENERATED & set(parts) or "egg-info" in str(path) or not path.is_file():
            continue
        if path.suffix in {".jpg", ".parquet", ".pyc"}:
            continue
        text = path.read_text(errors="replace")  # fixtures/bad holds texts in other encodings
        found += [(str(path.relative_to(ROOT)), word) for word in private if word in text]
        if parts[0] not in {"Makefile", "benchmarks", "tests"} and outside in text:
            found.append((str(path.relative_to(ROOT)), outside))
    assert found == []
