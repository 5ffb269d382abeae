"""The time axis under a rendered video."""

import numpy as np
import pytest

from reid_solve.report import sprites
from reid_solve.report.colours import Colour
from reid_solve.report.marks import Marks
from reid_solve.report.strip import Strip

pytest.importorskip("cv2", reason="drawing needs the extra [video]")


@pytest.mark.parametrize(
    ("frame", "clock"), [(0, "0:00.0"), (512, "0:20.5"), (1498, "0:59.9"), (1499, "1:00.0"), (15013, "10:00.5")]
)
def test_the_clock_has_sixty_seconds(frame: int, clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    none, flags = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    marks = Marks(none, np.zeros((0, 4)), none, [], none, flags, flags, [], [])
    strip = Strip(marks, 20_000, 640, 360, 25.0)
    said: list[str] = []
    draw = sprites.label

    def label(text: str, size: int, colour: Colour) -> sprites.Sprite:
        said.append(text)
        return draw(text, size, colour)

    monkeypatch.setattr(sprites, "label", label)
    strip.draw(np.zeros((strip.height, 640, 3), np.uint8), frame)
    assert said == [clock]
