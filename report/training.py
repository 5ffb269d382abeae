"""A training as people watch it: a bar with pictures a second and the loss, then where the network is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.markup import escape

from reid_solve.report.tables import console


class Step(Protocol):
    """What a training says after each step; see ``training.loop.progress``."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def share(self) -> float:
        """Of the training done."""

    @property
    def pictures(self) -> int:
        """Seen so far."""

    @property
    def seconds(self) -> float:
        """Since the beginning."""

    @property
    def means(self) -> Mapping[str, float]:
        """Loss and its terms, where a line of the log was due."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Of the last evaluation."""


@contextmanager
def training_bar(quiet: bool, text: str) -> Iterator[Callable[[Step], None] | None]:
    """Show a bar while a network learns.

    Args:
        quiet: show nothing.
        text: what is going on.

    Yields:
        a function to call after every step; None where nobody watches.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    said = TextColumn("{task.fields[said]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), said)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, begun, terms = bar.add_task(escape(text), total=1.0, said=""), list[float](), dict[str, float]()

        def show(now: Step) -> None:
            if not begun:  # a training that is taken up has done a part in another time
                begun.append(now.share)
                bar.reset(task, total=1.0 - now.share)
            terms.update(now.means)
            bar.update(task, completed=now.share - begun[0], said=line(now, terms))

        yield show


def line(now: Step, terms: Mapping[str, float]) -> str:
    """A step in a few words."""
    words = [f"{now.pictures / now.seconds:.0f} images/s"] if now.seconds > 0.5 else []
    words += [f"{name} {value:.3f}" for name, value in terms.items()]
    words += [f"{name} {value:.1f}" for name, value in list(now.scores.items())[:1]]
    return " · ".join(words)


def print_trained(result: Mapping[str, Any]) -> None:
    """Print on stderr what a training gave."""
    screen = console(stderr=True)
    scores = ", ".join(f"{name} {value:.1f}" for name, value in result["scores"].items())
    rate = f"{result['pictures_per_second']:.0f} images/s"
    screen.print(f"{result['steps']:,} steps, {rate}{f'; last: {scores}' if scores else ''}", highlight=False)
    if result["best"] is not None:
        screen.print(f"best: {result['best']:.1f} at step {result['best_step']:,}", highlight=False)
    screen.print(f"written to {escape(result['embedder'])}", soft_wrap=True, highlight=False)


def print_taught(result: Mapping[str, Any]) -> None:
    """Print on stderr what a match has taught."""
    screen = console(stderr=True)
    learnt = f"{result['pairs']:,} pairs seen together, {result['pieces']:,} pieces, {result['crops']:,} crops"
    screen.print(f"{learnt}; {result['steps']:,} steps, {result['seconds']:.0f} s", highlight=False)
    scores = ", ".join(f"{name} {value:.1f} -> {result['after'][name]:.1f}" for name, value in result["before"].items())
    screen.print(f"on the time held out: {scores}", highlight=False)
    which = "the trained network" if result["kept"] == "trained" else "the network it began with"
    screen.print(f"{which} is written to {escape(result['embedder'])}", soft_wrap=True, highlight=False)
