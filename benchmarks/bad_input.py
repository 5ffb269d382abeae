"""Broken and odd files: what `info` and `solve` say to each, and whether they keep their promises.

python benchmarks/bad_input.py --data FOLDER

Every file of the folder is copied to a place of its own and read there. The promises: exit code 0 or 2, no traceback,
one line for an error, the input as it was, an output only where all went well, and nothing else left behind.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click
from click.testing import CliRunner, Result
from rich.markup import escape
from rich.table import Table

from reid_solve.cli import main as reid_solve
from reid_solve.report.command import default_output
from reid_solve.report.tables import console

ASSUMED = ("no frame rate known", "no picture size known")  # true of any file that comes alone


def notes(done: Result) -> list[str]:
    """What was said beyond the usual."""
    lines = [line.strip() for line in done.stderr.splitlines()]
    if done.exit_code:
        return lines[-1:]
    return [line for line in lines if line.startswith(("repair:", "warning:")) and not any(a in line for a in ASSUMED)]


def broken(source: Path, original: Path, before: Result, done: Result) -> list[str]:
    """Promises that were not kept."""
    failed = done.exit_code != 0
    expected = {source.name} | (set() if failed else {default_output(source).name})
    found = {path.name for path in source.parent.iterdir()}
    checks = {
        "exit code": {before.exit_code, done.exit_code} <= {0, 2} and before.exit_code == done.exit_code,
        "traceback": "Traceback" not in before.output + done.output and "mistake in reid-solve" not in done.output,
        "one line": not failed or done.stderr.count("\n") == 1,
        "stdout": done.stdout == "",
        "files left": found == expected,
        "input changed": source.read_bytes() == original.read_bytes(),
    }
    if not failed and default_output(source).exists():
        again = CliRunner().invoke(reid_solve, ["info", str(default_output(source))])
        checks["output cannot be read"] = again.exit_code == 0
    return [name for name, kept in checks.items() if not kept]


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--option", "options", multiple=True, help="Passed on to both commands, such as --option=--strict.")
def main(data: Path, options: tuple[str, ...]) -> None:
    """Read and solve every file of a folder; exit code 1 if a promise was broken.

    \b
    Example:
        python benchmarks/bad_input.py --data fixtures/derby
    """
    table = Table(box=None, pad_edge=False)
    for name in ("file", "exit", "what is said", "broken"):
        table.add_column(name, no_wrap=name != "what is said")
    bad = 0
    files = sorted(path for path in data.iterdir() if path.is_file())
    for original in files:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(shutil.copy(original, folder))
            before = CliRunner().invoke(reid_solve, ["info", str(source), *options])
            done = CliRunner().invoke(reid_solve, ["solve", str(source), *options])
            said = [line.replace(f"{folder}/", "") for line in notes(done)]
            wrong = broken(source, original, before, done)
        bad += bool(wrong)
        table.add_row(original.name, str(done.exit_code), escape("\n".join(said) or "-"), ", ".join(wrong))
    console().print(table)
    console().print(f"\n{len(files)} files, {bad} with a broken promise")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
