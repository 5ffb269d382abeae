"""Small clips drawn by tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from reid_solve.tracklets.table import Clip, IntArray, Tracks

SIZE = (1920, 1080)


def clip(frame: object, track_id: object, x: object, y: object = 500.0, w: object = 40.0, h: object = 100.0,
         fps: float | None = 25.0, **columns: object) -> Tracks:  # fmt: skip
    """Tracks from columns; scalars are repeated."""
    n = len(np.atleast_1d(np.asarray(frame)))
    table = {"frame": np.asarray(frame, np.int64), "track_id": np.asarray(track_id)}
    table |= {k: np.broadcast_to(np.asarray(v, float), n).copy() for k, v in zip("xywh", (x, y, w, h), strict=True)}
    arrow = pa.table({**table, **columns})
    return Tracks(arrow, arrow, Clip(fps=fps, width=SIZE[0], height=SIZE[1]))


def walkers(seed: int, people: int = 8, frames: int = 200, cut: float = 0.02) -> tuple[Tracks, IntArray]:
    """People who walk about under a panning camera; a tracker that loses each now and then and gives a new id.

    Returns:
        tracks, and the true person (n,) of each row.
    """
    rng = np.random.default_rng(seed)
    frame, person, track, boxes = [], [], [], []
    pan = np.cumsum(rng.normal(0, 1, frames).cumsum() * 0.02)
    next_id = 1
    for who in range(people):
        velocity = rng.normal(0, 0.15, (frames, 2)).cumsum(axis=0) * [1, 0.3]
        place = np.array([rng.uniform(300, 1600), rng.uniform(400, 800)]) + velocity.cumsum(axis=0) * 0.2
        own, hidden, next_id = next_id, 0, next_id + 1
        for f in range(frames):
            if hidden:
                hidden -= 1
                continue
            if rng.random() < cut:
                hidden, own, next_id = int(rng.integers(3, 20)), next_id, next_id + 1
            frame.append(f + 1)
            person.append(who)
            track.append(own)
            h = 60 + place[f, 1] * 0.08
            boxes.append([place[f, 0] - pan[f] * 20 - 0.2 * h, place[f, 1] - h, 0.4 * h, h])
    box = np.array(boxes) + rng.normal(0, 0.5, (len(boxes), 4))
    return clip(frame, track, *box.T), np.array(person)


def ids_of(tracks: Tracks) -> IntArray:
    """Track of each row, (n,), of whole numbers; -1 for none."""
    return np.asarray(tracks.canonical["track_id"].fill_null(-1).to_numpy(), np.int64)


def identities(tracks: Tracks) -> IntArray:
    """Identity of each row, (n,)."""
    return np.asarray(tracks.canonical["identity"].to_numpy(), np.int64)


def same_partition(a: IntArray, b: IntArray) -> bool:
    """Whether two labellings (n,) group the rows alike."""
    pairs = np.unique(np.column_stack([a, b]), axis=0)
    return len(pairs) == len(np.unique(a)) == len(np.unique(b))
