"""Broken and odd files, and real ones: what `info` and `solve` say to each, and whether they keep their promises.

python benchmarks/bad_input.py --data FOLDER [--data FOLDER ...] [--processes]

Every file is copied to a place of its own, with the seqinfo.ini beside it, and read there. The promises: exit code 0 or
2, no traceback, one line for an error, the input as it was, an output only where all went well, which can be read
again, and nothing else left behind.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import click
from click.testing import CliRunner
from rich.markup import escape
from rich.table import Table

from reid_solve.cli import main as reid_solve
from reid_solve.commands.solving import IN_TEXT, default_output
from reid_solve.report.tables import console

ASSUMED = ("no frame rate known", "no picture size known")  # true of any file that comes alone
COMPANION = "seqinfo.ini"


@dataclass(frozen=True)
class Done:
    """What one command did."""

    code: int
    stdout: str
    stderr: str


def command(processes: bool, *arguments: str) -> Done:
    """Run reid-solve, here or as a user does: how a process ends is only seen there."""
    if not processes:
        result = CliRunner().invoke(reid_solve, list(arguments))
        return Done(result.exit_code, result.stdout, result.stderr)
    start = "from reid_solve.cli import main; main(prog_name='reid-solve')"
    run = subprocess.run([sys.executable, "-c", start, *arguments], capture_output=True, text=True, check=False)
    return Done(run.returncode, run.stdout, run.stderr)


def notes(done: Done) -> list[str]:
    """What was said beyond the usual."""
    lines = [line.strip() for line in done.stderr.splitlines()]
    if done.code:
        return lines[-1:]
    return [line for line in lines if line.startswith(("repair:", "warning:")) and not any(a in line for a in ASSUMED)]


def broken(source: Path, original: Path, info: Done, done: Done, processes: bool) -> list[str]:
    """Promises that were not kept."""
    failed = done.code != 0
    possible = [default_output(source, found=found) for found in ("", *IN_TEXT)]
    output = next((path for path in possible if path.exists()), possible[0])
    expected = {source.name, *({output.name} if not failed else ())} | {
        path.name for path in source.parent.glob(COMPANION)
    }
    said = info.stdout + info.stderr + done.stdout + done.stderr
    checks = {
        "exit code": {info.code, done.code} <= {0, 2} and info.code == done.code,
        "traceback": "Traceback" not in said and "mistake in reid-solve" not in said,
        "one line": not failed or (done.stderr.count("\n") == 1 and info.stderr == done.stderr),
        "stdout": done.stdout == "",
        "files left": {path.name for path in source.parent.iterdir()} == expected,
        "input changed": source.read_bytes() == original.read_bytes(),
    }
    if not failed and output.exists():
        checks["output cannot be read"] = command(processes, "info", str(output)).code == 0
    return [name for name, kept in checks.items() if not kept]


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    multiple=True,
    help="Folder of files, and of folders of files; repeatable.",
)
@click.option("--skip", multiple=True, metavar="GLOB", help="Leave out files of such names; repeatable.")
@click.option("--processes", is_flag=True, help="Start a process for every command, as users do.")
@click.option("--brief", is_flag=True, help="Only files to which something was said.")
@click.option("--option", "options", multiple=True, help="Passed on to both commands, such as --option=--strict.")
def main(data: tuple[Path, ...], skip: tuple[str, ...], processes: bool, brief: bool, options: tuple[str, ...]) -> None:
    """Read and solve every file of some folders; exit code 1 if a promise was broken.

    \b
    Example:
        python benchmarks/bad_input.py --data fixtures/derby
    """  # fmt: skip
    table = Table(box=None, pad_edge=False)
    for name in ("file", "info", "solve", "what is said", "broken"):
        table.add_column(name, no_wrap=name not in {"what is said", "broken"})
    bad = 0
    outcomes: dict[int, int] = {}
    found = [(folder, path) for folder in data for path in sorted(folder.rglob("*")) if path.is_file()]
    for root, original in found:
        if original.name == COMPANION or any(fnmatch(original.name, glob) for glob in skip):
            continue
        with tempfile.TemporaryDirectory() as folder:
            source = Path(shutil.copyfile(original, Path(folder) / original.name))
            if (original.parent / COMPANION).is_file():
                shutil.copyfile(original.parent / COMPANION, Path(folder) / COMPANION)
            info = command(processes, "info", str(source), *options)
            done = command(processes, "solve", str(source), *options)
            said = [line.replace(f"{folder}/", "") for line in notes(done)]
            wrong = broken(source, original, info, done, processes)
        bad += bool(wrong)
        outcomes[done.code] = outcomes.get(done.code, 0) + 1
        if said or wrong or not brief:
            name = str(original.relative_to(root))
            table.add_row(name, str(info.code), str(done.code), escape("\n".join(said) or "-"), ", ".join(wrong))
    console().print(table)
    counts = ", ".join(f"{count} with exit code {code}" for code, count in sorted(outcomes.items()))
    console().print(f"\n{sum(outcomes.values())} files: {counts}; {bad} with a broken promise")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
