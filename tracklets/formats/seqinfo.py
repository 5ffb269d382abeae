"""seqinfo.ini of MOTChallenge: frame rate, length and picture size, beside the file or one folder up."""

from __future__ import annotations

import configparser
from pathlib import Path

from reid_solve.tracklets.table import Note

_KEYS = {"frameRate": "fps", "seqLength": "length", "imWidth": "width", "imHeight": "height"}


def find(path: Path) -> tuple[dict[str, float], tuple[Note, ...]]:
    """Look for a seqinfo.ini that belongs to a file (beside it, or one folder up) or to a folder (in it, or beside it).

    Returns:
        fps, length, width and height, as far as it gives them; and a warning where it cannot be understood.
    """
    start = path.absolute() if path.is_dir() else path.absolute().parent
    for folder in (start, start.parent):
        file = folder / "seqinfo.ini"
        if file.is_file():
            return _parse(file)
    return {}, ()


def _parse(file: Path) -> tuple[dict[str, float], tuple[Note, ...]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    facts: dict[str, float] = {}
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"))
        section = parser["Sequence"]
        for key, fact in _KEYS.items():
            if key in section:
                number = float(section[key])
                if not 0 < number < 1e9:
                    raise ValueError(f"{key}={section[key]}")
                facts[fact] = number
    except (OSError, ValueError, KeyError, configparser.Error) as error:
        reason = str(error).splitlines()[0]
        return facts, (Note("seqinfo", 1, f"{file.name} beside the file cannot be understood: {reason}", "warning"),)
    return facts, ()
