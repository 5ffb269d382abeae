"""A picture file is read, or named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.images import read_picture

cv2 = pytest.importorskip("cv2", reason="pictures need the extra [train]")


def test_a_picture_is_read_blue_first_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "Müller 写真.png"
    picture = np.zeros((4, 3, 3), np.uint8)
    picture[..., 0] = 200
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    np.testing.assert_array_equal(read_picture(path), picture)


@pytest.mark.parametrize("content", [b"no picture", b"", None], ids=["text", "empty", "missing"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "1.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a picture") as error:
        read_picture(path)
    assert str(path) in str(error.value)
