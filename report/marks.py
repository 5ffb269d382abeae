"""What to draw on a video: the rows of a table, by frame, each with its place, its colour and its kind of mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reid_solve.report import colours
from reid_solve.report.colours import Colour
from reid_solve.report.lanes import order
from reid_solve.solver.constraints.roles import BALL, KINDS, REFEREE
from reid_solve.solver.constraints.roster import OFFICIALS
from reid_solve.tracklets import arrays
from reid_solve.tracklets.fill import COLUMN as FILLED
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks

UNSURE = 0.5  # identity_score below: more likely wrong than right
NOBODY = -1


@dataclass(frozen=True)
class Marks:
    """Boxes of one side, one row a box, by frame and from far to near; L labels (identities or track ids).

    Attributes:
        frame: (n,) from 0, the video's first.
        boxes: (n, 4) x, y, w, h in pixels of the picture that is drawn on.
        who: (n,) label; -1 for nobody known.
        names: (L,) what the plates say.
        kind: (n,) ``BALL``, ``REFEREE``, or another number for anybody else.
        unsure: (n,) whether it is more likely somebody else.
        filled: (n,) whether nobody saw this box: it is interpolated.
        colour: (L,) of the plates, ring: (L,) of the rings.
    """

    frame: IntArray
    boxes: FloatArray
    who: IntArray
    names: Sequence[str]
    kind: IntArray
    unsure: BoolArray
    filled: BoolArray
    colour: Sequence[Colour]
    ring: Sequence[Colour]

    def __len__(self) -> int:
        return len(self.frame)

    def rows(self, frame: int) -> range:
        """The rows of one frame."""
        first, end = np.searchsorted(self.frame, [frame, frame + 1]).tolist()
        return range(first, end)


def marks(
    tracks: Tracks,
    column: str,
    first: int,
    scale: tuple[float, float],
    rows: BoolArray,
    kits: Mapping[str, Colour] | None = None,
) -> Marks:
    """Lay out a table for drawing.

    Args:
        column: "identity" or "track_id".
        first: the number of the video's first frame.
        scale: from the table's pixels to the picture's, across and down.
        rows: (n,) which rows to draw.
        kits: colours of teams, by their names in the table; others get one of four.
    """
    boxes = tracks.boxes * np.tile(scale, 2)
    at = np.flatnonzero(rows & tracks.usable)
    at = at[np.lexsort((boxes[at, 1] + boxes[at, 3], tracks.frame[at]))]
    codes, values = tracks.codes(column)
    people = order(codes[at], tracks.frame[at])
    place = np.full(len(values) + 1, NOBODY)
    place[people] = np.arange(len(people))
    who = place[codes[at]]
    words = arrays.words(values).to_pylist()
    kind, main = _settled(_kinds(tracks)[at], who, len(people))
    fixed = {REFEREE: colours.YELLOW, BALL: colours.GREEN}
    colour = [fixed.get(int(of), colours.nth(k)) for k, of in enumerate(main)]
    return Marks(
        frame=tracks.frame[at] - first,
        boxes=boxes[at],
        who=who,
        names=[str(words[person]) for person in people],
        kind=kind,
        unsure=_unsure(tracks)[at] if column == "identity" else np.zeros(len(at), np.bool_),
        filled=_flags(tracks)[at],
        colour=colour,
        ring=_rings(tracks, at, who, len(people), kits or {}) or colour,
    )


def _kinds(tracks: Tracks) -> IntArray:
    """The kind of each row, (n,): by its role, else its class, else its team."""
    out = np.full(len(tracks), NOBODY)
    for column in ("team", "class_name", "role"):
        if column not in tracks:
            continue
        code, values = tracks.codes(column)
        words = [str(v).strip().lower() for v in arrays.words(values).to_pylist()]
        said = [REFEREE if column == "team" and w in OFFICIALS else KINDS.get(w, NOBODY) for w in words]
        kind = np.array([*said, NOBODY])[code]
        out = np.where(kind == NOBODY, out, kind)
    return out


def _settled(kind: IntArray, who: IntArray, people: int) -> tuple[IntArray, IntArray]:
    """Kinds that do not flicker: of each row (n,), what most rows of its label say (nobody's speak for themselves), and
    of each label (L,).
    """
    known = (kind != NOBODY) & (who != NOBODY)
    votes = np.zeros((people + 1, max(KINDS.values()) + 1))
    np.add.at(votes, (who[known], kind[known]), 1)
    best = np.where(votes.any(axis=1), votes.argmax(axis=1), NOBODY)
    return np.where(who == NOBODY, kind, best[who]), best[:people]


def _unsure(tracks: Tracks) -> BoolArray:
    if "identity_score" not in tracks:
        return np.zeros(len(tracks), np.bool_)
    return arrays.floats(tracks.canonical["identity_score"]) < UNSURE  # unknown (NaN) is not unsure


def _flags(tracks: Tracks) -> BoolArray:
    """Rows (n,) that ``--fill`` has added."""
    for table in (tracks.canonical, tracks.source):
        if FILLED in table.column_names and pa.types.is_boolean(table.schema.field(FILLED).type):
            column = arrays.whole(table[FILLED].fill_null(False))
            bits = np.unpackbits(np.frombuffer(column.buffers()[1], np.uint8), bitorder="little")
            return bits[column.offset : column.offset + len(column)].astype(np.bool_)
    return np.zeros(len(tracks), np.bool_)


def team_names(tracks: Tracks) -> list[str]:
    """The teams that a table names, sorted; officials are none."""
    if "team" not in tracks:
        return []
    words = arrays.words(tracks.codes("team")[1]).to_pylist()
    return sorted(str(word) for word in words if str(word).strip().lower() not in OFFICIALS)


def _rings(tracks: Tracks, at: IntArray, who: IntArray, people: int, kits: Mapping[str, Colour]) -> list[Colour]:
    """The colour of each label's team, (L,): what most of its rows say; empty without teams."""
    teams = team_names(tracks)
    if not teams:
        return []
    code, values = tracks.codes("team")
    words = [str(word) for word in arrays.words(values).to_pylist()]
    palette = {name: kits.get(name, colours.TEAMS[k % len(colours.TEAMS)]) for k, name in enumerate(teams)}
    known = (who != NOBODY) & (code[at] >= 0)
    votes = np.zeros((people, len(words)))
    np.add.at(votes, (who[known], code[at][known]), 1)
    return [palette.get(words[row.argmax()], colours.GREY) if row.any() else colours.GREY for row in votes]
