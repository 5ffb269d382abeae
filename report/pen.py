"""Draws the marks of one frame on its picture: trails below, rings, then plates that keep out of each other's way."""

from __future__ import annotations

import numpy as np

from reid_solve.report import colours, sprites
from reid_solve.report.marks import NOBODY, Marks
from reid_solve.report.trails import Trails
from reid_solve.solver.constraints.roles import BALL, REFEREE
from reid_solve.tracklets.video import Picture

TEXT = 0.0235  # of the picture's height: 25 pixels at 1080, 17 at 720
SMALLEST = 11  # pixels of text that can be read
LONGEST = 14  # letters of a name
PATIENCE = 12  # frames for which another place has to be the better one before a plate goes there
Box = tuple[int, int, int, int]  # left, top, right, bottom


class Pen:
    """Draws one side of the video, frame after frame.

    Args:
        marks: what to draw.
        size: width and height of the picture, pixels.
        trails: to draw as well.

    Attributes:
        drawn: boxes drawn so far.
    """

    def __init__(self, marks: Marks, size: tuple[int, int], trails: Trails | None = None) -> None:
        self.marks, self.size, self.trails = marks, size, trails
        self.text = max(SMALLEST, round(TEXT * size[1]))
        self.stroke = max(1.5, size[1] / 300)
        self.drawn = 0
        # Of a label's plate: which place, and for how many frames another was better.
        self._places: dict[int, tuple[int, int]] = {}

    def draw(self, picture: Picture, frame: int) -> None:
        """Draw everybody of one frame, in place; the frames are to come in order."""
        rows = self.marks.rows(frame)
        if self.trails is not None:
            for row in rows:
                self.trails.draw(picture, row, frame, self.stroke)
        for row in rows:
            self._stand(picture, row)
        taken: list[Box] = []
        bodies = [_chest(*self.marks.boxes[row].tolist()) for row in rows]
        for row in sorted(rows, key=self.marks.who.__getitem__):  # always in one order: fewer plates jump
            if self.marks.who[row] != NOBODY and self.marks.kind[row] != BALL:
                own = row - rows.start
                self._name(picture, row, taken, bodies[:own] + bodies[own + 1 :])
        self.drawn += len(rows)

    def _stand(self, picture: Picture, row: int) -> None:
        """The ring under somebody's feet, or the triangle above a ball."""
        marks, (x, y, w, h) = self.marks, self.marks.boxes[row]
        if marks.kind[row] == BALL:
            mark = sprites.triangle(max(8, round(self.text * 0.9)), colours.GREEN)
            sprites.lay(picture, mark, round(x + w / 2 - mark.width / 2), round(y - mark.height - 0.2 * self.text))
            return
        # As wide as the person, but no arm or sprint makes it jump.
        radius = round(float(np.clip(0.55 * w, 0.2 * h, 0.3 * h)))
        style: sprites.Style = "thin" if marks.filled[row] else "dashed" if marks.unsure[row] else "solid"
        mark = sprites.ring(max(4, min(radius, self.size[1])), self.stroke, self._ring(row), style)
        sprites.lay(picture, mark, round(x + w / 2 - mark.width / 2), round(y + h - mark.height / 2))

    def _ring(self, row: int) -> colours.Colour:
        who = int(self.marks.who[row])
        if self.marks.kind[row] == REFEREE:
            return colours.YELLOW
        return colours.GREY if who == NOBODY else self.marks.ring[who]

    def _name(self, picture: Picture, row: int, taken: list[Box], bodies: list[Box]) -> None:
        """The plate with somebody's name, at the first of a few places that hides no plate, nobody if possible."""
        marks, who = self.marks, int(self.marks.who[row])
        colour = colours.YELLOW if marks.kind[row] == REFEREE else marks.colour[who]
        name = marks.names[who]
        text = (name if len(name) <= LONGEST else name[: LONGEST - 1] + "…") + "?" * bool(marks.unsure[row])
        mark = sprites.plate(text, self.text, colour, bool(marks.filled[row]))
        x, y, w, h = marks.boxes[row].tolist()
        beside, below, above = mark.width * 0.6 + 0.25 * h, y + h + 0.09 * h, y - mark.height - 0.04 * h
        centre, middle = x + w / 2, y + h - 0.5 * mark.height
        corners = (
            (centre, below), (centre, above), (centre + beside, middle), (centre - beside, middle),
            (centre + 0.7 * beside, below), (centre - 0.7 * beside, below),
        )  # fmt: skip
        boxes = [self._box(mark, *corner) for corner in corners]
        free = [self._inside(box) and not _hits(box, taken) for box in boxes]
        polite = [good and not _hits(box, bodies) for good, box in zip(free, boxes, strict=True)]
        last, waited = self._places.get(who, (0, PATIENCE))
        wish = polite.index(True) if any(polite) else free.index(True) if any(free) else last
        # A plate that jumps is harder to read than one that hides somebody's arm for a moment.
        stay = wish == last or (free[last] and waited < PATIENCE)
        best = last if stay else wish
        self._places[who] = best, 0 if best == wish else waited + 1
        left, top, right, bottom = boxes[best]
        left = max(0, min(left, self.size[0] - mark.width))
        top = max(0, min(top, self.size[1] - mark.height))
        taken.append((left, top, left + right - boxes[best][0], top + bottom - boxes[best][1]))
        sprites.lay(picture, mark, left, top)

    def _box(self, mark: sprites.Sprite, centre: float, top: float) -> Box:
        left = max(0, min(round(centre - mark.width / 2), self.size[0] - mark.width))
        return left, round(top), left + mark.width, round(top) + mark.height

    def _inside(self, box: Box) -> bool:
        return box[1] >= 0 and box[3] <= self.size[1]


def _chest(x: float, y: float, w: float, h: float) -> Box:
    """The part of somebody that others' plates should not hide: head and chest, without the arms."""
    return round(x + 0.25 * w), round(y), round(x + 0.75 * w), round(y + 0.5 * h)


def _hits(box: Box, others: list[Box]) -> bool:
    left, top, right, bottom = box
    return any(a < right and left < c and b < bottom and top < d for a, b, c, d in others)
