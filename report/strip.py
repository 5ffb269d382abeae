"""A time axis under the picture: a lane for each identity, and a cursor that says where the video is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reid_solve.report import colours, sprites
from reid_solve.report.colours import Colour
from reid_solve.report.lanes import Seen, lay_out
from reid_solve.report.marks import Marks
from reid_solve.tracklets.table import counted
from reid_solve.tracklets.video import Picture

SHARE = 0.17, 0.45  # of the picture's width and height, at most
GROUND: Colour = (0x12, 0x15, 0x1A)
READABLE = 8.0  # pixels of a lane that can have a name beside it
FUTURE = 0.62  # share of the ground in what is still to come


class Strip:
    """The strip of one video.

    Args:
        marks: whose lanes to draw.
        frames: of the video.
        width: of the strip, pixels.
        tall: height of the picture above it, pixels.
        fps: frames per second.
    """

    def __init__(self, marks: Marks, frames: int, width: int, tall: int, fps: float) -> None:
        unit = tall / 720
        self.text = max(9, round(13 * unit))
        head, foot = round(self.text * 1.9), max(4, round(6 * unit))
        finest = max(3.0, 4 * unit)
        room = min(SHARE[0] * width, SHARE[1] * tall) - head - foot
        most = max(1, int(room / finest))
        inside = marks.frame < frames
        seen = Seen(marks.frame[inside], marks.who[inside], marks.who[inside], marks.names)
        people = list(range(len(marks.names)))
        panel = lay_out(seen, people, most)
        lanes = max(len(panel.labels), 1)
        pitch = float(np.clip(room / lanes, finest, 18 * unit))
        named = pitch >= READABLE
        size = min(round(pitch * 0.85), self.text)
        words = [sprites.label(text[:9], size, colours.GREY) for text in panel.labels] if named else []
        self.left = round(10 * unit) + max([word.width for word in words], default=0) + round(6 * unit)
        self.step = (width - self.left - round(12 * unit)) / max(1, frames)
        self.height = round(head + pitch * lanes + foot + 1) & ~1
        self.fps, self.head, self.frames = fps, head, frames
        self.past = np.empty((self.height, width, 3), np.uint8)
        self.past[:] = GROUND[::-1]
        for lane, word in enumerate(words):
            at = round(head + (lane + 0.5) * pitch - word.height / 2)
            sprites.lay(self.past, word, self.left - round(6 * unit) - word.width, at)
        self._bars(panel.lane, panel.first, panel.last, [marks.colour[k] for k in panel.person], pitch)
        if panel.hidden:
            text = f"and {counted(panel.hidden, 'shorter one')}"
            word = sprites.label(text, self.text, colours.GREY)
            sprites.lay(self.past, word, width - word.width - round(12 * unit), round((head - word.height) / 2))
        ground = np.array(GROUND[::-1], np.float32)
        self.future = self.past.copy()
        lanes_only = self.future[head:, self.left :]
        lanes_only[:] = lanes_only + ((ground - lanes_only) * FUTURE).astype(np.int16)

    def _bars(
        self, lane: np.ndarray, first: np.ndarray, last: np.ndarray, colour: Sequence[Colour], pitch: float
    ) -> None:
        top = np.round(self.head + lane * pitch + 0.14 * pitch).astype(int)
        bottom = np.maximum(np.round(self.head + lane * pitch + 0.86 * pitch).astype(int), top + 1)
        begin = np.round(self.left + first * self.step).astype(int)
        end = np.maximum(np.round(self.left + (last + 1) * self.step).astype(int), begin + 1)
        for bar in range(len(lane)):
            bgr = colour[bar][::-1]
            if bar and lane[bar] == lane[bar - 1] and begin[bar] > end[bar - 1]:  # unseen: a hairline leads on
                middle = (top[bar] + bottom[bar]) // 2
                self.past[middle, end[bar - 1] : begin[bar]] = colours.mixed(colour[bar], GROUND, 0.5)[::-1]
            self.past[top[bar] : bottom[bar], begin[bar] : end[bar]] = bgr

    def draw(self, canvas: Picture, frame: int) -> None:
        """Fill the strip's own part of the canvas, (height, width, 3), for one frame."""
        at = round(self.left + (frame + 0.5) * self.step)
        canvas[:, :at] = self.past[:, :at]
        canvas[:, at:] = self.future[:, at:]
        canvas[self.head - 2 :, max(0, at - 1) : at + 1] = 255
        tenths = round(10 * frame / self.fps)
        text = f"{tenths // 600}:{tenths % 600 // 10:02}.{tenths % 10}"
        word = sprites.label(text, self.text, colours.WHITE)
        left = max(self.left, min(at - word.width // 2, canvas.shape[1] - word.width - 2))
        canvas[: self.head - 2, left - 2 : left + word.width + 2] = GROUND[::-1]
        sprites.lay(canvas, word, left, round((self.head - word.height) / 2))
