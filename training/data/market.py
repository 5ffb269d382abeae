"""Folders as of Market-1501: ``0001_c1s1_000151_01.jpg`` in bounding_box_train, query and bounding_box_test.

Also DukeMTMC-reID (``0001_c2_f0046182.jpg``), MSMT17 and CUHK03 where they were brought into this layout. Number -1 is
junk that the authors left to be ignored; 0000 is nobody in particular, a distractor that belongs to the gallery.
"""

from __future__ import annotations

import re
from pathlib import Path

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Note
from reid_solve.training.data.folders import levels_of, pictures_in
from reid_solve.training.data.reidset import ReidSet, layout, set_of

FOLDERS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
NAME = re.compile(r"(-?\d+)_c(\d+)")


@layout("market")
def market(root: Path) -> ReidSet:
    """Read the names of a Market-style set; levels come from ``gid2info.json`` in it, if there is one.

    Raises:
        InputError: none of its folders is there, or a picture has a name of another form.
    """
    there = {split: name for split, name in FOLDERS.items() if (root / name).is_dir()}
    if not there:
        raise InputError(f"{root}: no {', '.join(FOLDERS.values())} in it; give the folder that holds them")
    path: list[str] = []
    pid: list[int] = []
    camid: list[int] = []
    split: list[str] = []
    junk = 0
    for part, folder in there.items():
        for file in pictures_in(root, folder):
            found = NAME.match(file.rpartition("/")[2])
            if found is None:
                raise InputError(
                    f"{root / file}: not a name of this layout; expected PERSON_cCAMERA..., as 0001_c1s1_000151_01.jpg"
                )
            if int(found[1]) < 0:
                junk += 1
                continue
            path.append(file)
            pid.append(int(found[1]))
            camid.append(int(found[2]))
            split.append(part)
    if not path:
        raise InputError(f"{root}: no pictures in {', '.join(there.values())}; is the set unpacked?")
    notes = (Note("junk", junk, f"{junk} pictures of person -1 (junk) left out"),) if junk else ()
    columns = {"path": path, "pid": pid, "camid": camid, "split": split, **levels_of(root, pid)}
    return set_of(root.name, root, columns, notes)
