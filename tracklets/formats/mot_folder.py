"""The folder of one clip as MOTChallenge, SoccerNet-tracking and SportsMOT have it.

``gt/gt.txt`` (else ``det/det.txt``) is read, ``seqinfo.ini`` says frame rate and size, and SoccerNet's
``gameinfo.ini`` says who each id is: ``trackletID_1= player team left;10``.
"""

from __future__ import annotations

import configparser
import re
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.columns import ALIASES
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.boxmot import is_boxmot, read_boxmot
from reid_solve.tracklets.formats.mot import read_mot
from reid_solve.tracklets.formats.registry import Loaded, Options, reader
from reid_solve.tracklets.formats.sources import Folder
from reid_solve.tracklets.table import Note, counted
from reid_solve.tracklets.track.roles import role_of

_PLACES = (("gt", "gt.txt"), ("det", "det.txt"))
_KEY = re.compile(r"trackletid_(\d{1,18})")


def _is_clip(source: Folder) -> bool:
    return any((inner := source.folder(first)) is not None and name in inner.files for first, name in _PLACES)


@reader(
    "mot-folder",
    recognises=_is_clip,
    takes="folder",
    about="clip of MOTChallenge, SoccerNet-tracking or SportsMOT: gt/gt.txt (else det/det.txt), gameinfo.ini",
)
def read_clip(folder: Folder, options: Options) -> Loaded:
    """Read the ground truth of a clip, or its detections where there is none, and say which.

    Raises:
        InputError: there is neither, or the file is no MOT text.
    """
    found = [(first, file) for first, name in _PLACES if (file := folder.file(first, name)) is not None]
    if not found:
        raise InputError(f"{folder}: neither gt/gt.txt nor det/det.txt in it; give the file to read")
    first, file = found[0]
    loaded = read_boxmot(file, options) if is_boxmot(file) else read_mot(file, options)
    text = f"{first}/{file.path.name} is read"
    if len(found) > 1:
        text += ", not det/det.txt beside it; for that one give the file itself"
    # its own name, since MOT text, which would be written as it was read, has no place for the people below
    loaded = replace(loaded, clip=replace(loaded.clip, format="mot-folder"))
    notes = [Note("file-taken", loaded.table.num_rows, text, "warning")]
    if first == "gt" and "gameinfo.ini" in folder.files:
        loaded, told = _with_people(loaded, folder)
        notes.append(told)
    return replace(loaded, notes=(*notes, *loaded.notes))


def _with_people(loaded: Loaded, folder: Folder) -> tuple[Loaded, Note]:
    """The same rows with role, team and jersey of their ids, as far as gameinfo.ini gives them."""
    try:
        people = _people((folder.path / "gameinfo.ini").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        reason = str(error).splitlines()[0]
        return loaded, Note("gameinfo", 1, f"gameinfo.ini cannot be understood: {reason}", "warning")
    table = loaded.table
    column = loaded.columns.get("track_id") or next(
        (name for name in table.column_names if name.strip().lower() in ALIASES["track_id"]), None
    )
    if column is None:
        return loaded, Note("gameinfo", 1, "gameinfo.ini numbers the ids, and there is no column of them", "warning")
    ids = arrays.whole(table[column])
    if arrays.is_text(ids.type):
        return loaded, Note("gameinfo", 1, "gameinfo.ini numbers the ids, and these are words: not used", "warning")
    ids = ids.cast(pa.int64(), safe=False)
    at = pc.index_in(ids, value_set=pa.array(list(people), pa.int64()))
    for place, name in enumerate(("role", "team", "jersey")):
        words = pa.array([one[place] for one in people.values()], pa.string())
        if name not in table.column_names and words.null_count < len(words):
            table = table.append_column(name, words.take(at))
    text = f"gameinfo.ini says role, team or shirt number of {counted(len(people), 'id')}"
    return replace(loaded, table=table), Note("gameinfo", len(people), text, "warning")


def _people(text: str) -> dict[int, tuple[str | None, str | None, str | None]]:
    """Role, team and shirt number by id. Letters stand where SoccerNet's people could not read a number."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.read_string(text)
    people = {}
    for key, value in parser["Sequence"].items():
        match = _KEY.fullmatch(key)
        if match is None:
            continue
        kind, _, number = (part.strip() for part in value.partition(";"))
        role = role_of(kind) or ("other" if kind else None)
        team = next((word for word in kind.split() if word in {"left", "right"}), None)
        wears = role in {"player", "goalkeeper"} and re.fullmatch(r"\d{1,2}", number)
        people[int(match[1])] = (role, team, number if wears else None)
    return people
