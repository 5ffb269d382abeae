"""What a person says about identities: pairs of references to tracks, from options, the API or a JSON file.

The file holds one object::

    {"must_link":   [[12, 57], [{"frame": 120, "track_id": 12}, {"frame": 300, "box": [x, y, w, h]}]],
     "cannot_link": [["home-7", "home-9"]]}

A reference is a track id (all of that track), or an object that names the piece of a track seen in one frame, by its
id or by a box (best IoU, at least 0.5). ``"sequence"`` in an object says which recording, where a table has several.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from reid_solve.tracklets.errors import OptionError

KEYS = ("must_link", "cannot_link")
FIELDS = {"frame", "track_id", "box", "sequence"}


@dataclass(frozen=True)
class Reference:
    """A track, or the piece of one seen in a frame.

    Attributes:
        track: its id as text; None where a box names it.
        frame: None for the whole track.
        box: x, y, w, h in pixels.
        sequence: name of the recording; None for every one that has it.
    """

    track: str | None = None
    frame: int | None = None
    box: tuple[float, float, float, float] | None = None
    sequence: str | None = None

    def __str__(self) -> str:
        what = f"track {self.track}" if self.track is not None else f"box {list(self.box or ())}"
        return what + ("" if self.frame is None else f" in frame {self.frame}")


Pair = tuple[Reference, Reference]


@dataclass(frozen=True)
class Wishes:
    """Pairs that must, and pairs that cannot, be one person."""

    must: tuple[Pair, ...] = ()
    cannot: tuple[Pair, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.must or self.cannot)


def wishes(
    must_link: Iterable[Sequence[Any]] = (),
    cannot_link: Iterable[Sequence[Any]] = (),
    constraints: str | PathLike[str] | None = None,
) -> Wishes:
    """Gather what was said in options and in a file.

    Args:
        must_link: pairs of references: ids, or objects as in the file.
        cannot_link: likewise.
        constraints: the file.

    Raises:
        OptionError: something is no pair of references, or the file cannot be read.
    """
    must, cannot = _pairs(must_link, "must_link"), _pairs(cannot_link, "cannot_link")
    if constraints is not None:
        said = _read(Path(constraints))
        must += _pairs(said.get("must_link", ()), f"{constraints}: must_link")
        cannot += _pairs(said.get("cannot_link", ()), f"{constraints}: cannot_link")
    return Wishes(must, cannot)


def _read(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise OptionError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise OptionError(f"{path}: not JSON: {error}") from error
    if not isinstance(said, dict) or not set(said) <= set(KEYS):
        raise OptionError(f'{path}: expected one object with "must_link" and "cannot_link", lists of pairs')
    return said


def _pairs(given: Any, place: str) -> tuple[Pair, ...]:
    if isinstance(given, str | dict) or not isinstance(given, Iterable):
        raise OptionError(f"{place}: expected a list of pairs, not {given!r}")
    out = []
    for number, pair in enumerate(given, 1):
        if isinstance(pair, str | dict) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise OptionError(f"{place}, entry {number}: expected a pair of tracks, not {pair!r}")
        a, b = (_reference(one, f"{place}, entry {number}") for one in pair)
        out.append((a, b))
    return tuple(out)


def _reference(given: Any, place: str) -> Reference:
    if isinstance(given, dict):
        return _by_frame(given, place)
    number = getattr(given, "item", lambda: given)()  # numpy's integers
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise OptionError(f'{place}: {given!r} is neither a track id nor {{"frame": ..., "track_id": ...}}')
    return Reference(track=str(number))


def _by_frame(given: dict[str, Any], place: str) -> Reference:
    frame, track, box, sequence = (given.get(key) for key in ("frame", "track_id", "box", "sequence"))
    if set(given) - FIELDS or (track is None) == (box is None) or (box is not None and frame is None):
        raise OptionError(
            f'{place}: {given!r}; write {{"frame": 120, "track_id": 12}} or {{"frame": 120, "box": [...]}}'
        )
    if frame is not None and (isinstance(frame, bool) or not isinstance(frame, int)):
        raise OptionError(f"{place}: frame {frame!r} is not a whole number")
    corners = None
    if box is not None:
        numbers = isinstance(box, Sequence) and all(isinstance(v, int | float) and v == v for v in box)
        if not numbers or len(box) != 4 or min(box[2:]) <= 0:
            raise OptionError(f"{place}: box {box!r} is not [x, y, w, h]")
        corners = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    name = None if track is None else _reference(track, place).track
    return Reference(name, frame, corners, None if sequence is None else str(sequence))
