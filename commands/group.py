"""How the command line behaves: a default command, one-line errors, exit codes, help pages with headings."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from reid_solve.tracklets.errors import ReidSolveError

TEXT_ENDINGS = (".txt", ".csv", ".txt.gz", ".csv.gz")


class _UserError(click.ClickException):
    exit_code = 2


class Headed(click.Option):
    """An option that the help page shows under a heading of its own."""

    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


class Command(click.Command):
    """A command whose help page has its own options first, and under headings those that it shares."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        pages: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, click.Option):
                pages.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in pages.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class OneLineErrors(click.Group):
    """A group with a default command, and themes, whose errors are one line.

    Exit codes: 0 done; 1 interrupted, or a mistake in this program; 2 something the user can put right; 143 (or 129)
    told to stop by SIGTERM (or SIGHUP).
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default
        self.themes: dict[str, list[str]] = {}

    def add_theme(self, heading: str, commands: Sequence[click.Command]) -> None:
        """Add commands, which the help page shows in this order under this heading."""
        for command in commands:
            self.add_command(command)
            self.themes.setdefault(heading, []).append(str(command.name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands in the order of the help page."""
        return [name for names in self.themes.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, theme by theme."""
        widest = max(map(len, self.commands))
        for heading, names in self.themes.items():
            with formatter.section(heading):
                said = [self.commands[name].get_short_help_str(formatter.width - 6 - widest) for name in names]
                formatter.write_dl([(name.ljust(widest), text) for name, text in zip(names, said, strict=True)])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of a file or an option that is not the group's own."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in self.commands and args[0] not in own:
            if not ctx.resilient_parsing:  # a shell asks for completions
                self._refuse_mistyped_command(ctx, args[0])
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def _refuse_mistyped_command(self, ctx: click.Context, word: str) -> None:
        close = get_close_matches(word, self.commands, n=1)
        if close and not Path(word).exists():
            raise click.UsageError(f"neither a file nor a command: {word!r}; did you mean {close[0]!r}?", ctx)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line, and show help where it asks for it."""
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with _in_one_line(), _tidy_when_told_to_stop():
            return super().invoke(ctx)


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn every failure into one line and an exit code."""
    try:
        yield
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
