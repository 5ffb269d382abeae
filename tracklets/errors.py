"""Errors that a user can put right. The message is one line: the place, the fact, the next step."""


class ReidSolveError(Exception):
    """Base of every error this package raises on purpose; the command line prints it and exits with 2."""


class InputError(ReidSolveError):
    """A file or table that cannot be used as it is."""


class OptionError(ReidSolveError):
    """Options that contradict each other or the input."""


class OutputError(ReidSolveError):
    """A result that cannot be written; what stood at the place before is untouched."""
