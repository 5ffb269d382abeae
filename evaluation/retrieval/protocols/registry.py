"""Protocols by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from reid_solve.evaluation.retrieval.evaluate import Labels
from reid_solve.evaluation.retrieval.items import Items
from reid_solve.evaluation.retrieval.layout import Layout
from reid_solve.evaluation.retrieval.ranks import Source
from reid_solve.tracklets.errors import InputError, OptionError

MODULES = ("deepsportradar", "market", "soccernet")


class Rules(Protocol):
    """What a protocol has to say."""

    def gallery(self, gallery: Items) -> Items:
        """Those pictures of the gallery that are ranked at all."""

    def labels(self, query: Items, gallery: Items, people: bool = True) -> Labels:
        """Who is who, and who is ranked against whom; without ``people`` only the latter counts.

        Raises:
            InputError: the table does not say what the protocol needs, or breaks its rules.
        """


class Submission(Protocol):
    """What the server of a challenge takes."""

    ending: str

    def write(self, stream: BinaryIO, source: Source, layout: Layout, query: Items, gallery: Items) -> None:
        """Write the rankings of all queries."""

    def validate(self, path: Path, sides: tuple[Items, Items] | None) -> dict[str, Any]:
        """Check a file, against the pictures that it should rank where these are known; returns counts.

        Raises:
            InputError: one line that names the first wrong place.
        """


PROTOCOLS: dict[str, Rules] = {}
SUBMISSIONS: dict[str, Submission] = {}


def protocol(name: str) -> Callable[[type[Any]], type[Any]]:
    """Register a class of ``Rules``; one that can write and validate is a ``Submission``, too."""

    def register(rules: type[Any]) -> type[Any]:
        PROTOCOLS[name] = made = rules()
        if hasattr(rules, "write"):
            SUBMISSIONS[name] = made
        return rules

    return register


def rules_of(name: str) -> Rules:
    """The protocol of a name.

    Raises:
        OptionError: there is none.
    """
    load_all()
    if name not in PROTOCOLS:
        raise OptionError(f"no protocol {name!r}; one of: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def submission_of(name: str, path: Path) -> Submission:
    """How a protocol's challenge wants its submissions.

    Args:
        name: of the protocol.
        path: of the file; its ending has to be the format's.

    Raises:
        OptionError: it has no challenge, or the file has another ending.
    """
    rules_of(name)
    if name not in SUBMISSIONS:
        raise OptionError(f"protocol {name} has no submissions; those that have: {', '.join(SUBMISSIONS)}")
    if path.suffix.lower() != SUBMISSIONS[name].ending:
        raise OptionError(f"{path}: submissions of {name} end in {SUBMISSIONS[name].ending}")
    return SUBMISSIONS[name]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one line why a submission cannot be read at all.

    Raises:
        InputError: instead of what the system says.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text; write it again") from error


def load_all() -> None:
    """Import every protocol."""
    for module in MODULES:
        import_module(f"{__package__}.{module}")
