"""A video with everybody's identity drawn on it; side by side with the tracker's ids, if asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.report import colours, sprites
from reid_solve.report.pen import Pen
from reid_solve.report.side import Side, alike, late_rows, other_table, side_of
from reid_solve.report.strip import Strip
from reid_solve.report.trails import Trails
from reid_solve.tracklets import video as films
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Note, counted
from reid_solve.tracklets.video import Picture, Video
from reid_solve.tracklets.write import check_place

WIDEST = 960  # pixels of a side of a comparison: both together fit a full-HD screen
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Rendered:
    """What came of it.

    Attributes:
        output: the video.
        frames: in it, as many as in the original.
        boxes: drawn, those of a comparison not counted.
        names: identities (or track ids) that were drawn.
        seconds: it took.
        notes: what was odd.
    """

    output: Path
    frames: int
    boxes: int
    names: int
    seconds: float
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        boxes = "1 box" if self.boxes == 1 else f"{self.boxes:,} boxes"
        return f"{counted(self.frames, 'frame')} with {boxes} of {counted(self.names, 'id')}"

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**asdict(self), "output": str(self.output), "notes": [asdict(note) for note in self.notes]}


def render(
    video: str | os.PathLike[str],
    identities: Any,
    output: str | os.PathLike[str],
    *,
    compare: Any = None,
    trails: bool = False,
    timeline: bool = False,
    first_frame: int | None = None,
    sequence: str | None = None,
    progress: Progress | None = None,
    **reading: Any,
) -> Rendered:
    """Draw identities on a video: a ring under everybody's feet, and a plate with their number in their own colour.

    Rings are in the team's colour where the table has a column ``team``; referees' are yellow, a ball has a triangle.
    Whoever is more likely somebody else (``identity_score`` below 0.5) has a dashed ring and a question mark; an
    interpolated box has a thin ring and a dark plate. Every frame of the video is in the output, at the same rate;
    sound is not.

    Args:
        video: any that FFmpeg reads.
        identities: what ``read`` reads: rows with ``identity``, or else ``track_id``.
        output: H.264 in mp4.
        compare: another table, drawn on the left; the tracker's ids if it is the same table.
        trails: draw where everybody came from, over the last two seconds.
        timeline: draw a lane for each identity under the picture.
        first_frame: the number that the tables give to the video's first frame; by default as their format says.
        sequence: which recording, where a table has several.
        progress: called with frames done and frames in all (None if unknown).
        reading: options of ``read``, for both tables.

    Raises:
        InputError: the video or a table cannot be read, or the table has no row for it.
        OutputError: the output cannot be written.
        OptionError: the output is no .mp4, or there is no such recording.
    """
    begin = time.perf_counter()
    target, film = Path(output), films.probe(Path(video))
    if target.suffix.lower() != ".mp4":
        raise OptionError(f"{target}: not the name of a video; end it in .mp4")
    check_place(target, *(given for given in (video, identities, compare) if isinstance(given, str | os.PathLike)))
    optional("cv2", "video", "drawing on video")
    size = _panel(film, compare is not None)
    solved = read(identities, **reading)
    after = side_of(solved, "identity", film, size, first_frame, sequence)
    sides = [after]
    if compare is not None:
        tracks, column = other_table(solved, identities, compare, reading)
        sides.insert(0, alike(side_of(tracks, column, film, size, first_frame, sequence), after))
    reel = _Reel(film, size, sides, trails, timeline, progress)
    frames = films.write_video(target, films.ahead(reel.pictures()), film.rate)
    notes: list[Note] = []
    for side in sides:
        own = (*side.notes, *late_rows(side.frame, frames))
        notes += own if len(sides) == 1 else (replace(note, text=f"{side.name}: {note.text}") for note in own)
    return Rendered(
        target, frames, reel.pens[-1].drawn, len(after.marks.names), time.perf_counter() - begin, tuple(notes)
    )


class _Reel:
    """Makes the pictures of the output, one after the other."""

    def __init__(
        self,
        film: Video,
        size: tuple[int, int],
        sides: list[Side],
        trails: bool,
        timeline: bool,
        progress: Progress | None,
    ) -> None:
        self.film, self.size, self.progress = film, size, progress
        # An estimated count may be too low, and then rows say better.
        frames = max([film.count, *(int(side.marks.frame.max(initial=0)) + 1 for side in sides)])
        self.pens = [Pen(side.marks, size, Trails(side.marks, size, film.fps) if trails else None) for side in sides]
        pixels = max(11, round(size[1] / 34))
        self.captions = [sprites.caption(side.caption, pixels) for side in sides] if len(sides) > 1 else []
        self.strip = Strip(sides[-1].marks, frames, size[0] * len(sides), size[1], film.fps) if timeline else None

    def pictures(self) -> Iterator[Picture]:
        (width, height), strip = self.size, self.strip
        plain = len(self.pens) == 1 and strip is None
        for number, picture in films.ahead(films.pictures(self.film.path, size=self.size)):
            canvas = picture
            if not plain:
                tall = height + (strip.height if strip else 0)
                canvas = np.empty((tall, width * len(self.pens), 3), np.uint8)
                for nth in range(len(self.pens)):
                    canvas[:height, nth * width : (nth + 1) * width] = picture
            for nth, pen in enumerate(self.pens):
                part = canvas[:height, nth * width : (nth + 1) * width]
                pen.draw(part, number)
                if self.captions:
                    sprites.lay(part, self.captions[nth], height // 60, height // 60)
            if len(self.pens) > 1:
                canvas[:height, width - 1 : width + 1] = colours.DARK[::-1]
            if strip:
                strip.draw(canvas[height:], number)
            yield canvas
            if self.progress:
                self.progress(number + 1, self.film.count or None)


def _panel(film: Video, halved: bool) -> tuple[int, int]:
    """Width and height of one side: even, as H.264 wants them, and of a comparison no wider than ``WIDEST``."""
    share = min(1.0, WIDEST / film.width) if halved else 1.0
    return max(2, round(film.width * share / 2) * 2), max(2, round(film.height * share / 2) * 2)
