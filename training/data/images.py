"""Picture files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.video import Picture


def read_picture(path: Path) -> Picture:
    """An image file as (height, width, 3), BGR.

    Raises:
        InputError: it cannot be read as a picture.
    """
    cv2 = optional("cv2", "train", "reading pictures")
    try:
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)  # names may be of any script
    except (OSError, cv2.error):
        found = None
    if found is None:
        raise InputError(f"{path}: cannot be read as a picture; take it out of the set, or get it again")
    return np.asarray(found, np.uint8)
