"""Small named errors of trackers and solvers, drawn in ASCII, with scores worked out by hand.

One line is one true person, one column one frame. A letter is the tracked id whose box lies exactly on that person, a
dot a person whom no box is on, a blank a person who is not there. A line that begins with ``-`` is nobody: boxes beside
everyone. ``solved`` is the same picture with identities in place of track ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from reid_solve.evaluation.pairs import Pairs, Rows, pair_boxes
from reid_solve.tracklets.table import IntArray

Number = float | int


@dataclass(frozen=True)
class Case:
    """A picture, and what it must score; shares in 0..1, boxes and events as in ``AttributionCounts``."""

    name: str
    tracked: str
    scores: Mapping[str, Number]
    attribution: Mapping[str, Number]
    solved: str | None = None
    ceiling: Mapping[str, Number] = field(default_factory=dict)  # HOTA after each stage

    def __str__(self) -> str:
        return self.name


def rows(picture: str) -> tuple[Rows, Rows]:
    """True and tracked rows of a picture, boxes of 10 × 10 pixels, one line every 100 pixels."""
    gt: list[tuple[int, int, int]] = []  # frame, id, place
    tracker: list[tuple[int, int, int]] = []
    for place, line in enumerate(filter(None, picture.split("\n"))):
        name, seen = line[0], line[2:]
        for frame, letter in enumerate(seen):
            if letter != " " and name != "-":
                gt.append((frame, ord(name), place))
            if letter not in " .":
                tracker.append((frame, ord(letter), place))
    return _rows(gt), _rows(tracker)


def tracklets(case: Case) -> IntArray:
    """Track id of each tracked row, (n,), in the order in which ``pairs`` got them."""
    return rows(case.tracked)[1].id


def pairs(case: Case) -> Pairs:
    """The two sides of a case under its final identities."""
    return pair_boxes(*rows(case.solved or case.tracked))


def _rows(found: list[tuple[int, int, int]]) -> Rows:
    table = np.array(found, np.int64).reshape(-1, 3)
    size = np.full((len(table), 2), 10.0)
    boxes = np.column_stack([100.0 * table[:, 2], np.zeros(len(table)), size])
    return Rows(table[:, 0], table[:, 1], boxes)


THIRD, HALF = 3**-0.5, 2**-0.5

CASES = (
    Case(
        "perfect",
        """
A aaaaaaaa
B bbbbbbbb
""",
        {"HOTA": 1, "DetA": 1, "AssA": 1, "LocA": 1, "IDF1": 1, "MOTA": 1, "MOTP": 1, "IDSW": 0, "Frag": 0, "MT": 2},
        {"right": 16, "pieces": 2},
        ceiling={"unmerged": 1, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "swap",  # each id has 4 of a person's 8 boxes: 4 / (8 + 8 - 4)
        """
A aaaabbbb
B bbbbaaaa
""",
        {"HOTA": THIRD, "DetA": 1, "AssA": 1 / 3, "AssRe": 1 / 2, "AssPr": 1 / 2, "IDF1": 1 / 2, "MOTA": 14 / 16}
        | {"IDSW": 2, "Frag": 0, "MT": 2},
        {"right": 8, "impure": 8, "impure_pieces": 2, "pieces": 2},
        ceiling={"unmerged": THIRD, "merge_only": THIRD, "per_box": 1},
    ),
    Case(
        "split",
        """
A aaaabbbb
""",
        {"HOTA": HALF, "AssA": 1 / 2, "AssRe": 1 / 2, "AssPr": 1, "IDF1": 1 / 2, "MOTA": 7 / 8, "IDSW": 1, "Frag": 0},
        {"right": 4, "missed_merge": 4, "missing_merges": 1, "pieces": 2},
        ceiling={"unmerged": HALF, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "id reuse",
        """
A aaaa
B     aaaa
""",
        {"HOTA": HALF, "AssA": 1 / 2, "AssRe": 1, "AssPr": 1 / 2, "IDF1": 1 / 2, "MOTA": 1, "IDSW": 0},
        {"right": 4, "impure": 4, "impure_pieces": 1, "pieces": 1},
        ceiling={"unmerged": HALF, "merge_only": HALF, "per_box": 1},
    ),
    Case(
        "wrong merge",  # the same to every score, but the solver's doing
        """
A aaaa
B     bbbb
""",
        {"HOTA": HALF, "AssA": 1 / 2, "AssRe": 1, "AssPr": 1 / 2, "IDF1": 1 / 2, "MOTA": 1, "IDSW": 0},
        {"right": 4, "wrong_merge": 4, "wrong_merges": 1, "pieces": 2},
        solved="""
