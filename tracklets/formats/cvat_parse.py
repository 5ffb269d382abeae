"""The elements of a CVAT file as they stream by: nothing is expanded, nothing else is opened, no tree is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import unpack
from reid_solve.tracklets.formats.registry import File
from reid_solve.tracklets.table import Note

_SHAPES = {"polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton", "tag"}
_SIDES = ("xtl", "ytl", "xbr", "ybr")
_MOST_TURNS = 1e9  # degrees: nobody turns a box so far


@dataclass
class Found:
    """Boxes (n,) in the order of the file, and the tracks that they are in."""

    source: str
    tracks: list[dict[str, str]] = field(default_factory=list)  # their XML attributes
    track: list[int] = field(default_factory=list)  # (n,) position in ``tracks``
    frame: list[int] = field(default_factory=list)
    box: list[tuple[float, ...]] = field(default_factory=list)  # xtl, ytl, xbr, ybr, before it is turned
    angle: list[float] = field(default_factory=list)  # by which it is turned about its centre: degrees, clockwise
    occluded: list[bool] = field(default_factory=list)
    keyframe: list[bool] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    attributes: dict[str, tuple[list[int], list[str]]] = field(default_factory=dict)  # name -> rows, values
    facts: dict[str, int] = field(default_factory=dict)  # width, height, length
    shapes: dict[str, int] = field(default_factory=dict)  # what else there is, counted
    notes: list[Note] = field(default_factory=list)


def parse(file: File, *, salvage: bool) -> Found:
    """Read the boxes of a CVAT file.

    Args:
        file: XML, or gzip of it.
        salvage: of a file that is cut short, keep the boxes that are whole.

    Raises:
        InputError: it is no XML, declares a document type or entities, or a box lacks what it needs.
    """
    found = Found(str(file))
    parser = expat.ParserCreate()
    parser.buffer_text = True
    _Handlers(found, parser)
    raw, notes = unpack(file.path.read_bytes(), found.source, salvage=salvage)
    found.notes.extend(notes)
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        line, reason = parser.CurrentLineNumber, expat.ErrorString(error.code)
        if not salvage:
            raise InputError(
                f"{file}, line {line}: damaged or cut short ({reason}); export it again, or keep the boxes before that "
                "line with --salvage"
            ) from error
        found.notes.append(Note("truncated-line", 1, f"the file is damaged or cut short from line {line} on: left out"))
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise InputError(f"{file}: an encoding that cannot be read ({error}); save it as UTF-8") from error
    return found


class _Handlers:
    """What happens at each element; holds where in the file it is."""

    def __init__(self, found: Found, parser: Any) -> None:
        self.found, self.parser = found, parser
        self.path: list[str] = []
        self.inside: dict[str, str] | None = None  # the track or image that is open
        self.image = False
        self.row: int | None = None  # the box that is open, if it is a detection
        self.name: str | None = None  # of the attribute that is open
        self.text: list[str] | None = None
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.StartDoctypeDeclHandler = self.refuse("a document type")
        parser.EntityDeclHandler = self.refuse("an entity")
        parser.ExternalEntityRefHandler = self.refuse("another file")

    def refuse(self, what: str) -> Callable[..., None]:
        def refused(*_: Any) -> None:
            raise self.error(f"declares {what}, which could be a trap and which CVAT never does", "export it again")

        return refused

    def error(self, fact: str, advice: str) -> InputError:
        return InputError(f"{self.found.source}, line {self.parser.CurrentLineNumber}: {fact}; {advice}")

    def start(self, name: str, given: dict[str, str]) -> None:
        self.path.append(name)
        if name == "box" and self.inside is not None:
            self.box(given)
        elif name == "attribute" and self.row is not None:
            self.name, self.text = given.get("name", ""), []
        elif name in {"track", "image"} and self.inside is None:
            self.inside, self.image = given, name == "image"
            if name == "track":
                self.found.tracks.append(given)
        elif name in _SHAPES and self.inside is not None:
            self.found.shapes[name] = self.found.shapes.get(name, 0) + 1
        elif self.inside is None and name in {"size", "stop_frame", "width", "height"}:
            self.text = []

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def end(self, name: str) -> None:
        self.path.pop()
        if name == "attribute" and self.row is not None and self.name is not None:
            rows, values = self.found.attributes.setdefault(self.name, ([], []))
            if not rows or rows[-1] != self.row:
                rows.append(self.row)
                values.append("".join(self.text or ()))
            self.name = self.text = None
        elif name == "box":
            self.row = None
        elif name in {"track", "image"}:
            self.inside = None
        elif self.text is not None:
            self.fact(name, "".join(self.text).strip())
            self.text = None

    def fact(self, name: str, text: str) -> None:
        """Remember what the task says of its video; the first wins, of several tasks."""
        parent = self.path[-1] if self.path else ""
        key = {"size": "length", "stop_frame": "length"}.get(name, name)
        if parent not in {"task", "job", "original_size"} or not (text.isdecimal() and len(text) < 10):
            return
        number = int(text) + (name == "stop_frame")
        if name == "stop_frame":  # frames keep their numbers where a task is a part of its video
            self.found.facts[key] = max(number, self.found.facts.get(key, 0))
        elif number:
            self.found.facts.setdefault(key, number)

    def box(self, given: dict[str, str]) -> None:
        if given.get("outside") == "1":
            return
        found, inside = self.found, self.inside or {}
        frame = inside.get("id") if self.image else given.get("frame")
        try:
            sides = tuple(float(given[side]) for side in _SIDES)
            angle = float(given.get("rotation", "0"))
            number = int(frame or "")
            if not abs(angle) < _MOST_TURNS:
                raise ValueError(angle)
        except KeyError as error:
            raise self.error(f"a box without {error.args[0]}", "export it again") from error
        except ValueError as error:
            value = {"frame": frame} | {side: given[side] for side in (*_SIDES, "rotation") if side in given}
            raise self.error(f"a box of {str(value)[:150]}, not numbers", "correct it") from error
        if self.image:  # every box for itself
            found.tracks.append({"label": given["label"]} if "label" in given else {})
        found.track.append(len(found.tracks) - 1)
        found.frame.append(number)
        found.box.append(sides)
        found.angle.append(angle)
        found.occluded.append(given.get("occluded") == "1")
        found.keyframe.append(self.image or given.get("keyframe", "1") == "1")
        found.line.append(self.parser.CurrentLineNumber)
        self.row = len(found.frame) - 1
