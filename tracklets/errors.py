"""Errors that a user can put right. The message is one line: the place, the fact, the next step."""

from __future__ import annotations

LONGEST = 1000  # characters; a cell that is quoted may hold a whole file


def one_line(text: str) -> str:
    """The text on one line that a terminal can show, whatever it quotes from a file: the rest escaped, the middle cut.

    What ends a line, controls the terminal, turns the direction or is half a character is written as Python would.
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 2 // 3]} ... {text[-LONGEST // 3 :]}"  # the place and the next step are at the ends
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class ReidSolveError(Exception):
    """Base of every error this package raises on purpose; the command line prints it and exits with 2."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class InputError(ReidSolveError):
    """A file or table that cannot be used as it is."""


class OptionError(ReidSolveError):
    """Options that contradict each other or the input."""


class OutputError(ReidSolveError):
    """A result that cannot be written; what stood at the place before is untouched."""
