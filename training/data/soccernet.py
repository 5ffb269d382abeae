"""SoccerNet-v3 re-identification: pictures of one action from several views, in the organisers' own folders and names.

``{train,valid,test,challenge}/[query|gallery/]LEAGUE/SEASON/GAME/ACTION/`` holds
``BBOX-ACTION-PERSON-FRAME-CLASS-ID-UAI-HxW.png``; in the challenge, whose answers are secret, ``BBOX-ACTION-HxW.png``.
A person's number means something inside an action only: the same human in another action has another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.folders import pictures_in
from reid_solve.training.data.reidset import ReidSet, layout, set_of

TESTS = ("valid", "test", "challenge")
NAME = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)-([^-]+)-([^-]+)-([^-]+)-(\d+)x(\d+)\.png")
SECRET = re.compile(r"(\d+)-(\d+)-(\d+)x(\d+)\.png")
GAME = re.compile(r"\d{4}-\d{2}-\d{2} - \d{2}-\d{2} (.+) \d+ - \d+ (.+)")  # date - time HOME goals - goals AWAY
UNKNOWN = -1


@layout("soccernet", TESTS)
def soccernet(root: Path, test: str) -> ReidSet:
    """Read the names of ``train`` and of one of valid, test and challenge.

    The camera is the number of the view in its action (0 live, the others replays); in the challenge it is not told,
    and neither is the person: -1. ``id`` is the number that submissions call a picture by.

    Raises:
        InputError: the folders are not there, or a picture has a name of another form.
    """
    root = _home(root)
    columns: dict[str, list[str]] = {
        name: [] for name in ("path", "split", "person", "action", "match", "teams", "season", "league")
    }
    camid: list[int] = []
    number_of: list[int] = []
    for subset, split, file in _files(root, test):
        name = file.rpartition("/")[2]
        found = NAME.fullmatch(name)
        known = found or (SECRET.fullmatch(name) if subset == "challenge" else None)
        if known is None:
            form = "BBOX-ACTION-HxW.png" if subset == "challenge" else "BBOX-ACTION-PERSON-FRAME-CLASS-ID-UAI-HxW.png"
            raise InputError(f"{root / file}: not a name of this layout; expected {form}")
        number, action = known[1], known[2]
        number_of.append(int(number))
        camid.append(int(found[4]) if found else int(split == "gallery"))
        person = f"{subset}/{action}/{found[3]}" if found else ""
        for key, value in (("path", file), ("split", split), ("person", person), ("action", f"{subset}/{action}")):
            columns[key].append(value)
        for key, value in _where(file[: -len(name)], 1 if split == "train" else 2).items():
            columns[key].append(value)
    if not number_of:
        raise InputError(f"{root}: no pictures in train or {test}; are the zip files unpacked there?")
    person_of = np.array(columns.pop("person"))
    pid = np.unique(person_of, return_inverse=True)[1] + 1
    pid[person_of == ""] = UNKNOWN
    return set_of(f"{root.name}:{test}", root, {**columns, "pid": pid.tolist(), "camid": camid, "id": number_of})


def _home(root: Path) -> Path:
    """The folder with train, valid, ...: this one, or where the organisers' loader puts it."""
    for place in (root, root / "reid", root / "soccernetv3" / "reid"):
        if any((place / name).is_dir() for name in ("train", *TESTS)):
            return place
    raise InputError(f"{root}: no train, {', '.join(TESTS)} in it; give the folder where the zip files were unpacked")


def _files(root: Path, test: str) -> Iterator[tuple[str, str, str]]:
    """Subset, split and path of each picture; in a subset by the number of the picture, as in submissions."""
    wanted = [("train", "train", "train")] if (root / "train").is_dir() else []
    if (root / test).is_dir():
        wanted += [(test, split, f"{test}/{split}") for split in ("query", "gallery")]
    elif test != TESTS[0] or not wanted:
        raise InputError(f"{root}: no folder {test} in it; unpack {test}.zip there")
    for subset, split, folder in wanted:
        if not (root / folder).is_dir():
            raise InputError(f"{root / folder}: no such folder; unpack {subset}.zip again")
        files = pictures_in(root, folder, deep=True)
        for file in sorted(files, key=lambda file: (_leading(file), file)):
            yield subset, split, file


def _leading(file: str) -> int:
    digits = file.rpartition("/")[2].split("-")[0]
    return int(digits) if digits.isdigit() else -1


@cache
def _where(folder: str, depth: int) -> dict[str, str]:
    """Match, teams, season and league of a folder, ``LEAGUE/SEASON/GAME/ACTION/`` from a depth on; empty where flat."""
    folders = folder.split("/")[depth:-1]
    if len(folders) < 3:
        return dict.fromkeys(("match", "teams", "season", "league"), "")
    league, season, game = folders[:3]
    sides = GAME.fullmatch(game)
    teams = " - ".join(sorted(sides.groups())) if sides else ""
    return {"match": f"{league}/{season}/{game}", "teams": teams, "season": f"{league}/{season}", "league": league}
