"""The colours of the teams' rings: those of their shirts, measured in the video, so that nobody has to learn them."""

from __future__ import annotations

import colorsys
from itertools import combinations

import numpy as np

from reid_solve.report.colours import Colour
from reid_solve.report.marks import team_names
from reid_solve.solver.constraints.roles import KINDS
from reid_solve.tracklets import arrays
from reid_solve.tracklets.kits import SHIRT_COLOUR, look, shirt_in_hex
from reid_solve.tracklets.table import BoolArray, IntArray, Tracks
from reid_solve.tracklets.video import Video

SECONDS = 4.0  # from when a team is first seen
START = 60.0  # seconds of the video that are searched for that: it has to be decoded that far
BOXES = 60  # of a team
ALIKE = 20.0  # CIE76 difference of L*a*b*: rings of kits that are closer are hard to tell apart
DARKEST = 0.4  # of a ring, in value: black kits have grey rings, which grass does not swallow


def kit_colours(tracks: Tracks, rows: BoolArray, film: Video, first: int) -> dict[str, Colour]:
    """Measure the teams' shirts.

    Args:
        rows: (n,) rows that are in the video, boxes in its pixels.
        first: the number of the video's first frame.

    Returns:
        colours by team name; none where two teams look alike, or nobody of one was seen in time.
    """
    names = team_names(tracks)
    code, values = tracks.codes("team") if names else (np.zeros(0, np.int64), None)
    words = [str(word) for word in arrays.words(values).to_pylist()] if names else []
    early = rows & (tracks.frame - first < START * film.fps)
    wanted = [_sample(tracks, early & (code == words.index(name)), film) for name in names]
    if not names or min(map(len, wanted)) == 0:
        return {}
    seen = look(film, tracks, np.unique(np.concatenate(wanted)), first)
    shirts = {}
    for name, some in zip(names, wanted, strict=True):
        own = seen.colour[np.isin(seen.rows, some)]
        if not len(own):
            return {}
        shirts[name] = np.median(own, axis=0)
    lab = [shirt[SHIRT_COLOUR] for shirt in shirts.values()]
    if any(np.linalg.norm(a - b) < ALIKE for a, b in combinations(lab, 2)):
        return {}
    return {name: _vivid(shirt_in_hex(shirt)) for name, shirt in shirts.items()}


def _sample(tracks: Tracks, rows: BoolArray, film: Video) -> IntArray:
    """Some boxes of outfield players, from the part of the video where the first are seen."""
    if "role" in tracks:
        code, values = tracks.codes("role")
        words = [str(word).strip().lower() for word in arrays.words(values).to_pylist()]
        others = [word in KINDS and word not in ("player", "person") for word in words]
        rows = rows & ~np.array([*others, False])[code]
    at = np.flatnonzero(rows & tracks.usable)
    if not len(at):
        return at
    at = at[tracks.frame[at] < tracks.frame[at].min() + SECONDS * film.fps]
    some: IntArray = at[:: -(-len(at) // BOXES)]
    return some


def _vivid(colour: str) -> Colour:
    """A shirt's colour as light on a screen: a little stronger, never too dark."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    hue, saturation, value = colorsys.rgb_to_hsv(*parts)
    red, green, blue = colorsys.hsv_to_rgb(hue, min(1.0, 1.3 * saturation), DARKEST + (1 - DARKEST) * value)
    return round(red * 255), round(green * 255), round(blue * 255)
