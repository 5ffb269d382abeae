"""DeepSportRadar player re-identification (basketball, 2022 and 2023), in the organisers' own folders and names.

``reid_training``, ``reid_test/{query,gallery}`` and ``reid_challenge/{query,gallery}``. A picture is
``PERSON_SEQUENCE_FRAME.jpeg``; in the challenge, whose answers are secret, ``NUMBER.jpeg``. Queries are camera 0, the
gallery is camera 1, as in the organisers' code: queries are of the first frame, the gallery of the others.
"""

from __future__ import annotations

import re
from pathlib import Path

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.folders import pictures_in
from reid_solve.training.data.reidset import ReidSet, layout, set_of

TESTS = ("test", "challenge")
NAME = re.compile(r"(\d+)_(\d+)_(\d+)\.(?:jpe?g|png)")
SECRET = re.compile(r"(\d+)\.(?:jpe?g|png)")


@layout("deepsport", TESTS)
def deepsport(root: Path, test: str) -> ReidSet:
    """Read the names of reid_training and of one of reid_test and reid_challenge.

    ``clip`` is the sequence; ``id``, in the challenge, is the number that submissions call a picture by.

    Raises:
        InputError: the folders are not there, or a picture has a name of another form.
    """
    if not any((root / f"reid_{name}").is_dir() for name in ("training", *TESTS)) and (root / "data_reid").is_dir():
        root = root / "data_reid"
    wanted = [("train", "reid_training")] if (root / "reid_training").is_dir() else []
    if (root / f"reid_{test}").is_dir():
        wanted += [(split, f"reid_{test}/{split}") for split in ("query", "gallery")]
    elif test != TESTS[0] or not wanted:
        raise InputError(f"{root}: no folder reid_{test} in it; give the folder where data_reid.zip was unpacked")
    columns: dict[str, list[str]] = {"path": [], "split": [], "clip": []}
    pid: list[int] = []
    camid: list[int] = []
    number_of: list[int | None] = []
    for split, folder in wanted:
        if not (root / folder).is_dir():
            raise InputError(f"{root / folder}: no such folder; unpack data_reid.zip again")
        for file in pictures_in(root, folder):
            name = file.rpartition("/")[2]
            found, secret = NAME.fullmatch(name), SECRET.fullmatch(name)
            if found is None and (secret is None or test != "challenge" or split == "train"):
                raise InputError(f"{root / file}: not a name of this layout; expected PERSON_SEQUENCE_FRAME.jpeg")
            columns["path"].append(file)
            columns["split"].append(split)
            columns["clip"].append(str(int(found[2])) if found else "")
            pid.append(int(found[1]) if found else -1)
            camid.append(int(split == "gallery"))
            number_of.append(int(secret[1]) if secret else None)
    if not pid:
        raise InputError(f"{root}: no pictures in {', '.join(folder for _, folder in wanted)}; is it unpacked?")
    return set_of(f"{root.name}:{test}", root, {**columns, "pid": pid, "camid": camid, "id": number_of})
