"""Fuzz every target for a while, each in a process of its own; fail if anything was found.

    python -m tests.fuzz.run --seconds 600
    python -m tests.fuzz.run --seconds 60 --only mot --only csv

The corpus grows from run to run in ``.fuzz/corpus``; what broke a target is in ``.fuzz/found/TARGET``; the command
that runs it again is printed. Keep such a file in ``tests/fuzz/crashers/TARGET/``: from then on it is a seed, and a
test.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
from tests.fuzz.targets import Fuzzed, targets

LARGEST = 1 << 16  # bytes of an input
MEGABYTES = 3072  # of a process, libraries included
PATIENCE = 60  # seconds of the clock for one input: a loaded machine is no bug
WORDS = Path(__file__).with_name("words.txt")  # that belong to the formats


@dataclass(frozen=True)
class Outcome:
    """How one target did."""

    name: str
    seeds: int
    corpus: int
    executions: int
    edges: int
    memory: int  # megabytes
    found: tuple[Path, ...]
    said: str


@click.command(epilog="Example: python -m tests.fuzz.run --seconds 60 --only mot")
@click.option("--seconds", default=600, show_default=True, help="In all, shared by the targets.")
@click.option("--jobs", default=max(os.cpu_count() or 1, 1), show_default=True, help="Targets at once.")
@click.option("--only", multiple=True, type=click.Choice([*targets()]), help="A target; all by default.")
@click.option(
    "--home", default=Path(".fuzz"), type=click.Path(path_type=Path), show_default=True, help="Corpus, finds."
)
def main(seconds: int, jobs: int, only: Sequence[str], home: Path) -> None:
    """Fuzz every reader; exit with 1 if anything was found."""
    chosen = [one for one in targets().values() if not only or one.name in only]
    share = max(seconds * min(jobs, len(chosen)) // len(chosen), 1)
    click.echo(f"{len(chosen)} targets, {share} seconds each, {jobs} at once")
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda one: fuzz(one, share, home), chosen))
    head = ("target", "seeds", "corpus", "executions", "a second", "edges", "MB", "found")
    click.echo("{:<20}{:>6}{:>8}{:>12}{:>10}{:>8}{:>6}{:>7}".format(*head))
    for o in outcomes:
        numbers = (o.seeds, o.corpus, o.executions, o.executions // share, o.edges, o.memory, len(o.found))
        click.echo(f"{o.name:<20}" + "{:>6}{:>8}{:>12}{:>10}{:>8}{:>6}{:>7}".format(*numbers))
    bad = [o for o in outcomes if o.found or not o.executions]
    for o in bad:
        click.echo(f"\n{o.name}: {o.said}")
        for path in o.found:
            click.echo(f"  {sys.executable} -m tests.fuzz.one {o.name} {path}")
    sys.exit(bool(bad))


def fuzz(one: Fuzzed, seconds: int, home: Path) -> Outcome:
    """Run one target for so many seconds."""
    corpus, found = home / "corpus" / one.name, home / "found" / one.name
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    seeds = list(one.seeds())
    for raw in seeds:
        (corpus / hashlib.sha1(raw).hexdigest()).write_bytes(raw)
    before = set(found.iterdir())
    options = {
        "max_total_time": seconds, "max_len": LARGEST, "len_control": 20, "rss_limit_mb": MEGABYTES,
        "timeout": PATIENCE, "dict": WORDS, "artifact_prefix": f"{found}/",
        "print_final_stats": 1, "reload": 0,
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz.one", one.name, str(corpus)]
    done = subprocess.run(
        [*command, *(f"-{name}={value}" for name, value in options.items())],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env={**os.environ, **_single()},
    )  # fmt: skip
    (home / f"{one.name}.log").write_text(done.stdout)
    new = sorted(set(found.iterdir()) - before)
    return Outcome(
        one.name,
        len(seeds),
        len(list(corpus.iterdir())),
        _last(r"stat::number_of_executed_units:\s+(\d+)", done.stdout) or _last(r"#(\d+)\s", done.stdout),
        _last(r" cov: (\d+) ", done.stdout),
        _last(r"stat::peak_rss_mb:\s+(\d+)", done.stdout) or _last(r" rss: (\d+)Mb", done.stdout),
        tuple(new) if done.returncode else (),
        _said(done.stdout, done.returncode),
    )


def _single() -> dict[str, str]:
    """One thread a process: they are as many as there are processors."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def _last(pattern: str, text: str) -> int:
    return int((re.findall(pattern, text) or ["0"])[-1])


def _said(text: str, code: int) -> str:
    """The line of the log that says what went wrong."""
    lines = [
        line for line in text.splitlines() if re.match(r"\w[\w.]*(Error|Exception|Warning)\b|==\d+== ?ERROR", line)
    ]
    return (lines or text.splitlines()[-1:] or ["nothing"])[0][:300] + f" (exit code {code})"


if __name__ == "__main__":
    main()
