"""How the command line behaves: a default command, one-line errors, exit codes, a progress note on stderr."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from reid_solve.tracklets.errors import ReidSolveError

TEXT_ENDINGS = (".txt", ".csv", ".txt.gz", ".csv.gz")


class _UserError(click.ClickException):
    exit_code = 2


class OneLineErrors(click.Group):
    """A group with a default command whose errors are one line.

    Exit codes: 0 done; 1 interrupted, or a mistake in this program; 2 something the user can put right; 143 (or 129)
    told to stop by SIGTERM (or SIGHUP).
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of a file or an option that is not the group's own."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            self._refuse_mistyped_command(ctx, args[0])
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def _refuse_mistyped_command(self, ctx: click.Context, word: str) -> None:
        close = get_close_matches(word, self.commands, n=1)
        if close and not Path(word).exists():
            raise click.UsageError(f"neither a file nor a command: {word!r}; did you mean {close[0]!r}?", ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn every failure into one line and an exit code."""
        try:
            with _tidy_when_told_to_stop():
                return super().invoke(ctx)
        except ReidSolveError as error:
            raise _UserError(" ".join(str(error).split())) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except OSError as error:
            raise _UserError(
                f"{error.strerror or error}: nothing more can be written or read; make room and try again"
            ) from error
        except Exception as error:
            if os.environ.get("REID_SOLVE_DEBUG"):
                raise
            kind = type(error).__name__
            text = f"{kind}: {' '.join(str(error).split())[:300]}; this is a mistake in reid-solve, please report it "
            raise click.ClickException(text + "(REID_SOLVE_DEBUG=1 shows where)") from error


@contextmanager
def _tidy_when_told_to_stop() -> Iterator[None]:
    """Leave as after Ctrl-C, so that nothing unfinished stays behind, when a scheduler or a closed terminal ends it."""

    def leave(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores it
                before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def picture_size(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse ``1920x1080``."""
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*[xX×,]\s*(\d+)\s*", value)
    if not match or not int(match[1]) or not int(match[2]):
        raise click.BadParameter(f"{value!r} is not a size; write it as 1920x1080")
    return int(match[1]), int(match[2])


def default_output(source: Path) -> Path:
    """``tracks.identities.parquet`` beside ``tracks.parquet``; text stays text, anything else becomes parquet."""
    ending = next((e for e in sorted(TEXT_ENDINGS, key=len, reverse=True) if source.name.lower().endswith(e)), None)
    if ending:
        return source.parent / f"{source.name[: -len(ending)]}.identities{ending}"
    return source.parent / f"{source.stem}.identities.parquet"


@contextmanager
def quiet_or_bar(quiet: bool, text: str) -> Iterator[None]:
    """Show on stderr that something is going on, where a person is watching."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield
