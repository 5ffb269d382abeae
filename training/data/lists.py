"""Sets described by lists: train.txt, query.txt and gallery.txt with a line ``PATH PERSON CAMERA`` a picture.

This is what ``reid-solve reid-data`` writes, with the match and the clip of each person in ``gid2info.json``,
and where and when each picture was taken in ``places.csv``.
"""

from __future__ import annotations

from pathlib import Path

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.folders import levels_of
from reid_solve.training.data.places import places_in
from reid_solve.training.data.reidset import SPLITS, ReidSet, layout, set_of


@layout("lists")
def lists(root: Path) -> ReidSet:
    """Read the lists; pictures are not looked for. Lines of a person below 0 are kept as they are.

    Raises:
        InputError: no list is there, or a line is of another form.
    """
    there = [split for split in SPLITS if (root / f"{split}.txt").is_file()]
    if not there:
        raise InputError(f"{root}: no train.txt, query.txt or gallery.txt in it; is it a set of reid-solve reid-data?")
    path: list[str] = []
    split: list[str] = []
    pid: list[int] = []
    camid: list[int] = []
    for part in there:
        file = root / f"{part}.txt"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{file}: cannot be read ({str(error).splitlines()[0]}); write it again") from error
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            cells = line.rsplit(maxsplit=2)  # names of files may hold blanks
            try:
                name, person, camera = cells[0], int(cells[1]), int(cells[2])
            except (ValueError, IndexError):
                raise InputError(f"{file}, line {number}: {line.strip()[:80]!r} is not PATH PERSON CAMERA") from None
            path.append(name)
            pid.append(person)
            camid.append(camera)
            split.append(part)
    columns = {
        "path": path,
        "pid": pid,
        "camid": camid,
        "split": split,
        **levels_of(root, pid),
        **places_in(root, path),
    }
    return set_of(root.name, root, columns)