A xxxx
B     xxxx
""",
        ceiling={"unmerged": 1, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "right merge",  # no fragment: frames without any tracked box do not exist for CLEAR in TrackEval
        """
A aaa...bbb
""",
        {"HOTA": 6 / 9, "DetA": 6 / 9, "AssA": 6 / 9, "IDF1": 12 / 15, "MOTA": 6 / 9, "IDSW": 0, "Frag": 0, "PT": 1},
        {"right": 6, "unseen": 3, "pieces": 2},
        solved="""
A xxx...xxx
""",
        ceiling={"unmerged": 6 / 9, "merge_only": 6 / 9, "per_box": 6 / 9},
    ),
    Case(
        "merged across",  # both people wrongly joined to the other's second half
        """
A aaaa  cccc
B bbbb  dddd
""",
        {"HOTA": THIRD, "AssA": 1 / 3, "IDF1": 1 / 2, "MOTA": 14 / 16, "IDSW": 2},
        {"right": 8, "wrong_merge": 8, "wrong_merges": 2, "pieces": 4},
        solved="""
A xxxx  yyyy
B yyyy  xxxx
""",
        ceiling={"unmerged": HALF, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "cut",  # the solver cut b where the person changed, and joined both halves rightly
        """
A aaaabbbb
B     cccc
""",
        {"HOTA": 1, "AssA": 1, "IDF1": 1, "MOTA": 1, "IDSW": 0},
        {"right": 12, "pieces": 3},
        solved="""
A xxxxxxxx
B     yyyy
""",
        ceiling={"unmerged": 1, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "false positive",
        """
A aaaa
- bbbb
""",
        {"HOTA": HALF, "DetA": 1 / 2, "DetRe": 1, "DetPr": 1 / 2, "AssA": 1, "OWTA": 1, "IDF1": 2 / 3, "MOTA": 0},
        {"right": 4, "nobody": 4, "pieces": 1},
        ceiling={"unmerged": HALF, "merge_only": HALF, "per_box": HALF},
    ),
    Case(
        "miss",
        """
A aa..aa
B bbbbbb
""",
        {"DetA": 10 / 12, "AssA": (4 * 4 / 6 + 6) / 10, "AssPr": 1, "IDF1": 20 / 22, "MOTA": 10 / 12}
        | {"IDSW": 0, "Frag": 1, "MT": 1, "PT": 1},
        {"right": 10, "unseen": 2, "pieces": 2},
    ),
    Case(
        "flicker",
        """
A abababab
""",
        {"HOTA": HALF, "AssA": 1 / 2, "IDF1": 1 / 2, "MOTA": 1 / 8, "IDSW": 7, "Frag": 0, "MT": 1},
        {"right": 4, "missed_merge": 4, "missing_merges": 1, "pieces": 2},
        ceiling={"unmerged": HALF, "merge_only": 1, "per_box": 1},
    ),
    Case(
        "drift",  # a tracklet ends on somebody else: A has 6 of a's 8 boxes, B 2 of them
        """
A aaaaaa
B       aa
""",
        {"AssA": (6 * 6 / 8 + 2 * 2 / 8) / 8, "DetA": 1, "MOTA": 1, "IDSW": 0, "IDF1": 6 / 8, "MT": 2},
        {"right": 6, "impure": 2, "impure_pieces": 1, "pieces": 1},
    ),
    Case(
        "nothing tracked",
        """
A ....
B ....
""",
        {"HOTA": 0, "DetA": 0, "AssA": 0, "LocA": 1, "IDF1": 0, "IDP": 0, "MOTA": 0, "MOTP": 0, "ML": 2, "FN": 8},
        {"unseen": 8},
        ceiling={"unmerged": 0, "merge_only": 0, "per_box": 0},
    ),
    Case(
        "nobody there",  # TrackEval gives a clip without ground truth MOTA 0, however many boxes there are
        """
- aaaa
""",
        {"HOTA": 0, "DetA": 0, "AssA": 0, "LocA": 1, "IDF1": 0, "MOTA": 0, "FP": 4},
        {"nobody": 4},
        ceiling={"unmerged": 0, "merge_only": 0, "per_box": 0},
    ),
    Case(
        "nothing at all",
        "",
        {"HOTA": 0, "DetA": 0, "AssA": 0, "LocA": 1, "IDF1": 0, "MOTA": 0, "FP": 0, "FN": 0, "rows": 0, "gt_rows": 0},
        {},
    ),
)
