"""What a recording says about who is who, without anybody's telling: pieces of tracklets that hold one person each.

Two boxes of one piece show one person. Two pieces that were seen in one frame show two. Of all other pairs of pieces,
those of one track included, nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.tracklets.crops import UNCLEAR, quality
from reid_solve.tracklets.cuts import cut_between, cuts
from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.split import HOLE_FRAMES, cut, overlapping_rows
from reid_solve.tracklets.table import BoolArray, IntArray, Tracks
from reid_solve.tracklets.video import Video

SHORTEST_SECONDS = 0.6  # of a piece; crops of less time are the same picture again
CROPS_PER_SECOND = 5.0  # of one person; what lies closer together differs by little
FASTEST = 7.0  # body heights a second, 12 m/s: nobody runs faster, and who does was taken for somebody else
JITTER = 0.3  # body heights that a box may be off from frame to frame


@dataclass(frozen=True)
class Pieces:
    """Crops of pieces that hold one person each.

    Attributes:
        rows: (m,) rows of the table, ascending by piece, then frame.
        frame: (m,) their frames.
        piece: (m,) their pieces, 0..C-1.
        span: (C, 2) first and last frame of each piece.
    """

    rows: IntArray
    frame: IntArray
    piece: IntArray
    span: IntArray

    def __len__(self) -> int:
        return len(self.span)

    def within(self, first: int, last: int) -> Pieces:
        """What lies in a time: pieces are cut at its bounds, and those too short to have two crops are left out."""
        inside = (self.frame >= first) & (self.frame <= last)
        return _numbered(self.rows[inside], self.frame[inside], self.piece[inside], self.span.clip(first, last))

    def take(self, crops: BoolArray) -> Pieces:
        """Some of the crops (m,); pieces that have no two crops left are left out."""
        return _numbered(self.rows[crops], self.frame[crops], self.piece[crops], self.span)

    def spread(self, most: int, frames: int) -> Pieces:
        """At most about so many crops: of stretches of so many frames, spread evenly over the time, all or nothing.

        Crops of few moments, with everybody who is there, teach more than as many crops of people who never meet.
        """
        if len(self.rows) <= most:
            return self
        stretch = (self.frame - self.frame.min()) // frames
        count = int(stretch.max()) + 1
        wanted = max(int(count * most / len(self.rows)), 1)
        kept = np.isin(stretch, np.linspace(0, count - 1, wanted).round().astype(np.int64))
        key = self.piece[kept] * count + stretch[kept]
        old, piece = np.unique(key, return_inverse=True)
        begin = self.frame.min() + old % count * frames
        span = self.span[old // count].clip(begin[:, None], begin[:, None] + frames - 1)
        return _numbered(self.rows[kept], self.frame[kept], piece, span)

    def together(self) -> BoolArray:
        """Which pieces were seen in one frame, (C, C)."""
        first, last = self.span.T
        seen = (first[:, None] <= last[None]) & (first[None] <= last[:, None])
        return np.asarray(seen & ~np.eye(len(seen), dtype=bool))


def find(tracks: Tracks, video: Video, per_second: float = CROPS_PER_SECOND) -> Pieces:
    """Pieces of one recording's tracklets, and crops of them that show the person well.

    Args:
        tracks: boxes with ids, of one recording.
        video: what they were seen in.
        per_second: crops of a piece, at most.
    """
    (tracklets,) = describe(tracks, fps=tracks.clip.fps or video.fps)
    clear, starts = apart(tracklets)
    pieces = cut(tracklets, starts)
    # `cut` renumbers rows; what was said of them is found again by the rows of the table
    said = np.zeros(len(tracks), bool)
    said[tracklets.rows[clear]] = True
    good = said[pieces.rows] & (quality(tracks, video)[pieces.rows] >= UNCLEAR)
    long = pieces.last - pieces.first + 1 >= SHORTEST_SECONDS * pieces.fps
    step = max(round(pieces.fps / per_second), 1)
    stretch = (pieces.frame - pieces.first[pieces.node]) // step
    chosen = np.flatnonzero(good & long[pieces.node])
    key = np.column_stack([pieces.node[chosen], stretch[chosen]])
    chosen = chosen[np.r_[True, (np.diff(key, axis=0) != 0).any(axis=1)]] if len(chosen) else chosen
    span = np.column_stack([pieces.first, pieces.last])
    return _numbered(pieces.rows[chosen], pieces.frame[chosen], pieces.node[chosen], span)


def apart(tracklets: Tracklets) -> tuple[BoolArray, IntArray]:
    """Where tracklets may hold somebody else.

    The places of ``tracklets.split.risks`` and more of them: here a piece that is cut without need costs little, and a
    switch that is missed teaches something wrong. Every overlap separates what was before it from what comes after,
    near a tracklet's end, too; so does every hole, every jump that nobody's legs could make, and every camera cut,
    over which trackers carry on with whoever stands in the same place of the picture.

    Returns:
        rows (n,) that overlap with nobody, and rows (K,) before which to cut.
    """
    a, b, _ = overlapping_rows(tracklets)
    clear = np.ones(len(tracklets.frame), bool)
    clear[a] = clear[b] = False
    inside = np.diff(tracklets.node) == 0
    frames = np.diff(tracklets.frame)
    moved = np.linalg.norm(np.diff(tracklets.reference.position, axis=0), axis=1)
    unit = np.maximum(tracklets.reference.unit[1:], 1e-9)
    jump = moved > unit * (FASTEST * frames / tracklets.fps + JITTER)
    hole = frames > HOLE_FRAMES * tracklets.step
    shot = cut_between(cuts(tracklets), tracklets.frame[:-1], tracklets.frame[1:])
    return clear, 1 + np.flatnonzero(inside & (jump | hole | shot | (np.diff(clear.astype(np.int8)) != 0)))


def _numbered(rows: IntArray, frame: IntArray, piece: IntArray, span: IntArray) -> Pieces:
    """Only pieces with two crops or more, numbered anew."""
    count = np.bincount(piece, minlength=len(span))
    kept = count[piece] >= 2
    rows, frame = rows[kept], frame[kept]
    old, new = np.unique(piece[kept], return_inverse=True)
    order = np.lexsort((frame, new))
    return Pieces(rows[order], frame[order], new[order].astype(np.int64), span[old])
