"""Each broken or odd file of fixtures/bad, by its case in ``bad_cases.py``: what it gets from `info` and from `solve`.

The files are named by the case's number; fixtures/bad/generate.py made them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.tracklets.bad_cases import CASES, Case, fine
from tests.tracklets.bad_files import FILES, generate

from reid_solve.cli import main
from reid_solve.tracklets.read import read

READ = [case for case in CASES if case.rows is not None]


def command(name: str, case: Case, *more: str) -> Any:
    return CliRunner().invoke(main, [name, str(FILES / case.file), *case.options, *more])


def told(notes: list[dict[str, Any]]) -> dict[str, int]:
    return {f"{note['kind']} {note['code']}": note["count"] for note in notes}


def test_every_case_is_here() -> None:
    assert {case.number for case in CASES} == set(range(51))
    assert {path.name for path in FILES.iterdir() if path.name != "__pycache__"} <= {
        "generate.py", *(Path(case.file).parts[0] for case in CASES)
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_info(case: Case) -> None:
    done, printed = command("info", case, "--json"), command("info", case)
    assert (done.exit_code, printed.exit_code) == ((0, 0) if case.rows is not None else (2, 2))
    if case.error:
        line = f"Error: {case.error.format(file=FILES / case.file)}\n"
        assert (done.stdout, done.stderr, printed.stdout, printed.stderr) == ("", line, "", line)
        return
    facts = json.loads(done.stdout)
    assert facts["rows"] == case.rows
    assert told(facts["notes"]) == case.notes
    for note in facts["notes"]:
        assert f"{note['kind']}: {note['text']}\n" in printed.stderr


@pytest.mark.parametrize("case", READ, ids=str)
def test_rows(case: Case) -> None:
    names = {"--size": "size", "--box-format": "box_format", "--on-duplicate": "on_duplicate", "--format": "format"}
    flags = {"--drop-invalid": "drop_invalid", "--salvage": "salvage", "--percent": "percent"}
    given: dict[str, Any] = {flags[o]: True for o in case.options if o in flags}
    given |= {names[o]: value for o, value in zip(case.options, case.options[1:], strict=False) if o in names}
    if "size" in given:
        given["size"] = tuple(int(side) for side in given["size"].split("x"))
    if "--classes" in case.options:
        given["classes"] = [case.options[-1]]
    tracks = read(FILES / case.file, **given)
    assert len(tracks) == case.rows == tracks.source.num_rows
    assert case.then(tracks)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_solve(case: Case, tmp_path: Path) -> None:
    source, out = FILES / case.file, tmp_path / "out.parquet"
    before = source.read_bytes() if source.is_file() else b""
    done = command("solve", case, "-o", str(out), "--json")
    printed = command("solve", case, "-o", str(out))
    assert (source.read_bytes() if source.is_file() else b"") == before
    if case.error:
        line = f"Error: {case.error.format(file=source)}\n"
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", line)
        assert (printed.exit_code, printed.stdout, printed.stderr) == (2, "", line)
        assert list(tmp_path.iterdir()) == []
        return
    assert (done.exit_code, printed.exit_code) == (0, 0)
    summary = json.loads(done.stdout)
    counts = {f"repair {code}": n for code, n in summary["repairs"].items()}
    counts |= {f"warning {code}": n for code, n in summary["warnings"].items()}
    only_here = {"warning assumed-fps", "warning assumed-size", "warning unused-embeddings"}
    assert {name: n for name, n in counts.items() if name not in only_here} == case.notes
    for note in json.loads(command("info", case, "--json").stdout)["notes"]:
        assert f"{note['kind']}: {note['text']}\n" in printed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    again = read(out)
    assert len(again) == case.rows


@pytest.mark.parametrize("case", READ, ids=str)
def test_strict(case: Case, tmp_path: Path) -> None:
    """Repairs, and nothing else, become an error that names them all."""
    notes = json.loads(command("info", case, "--json").stdout)["notes"]
    repairs = "; ".join(note["text"] for note in notes if note["kind"] == "repair")
    for name, more in (("info", ()), ("solve", ("-o", str(tmp_path / "out.csv")))):
        done = command(name, case, "--strict", *more)
        if repairs:
            advice = "correct the input, or run without --strict"
            assert (done.exit_code, done.stdout) == (2, "")
            assert done.stderr == f"Error: {FILES / case.file}: {repairs}; {advice}\n"
            assert list(tmp_path.iterdir()) == []
        else:
            assert done.exit_code == 0


ROUND = ["01-frames-from-0.txt", "18-unsorted.txt", "22-id-above-2-53.txt", "29-string-ids.txt", "21-id-3e10.txt"]


@pytest.mark.parametrize("name", [*ROUND, "48-mot-names.parquet", "29-string-ids.parquet", "37-percent.txt"])
def test_what_was_read_comes_back(name: str, tmp_path: Path) -> None:
    """The base of the frames, the order of the rows, ids of any kind, names and scores are the user's own."""
    case = fine(0, name)
    options = ("--percent",) if "percent" in name else ()
    assert command("solve", case, "-o", str(tmp_path / "out.parquet"), *options).exit_code == 0
    before, after = read(FILES / name).source, read(tmp_path / "out.parquet").source
    assert after.column_names == [*before.column_names, "identity", "identity_score"]
    assert after.select(before.column_names).to_pylist() == before.to_pylist()


def test_the_files_are_what_the_generator_makes() -> None:
    texts, tables = generate.texts(), generate.tables()
    made = {name: text.encode() if isinstance(text, str) else text for name, text in texts.items()}
    for name, content in made.items():
        assert (FILES / name).read_bytes() == content, name
    there = {str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert there == {*texts, *tables, "generate.py"}
    assert all((FILES / name).stat().st_size < 4000 for name in there - {"generate.py"})
