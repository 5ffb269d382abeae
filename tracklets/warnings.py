"""What is odd about checked tracks: nothing is changed, everything is counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reid_solve.tracklets import boxes
from reid_solve.tracklets.table import BoolArray, Note, Tracks, counted

# An id that jumps further than this many box heights, plus one for each frame that it was unseen, is likely to have
# changed its person. Players run below a tenth of their height a frame; the rest is room for the camera.
_JUMP_HEIGHTS = 6.0


def look(tracks: Tracks) -> list[Note]:
    """Collect the warnings about checked tracks."""
    return list(_all(tracks)) if len(tracks) else []


def _all(tracks: Tracks) -> Iterator[Note]:
    clip, n = tracks.clip, len(tracks)
    flat = int((~tracks.usable).sum())
    if flat:
        yield Note("zero-area", flat, f"no area in {counted(flat, 'row')}: kept, but not used for geometry", "warning")
    last = int(tracks.frame.max())
    if clip.length is not None and last - (clip.frame_base or 0) >= clip.length:
        late = int((tracks.frame - (clip.frame_base or 0) >= clip.length).sum())
        where = clip.origins.get("length", "the recording")
        text = f"frame {last} lies beyond the {clip.length} frames that {where} gives ({counted(late, 'row')})"
        yield Note("beyond-length", late, text, "warning")
    size = (clip.width, clip.height) if clip.width and clip.height else None
    outside = int(boxes.centres_outside(list(tracks.boxes.T), size).sum())
    if outside:
        picture = f"the {size[0]}x{size[1]} picture" if size else "the picture"
        text = f"the box's centre is outside {picture} in {counted(outside, 'row')} ({outside / n:.1%})"
        yield Note("boxes-outside", outside, text, "warning")
    high = int((tracks.score > 1).sum())
    if high:
        highest = f"score above 1 in {counted(high, 'row')} (highest {tracks.score.max():g})"
        text = f"{highest}; if in percent, give --percent"
        yield Note("score-over-one", high, text, "warning")
    jumps = split_candidates(tracks)
    if jumps.any():
        codes, names = tracks.codes("track_id")
        first = names[int(codes[np.flatnonzero(jumps)[0]])].as_py()
        count, tracks_ = int(jumps.sum()), len(np.unique(codes[jumps]))
        text = (
            f"{counted(tracks_, 'id')} made {counted(count, 'jump')} too far for one person (first: id {first}); "
            "the id may have passed to somebody else there"
        )
        yield Note("split-candidate", count, text, "warning")


def split_candidates(tracks: Tracks) -> BoolArray:
    """Rows (n,) to which an id jumped from its row before, further than a person can go."""
    codes, _ = tracks.codes("track_id")
    rows = np.flatnonzero((codes >= 0) & tracks.usable)
    rows = rows[np.lexsort((tracks.frame[rows], codes[rows], tracks.sequence[rows]))]
    jumped = np.zeros(len(tracks), np.bool_)
    if len(rows) < 2:
        return jumped
    x, y, w, h = tracks.boxes[rows].T
    same = (np.diff(codes[rows]) == 0) & (np.diff(tracks.sequence[rows]) == 0)
    far = np.hypot(np.diff(x + w / 2), np.diff(y + h / 2))
    unseen = np.diff(tracks.frame[rows]) - 1
    reach = np.maximum(np.maximum(h[1:], h[:-1]), np.maximum(w[1:], w[:-1])) * (_JUMP_HEIGHTS + unseen)
    jumped[rows[1:][same & (far > reach)]] = True
    return jumped
