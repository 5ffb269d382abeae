"""What layouts share: the pictures in a folder, and the table that says where each person is from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.reidset import LEVELS

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
INFO = "gid2info.json"
NUMBER = re.compile(r"-?\d+")


def pictures_in(root: Path, folder: str, *, deep: bool = False) -> list[str]:
    """Pictures of a folder, in order of name.

    Args:
        root: of the set.
        folder: below it.
        deep: also those of folders in it, and so on.

    Returns:
        paths relative to ``root``, with slashes.

    Raises:
        InputError: the folder cannot be read.
    """
    found: list[str] = []
    try:
        waiting = [folder]
        while waiting:
            place = waiting.pop()
            with os.scandir(root / place) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.name.lower().endswith(ENDINGS):
                        found.append(f"{place}/{entry.name}")
                    elif deep and entry.is_dir():
                        waiting.append(f"{place}/{entry.name}")
    except OSError as error:
        raise InputError(f"{error.filename}: {(error.strerror or str(error)).lower()}; check the folder") from error
    return sorted(found)


def levels_of(root: Path, pid: Sequence[int]) -> dict[str, list[str]]:
    """Level columns of rows (n,) from ``gid2info.json``; "" for a person whom it does not list.

    Raises:
        InputError: the file is not an object of objects.
    """
    file = root / INFO
    if not file.is_file():
        return {}
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({str(error).splitlines()[0]}); write it again") from error
    if not isinstance(info, dict) or not all(isinstance(facts, dict) for facts in info.values()):
        raise InputError(f'{file}: expected an object with an object for each person, as {{"1": {{"match": "m"}}}}')
    known = {name for facts in info.values() for name in facts}
    out = {}
    for name in LEVELS:
        if name in known:
            of = {int(key): str(facts.get(name) or "") for key, facts in info.items() if NUMBER.fullmatch(key)}
            out[name] = [of.get(number, "") for number in pid]
    return out
