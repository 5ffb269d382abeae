"""SoccerTrack and TeamTrack: a CSV of three header lines (TeamID, PlayerID, Attributes) and a line for each frame.

https://github.com/AtomScott/SoccerTrack: four columns or more for each player and the ball. Empty cells: not seen.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import Draft, integers, numbers
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats import lines
from reid_solve.tracklets.formats.dialect import Dialect
from reid_solve.tracklets.formats.nested import named
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.text import Text, load_text, parse
from reid_solve.tracklets.table import Clip, FloatArray, IntArray, Note
from reid_solve.tracklets.track.roles import role_of

_HEADS = ("teamid", "playerid", "attributes")
_BOX = ("bb_left", "bb_top", "bb_width", "bb_height")


@dataclass(frozen=True)
class _Origin:
    """Rows of the long table by the line and the player they stood at."""

    table: pa.Table
    line: IntArray
    player: tuple[str, ...]
    of_row: IntArray

    def place(self, row: int) -> str:
        player = self.player[self.of_row[row]]
        return f"line {self.line[row]}" + (f", player {player}" if player else "")

    def cell(self, row: int, column: str) -> str:
        return named(self.table[column][row].as_py())


def _is_soccertrack(file: File) -> bool:
    return file.head.lstrip(b'\xef\xbb\xbf \t\r\n"')[:6].lower() == b"teamid"


@reader(
    "soccertrack-csv",
    recognises=_is_soccertrack,
    turn=0,
    about="SoccerTrack, TeamTrack: CSV with TeamID, PlayerID and Attributes above a line for each frame",
    extensions=(".csv",),
)
def read_soccertrack(file: File, options: Options) -> Loaded:
    """Read a line for each frame into a row for each box; frames keep their numbers.

    Raises:
        InputError: the headers are not these, or no box can be made of what they name.
    """
    text = load_text(file, salvage=options.salvage)
    source = text.source
    heads, skipped = _heads(text)
    data = text.data.split(b"\n", skipped)[skipped] if text.data.count(b"\n") >= skipped else b""
    width = len(heads[0])
    columns = _players(heads, source)
    players = tuple(columns)
    number = _line_numbers(text, skipped)
    values, frame, notes = _values(text, data, width, number)
    n, p = len(frame), len(players)
    attributes = list(dict.fromkeys(name for one in columns.values() for name in one))
    wide = {
        name: np.column_stack([values[:, one[name]] if name in one else np.full(n, np.nan) for one in columns.values()])
        for name in attributes
    }
    seen = np.flatnonzero(np.any([~np.isnan(wide[name]) for name in attributes], axis=0).reshape(-1))
    player = seen % p
    teams = [heads[0][next(iter(one.values()))] for one in columns.values()]
    table: dict[str, Any] = {"frame": arrays.column(frame[seen // p])}
    table["track_id"] = _words(players, player)
    table["team"] = _words([None if role_of(team) == "ball" else team for team in teams], player)
    table["player_id"] = _words([heads[1][next(iter(one.values()))] for one in columns.values()], player)
    table["class_name"] = _words(["ball" if role_of(team) == "ball" else "player" for team in teams], player)
    for name in attributes:
        side = wide[name].reshape(-1)[seen]
        table[name] = arrays.column(side, None if name in _BOX else np.isnan(side))
    done = pa.table(table)
    origin = _Origin(done, number[seen // p], players, player)
    clip = Clip(source=source, format="soccertrack-csv", length=None)
    return Loaded(done, clip, origin, (*text.notes, *notes), {"track_id": "track_id", "frame": "frame"})


def _heads(text: Text) -> tuple[list[list[str]], int]:
    """The three header lines, cells of each, and how many lines there are before the data."""
    start = text.data[: 1 << 24].split(b"\n", 4)[:4]
    rows = [next(csv.reader(io.StringIO(line.decode())), []) for line in start]
    rows = [[cell.strip() for cell in row] for row in rows]
    if [row[0].lower() if row else "" for row in rows[:3]] != list(_HEADS) or len({len(row) for row in rows[:3]}) > 1:
        raise InputError(
            f"{text.source}, line 1: a SoccerTrack table begins with TeamID, PlayerID and Attributes, three lines of "
            "as many cells; correct them"
        )
    named = len(rows) > 3 and rows[3][:1] == ["frame"]  # as pandas names an index
    return rows[:3], 3 + named


def _players(heads: list[list[str]], source: str) -> dict[str, dict[str, int]]:
    """For each player, "team_player" (of the ball, one word), the column of each attribute."""
    found: dict[str, dict[str, int]] = {}
    for at, (team, player, attribute) in enumerate(zip(*heads, strict=True)):
        if at:
            name = team if team == player and role_of(team) == "ball" else f"{team}_{player}"
            if attribute in found.setdefault(name, {}):
                raise InputError(f"{source}, line 3: {attribute} of player {name} stands there twice; remove one")
            found[name][attribute] = at
    if not any(all(side in one for side in _BOX) for one in found.values()):
        raise InputError(
            f"{source}, line 3: no {', '.join(_BOX)} among the attributes, so no boxes; give the table that has"
        )
    return found


def _values(text: Text, data: bytes, width: int, number: IntArray) -> tuple[FloatArray, IntArray, tuple[Note, ...]]:
    """The numbers of all lines (n, columns), and their frames (n,)."""
    if not len(number):
        return np.zeros((0, width)), np.zeros(0, np.int64), ()
    names = [str(k) for k in range(width)]
    plain = replace(text, data=data, dialect=Dialect(",", ".", None, width))
    table, notes = parse(plain, names, ids=frozenset("0"))
    lines_of = _Origin(table, number, ("",), np.zeros(len(number), np.int64))
    draft = Draft(table, text.source, lines_of)
    frame, there = integers(draft, "frame", "0")
    if not there.all():
        raise draft.fail(~there, "frame", "0", "the first cell of a line is its number", "correct it")
    return np.column_stack([numbers(draft, "value", name) for name in names]), frame, notes


def _line_numbers(text: Text, skipped: int) -> IntArray:
    """The number in the file of each line of data, (n,)."""
    found = lines.data_lines(text.data, False)[2]
    return found[found > skipped]


def _words(words: Any, at: IntArray) -> Any:
    return pa.array(list(words), pa.string()).dictionary_encode().take(arrays.column(at))
