"""Which recording of a table is drawn."""

from __future__ import annotations

import numpy as np

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import BoolArray, Tracks


def recording(tracks: Tracks, sequence: str | None) -> BoolArray:
    """Rows (n,) of the recording to draw: a picture shows one.

    Raises:
        OptionError: no such recording, or one has to be chosen.
    """
    if "sequence" not in tracks:
        if sequence is not None:
            raise OptionError(f"{tracks.clip.source}: has no column sequence; leave out --sequence")
        return np.ones(len(tracks), np.bool_)
    names = [str(value) for value in tracks.codes("sequence")[1].to_pylist()]
    if sequence is None and len(names) > 1:
        raise OptionError(f"{tracks.clip.source}: holds {len(names)} recordings; name one with --sequence: {names[0]}")
    if sequence is not None and sequence not in names:
        raise OptionError(f"{tracks.clip.source}: no recording {sequence!r}; it has: {', '.join(names[:9])}")
    return np.asarray(tracks.sequence == (names.index(sequence) if sequence is not None else 0))
