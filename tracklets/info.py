"""What ``reid-solve info`` says about an input, as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from reid_solve.tracklets.columns import ALIASES, BOX_LISTS, BOXES
from reid_solve.tracklets.table import IntArray, Tracks


def info(tracks: Tracks) -> dict[str, Any]:
    """Describe tracks with plain numbers, strings, lists and dicts that ``json.dumps`` takes.

    Returns:
        ``rows``; ``frames`` (first, last, count of those that have rows); ``sequences``; ``ids`` (how many, and rows
        without one); ``tracklets`` (count, median and longest length in rows, where a tracklet is one id in one
        sequence); ``rows_per_frame`` (mean, max); ``columns`` (known, unknown); ``clip`` (fps, width, height, length,
        frame_base, format, source, and where each fact was read); ``notes``.
    """
    clip, n = tracks.clip, len(tracks)
    codes, _ = tracks.codes("track_id")
    assigned = codes >= 0
    lengths = _counts(tracks.sequence[assigned], codes[assigned])
    per_frame = _counts(tracks.sequence, np.unique(tracks.frame, return_inverse=True)[1])
    known = _known(tracks)
    return {
        "rows": n,
        "frames": {
            "first": int(tracks.frame.min()) if n else None,
            "last": int(tracks.frame.max()) if n else None,
            "count": len(per_frame),
        },
        "sequences": len(np.unique(tracks.sequence)),
        "ids": {"count": len(np.unique(codes[assigned])), "unassigned_rows": int((~assigned).sum())},
        "tracklets": {
            "count": len(lengths),
            "median_length": float(np.median(lengths)) if len(lengths) else None,
            "longest": int(lengths.max()) if len(lengths) else None,
        },
        "rows_per_frame": {
            "mean": float(per_frame.mean()) if n else None,
            "max": int(per_frame.max()) if n else None,
        },
        "columns": {
            "known": [name for name in tracks.source.column_names if name in known],
            "unknown": [name for name in tracks.source.column_names if name not in known],
        },
        "clip": {
            "source": clip.source,
            "format": clip.format,
            "fps": clip.fps,
            "width": clip.width,
            "height": clip.height,
            "length": clip.length,
            "frame_base": clip.frame_base,
            "box_format": clip.box_format,
            "from": dict(clip.origins),
        },
        "notes": [asdict(note) for note in tracks.notes],
    }


def _counts(major: IntArray, minor: IntArray) -> IntArray:
    """How often each pair occurs, for those that do."""
    pairs: IntArray = major * (int(minor.max(initial=0)) + 1) + minor
    return np.unique(pairs, return_counts=True)[1].astype(np.int64)


def _known(tracks: Tracks) -> set[str]:
    names = {alias for aliases in ALIASES.values() for alias in aliases} | set(BOX_LISTS)
    names |= {side for group, _ in BOXES for side in group}
    return {name for name in tracks.source.column_names if name.strip().lower() in names}
