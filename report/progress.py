"""That something is going on, and how far it is: on stderr, where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def frames_bar(quiet: bool, text: str, unit: str = "frames") -> Iterator[Callable[[int, int | None], None] | None]:
    """Show a bar while frames are worked through.

    Args:
        quiet: show nothing.
        text: what is going on.
        unit: what is counted, if not frames.

    Yields:
        a function to call with the number of frames done, and of all where that is known; None where nobody watches.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(text), total=None, speed="")

        def show(done: int, total: int | None) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            speed = f"{done / elapsed:.1f} {unit}/s" if elapsed > 0.5 else ""
            bar.update(task, completed=done, total=total, speed=speed)

        yield show


@contextmanager
def working(quiet: bool, text: str) -> Iterator[None]:
    """Show what is going on, where nothing is counted."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(text)):
        yield
