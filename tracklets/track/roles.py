"""Names of classes -> roles: what detectors call the people on a pitch, with goalkeepers kept apart from players."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import IntArray

# The first role one of whose words is in a name has it: a "player goalkeeper" is a goalkeeper, a "football player" no
# ball. A "person" of a general detector may be anybody, so has no role.
ROLES: Mapping[str, frozenset[str]] = {
    "goalkeeper": frozenset({"goalkeeper", "goalkeepers", "goalie", "goalies", "goaltender", "keeper", "gk"}),
    "referee": frozenset({"referee", "referees", "ref", "umpire", "linesman", "official", "officials"}),
    "player": frozenset({"player", "players"}),
    "ball": frozenset({"ball", "balls", "football", "basketball", "puck"}),
}
PEOPLE = frozenset({"person", "people", "pedestrian", "human", "athlete", "staff", "coach"})


def role_of(name: str) -> str | None:
    """The role that a class's name says, in any case and with any separators; None where it says none."""
    words = _words(name)
    return next((role for role, known in ROLES.items() if words & known), None)


def is_person(name: str) -> bool:
    """Whether a class's name says that it is somebody."""
    return role_of(name) not in {None, "ball"} or bool(_words(name) & PEOPLE)


def role_column(code: IntArray, names: Sequence[str]) -> Any | None:
    """Roles as a dictionary column, null where the class says none.

    Args:
        code: (n,) positions in ``names``; -1 where a row has no class.
        names: of classes.

    Returns:
        n words; None where no class says a role.
    """
    roles = [role_of(name) for name in names]
    said = sorted({role for role in roles if role is not None})
    if not said:
        return None
    number = np.array([-1 if role is None else said.index(role) for role in roles] + [-1], np.int32)[code]
    return pa.DictionaryArray.from_arrays(arrays.column(np.maximum(number, 0), number < 0), arrays.strings(said))


def chosen(classes: Iterable[str | int], names: Iterable[tuple[int | None, str | None]], where: str) -> set[int]:
    """Find classes by name, in any case, or by number.

    Args:
        classes: what the user asks for.
        names: number and name of each class that there is; either may be unknown.
        where: what holds the classes, for the message.

    Returns:
        positions in ``names``.

    Raises:
        OptionError: one of them is not there.
    """
    there = list(names)
    found: set[int] = set()
    for wanted in classes:
        word = str(wanted).strip().lower()
        hits = {i for i, (number, name) in enumerate(there) if word in {str(number), (name or "").strip().lower()}}
        if not word or not hits:
            known = ", ".join(dict.fromkeys(str(number if name is None else name) for number, name in there))
            raise OptionError(f"no class {wanted!r} in {where}; it has: {known or 'none'}")
        found |= hits
    return found


def _words(name: str) -> set[str]:
    joined = re.sub(r"(?i)goal[\s_-]+keeper", "goalkeeper", name)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", joined)
    return set(re.split(r"[^a-z]+", spaced.lower())) - {""}
