"""Boxes of consecutive frames -> tracklets, by the trackers of Ultralytics, set for what comes after them.

An online tracker must decide at once who is who, so its own settings bridge a second blindly. Here a solver that sees
the whole clip comes after: it joins tracklets well and can hardly undo a wrong join. So: short and pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets import arrays
from reid_solve.tracklets.table import FloatArray, IntArray, Note, counted
from reid_solve.tracklets.track.library import ultralytics
from reid_solve.tracklets.video import Picture

Progress = Callable[[int, int | None], None]  # frames done, and of how many where that is known
Kind = Literal["bytetrack", "botsort"]
KINDS: tuple[Kind, ...] = ("bytetrack", "botsort")

# Detections as certain as this are matched first, with every track, lost ones too; those below only continue a track
# that was seen in the frame before. 0.5 is where a detector finds a person more likely there than not.
HIGH = 0.5
# Below this a box is as likely grass as a leg; ByteTrack's own value (Zhang et al., ECCV 2022, section 4.1).
LOW = 0.1
# A track begins only on a box that stands out from what may continue one (the paper: HIGH + 0.1). Doubtful boxes begin
# ghosts that cross people and take over their boxes.
NEW = HIGH + 0.1
# Least overlap of a box with where the track was predicted. At 0.2 a box of the same size is two thirds of its width
# aside: as far as a jerk of the camera throws it from one frame to the next. A jerk moves everybody alike and all are
# assigned together, so a small overlap is no doubt in itself. 0.5 would break tracks at every jerk: measured,
# nearly four times the tracklets for a point of purity, and a lower score after solving (docs/benchmarks.md).
OVERLAP = 0.2
# How long somebody may be missed and still be picked up. A detector misses people for a frame or two by chance; who is
# missed for longer stands behind somebody, and which of the two comes out is for the solver to say. Ultralytics waits
# 30 frames; the solver itself takes 3 missed frames in a tracklet for a reason to doubt it.
PATIENCE_SECONDS = 0.1


class Linker:
    """One tracker at work: boxes in, ids out, frame by frame."""

    def __init__(self, kind: Kind, fps: float, changes: Mapping[str, Any] | None = None) -> None:
        """Set a tracker up.

        Args:
            kind: which one.
            fps: frames a second.
            changes: settings under Ultralytics' names that shall be different, to measure what they do.

        Raises:
            OptionError: ultralytics is not installed.
        """
        self.settings: dict[str, Any] = {
            "tracker_type": kind,
            "track_high_thresh": HIGH,
            "track_low_thresh": LOW,
            "new_track_thresh": NEW,
            "track_buffer": max(1, round(PATIENCE_SECONDS * fps)) - 1,  # it takes a track back one frame after that
            "match_thresh": 1 - OVERLAP,  # a cost
            # How sure the detector is that somebody stands there does not say who: costs are overlaps alone.
            "fuse_score": False,
        }
        if kind == "botsort":
            # The camera's motion from sparse optical flow; looks are the solver's business, so no network here.
            self.settings |= {
                "gmc_method": "sparseOptFlow", "with_reid": False, "model": "auto",
                "proximity_thresh": 0.5, "appearance_thresh": 0.8,
            }  # fmt: skip
        self.settings |= changes or {}
        module, name = {"bytetrack": ("byte_tracker", "BYTETracker"), "botsort": ("bot_sort", "BOTSORT")}[kind]
        tracker = getattr(ultralytics(f"ultralytics.trackers.{module}", "tracking"), name)
        namespace = ultralytics("ultralytics.utils", "tracking").IterableSimpleNamespace
        self._boxes = ultralytics("ultralytics.engine.results", "tracking").Boxes
        self._tracker = tracker(namespace(**self.settings))

    def update(self, boxes: npt.NDArray[np.float32], picture: Picture | None = None) -> IntArray:
        """Link the boxes of the next frame.

        Args:
            boxes: (n, 6): x1, y1, x2, y2, score, class.
            picture: the frame; BoT-SORT needs it for the camera's motion.

        Returns:
            id of each box, (n,), from 1; -1 where it continues and begins nothing.
        """
        shape = (1, 1) if picture is None else picture.shape[:2]
        self._tracker.update(self._boxes(boxes, shape), picture)
        ids = np.full(len(boxes), -1, np.int64)
        # Not what `update` returns: that has smoothed boxes, and lacks the first box of every track.
        for track in self._tracker.tracked_stracks:
            if track.frame_id == self._tracker.frame_id:
                ids[int(track.idx)] = track.track_id
        return ids

    def pause(self, frames: int) -> None:
        """Let frames without boxes pass; more than the tracker's patience make no difference."""
        nothing = np.zeros((0, 6), np.float32)
        for _ in range(min(frames, self.settings["track_buffer"] + 3)):
            self.update(nothing)


def settled(ids: IntArray) -> IntArray:
    """Ids (n,) from 1 in the order of the rows, -1 for none; an id of one row alone is none, as nothing was linked."""
    _, first, code, size = np.unique(ids, return_index=True, return_inverse=True, return_counts=True)
    linked = (size > 1) & (ids[first] >= 0)
    number = np.full(len(first), -1, np.int64)
    kept = np.flatnonzero(linked)
    number[kept[np.argsort(first[kept])]] = np.arange(1, len(kept) + 1)
    return number[code]


def id_column(ids: IntArray) -> Any:
    """Ids (n,) as an Arrow array, null for -1."""
    return arrays.column(ids, ids < 0)


def untracked(ids: IntArray, score: FloatArray) -> tuple[Note, ...]:
    """Say how many detections are in no track, and why."""
    alone = ids < 0
    if not alone.any():
        return ()
    low = int((alone & (score < NEW)).sum())
    text = (
        f"{counted(int(alone.sum()), 'detection')} in no track: kept, without an id ({low} less certain than {NEW:g}, "
        f"{int(alone.sum()) - low} that nothing follows)"
    )
    return (Note("untracked", int(alone.sum()), text, "warning"),)
