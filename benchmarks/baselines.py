"""Two post-processors from the literature, to stand beside ours in every table.

Reimplemented from their papers' descriptions, not from their code, so "like": what differs is said at each.

* GTA-like: Sun et al. 2024, "GTA: Global Tracklet Association for Multi-Object Tracking in Sports", the connector.
* AFLink-like: Du et al. 2023, "StrongSORT: Make DeepSORT Great Again", section III-D.

Both learn from ground truth, which ours never sees: a threshold here, a model there. Leaving one clip out keeps it fair
to ours; the figures tuned on all clips are what nobody can have, and are called that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from reid_solve.evaluation.evaluate import people_of
from reid_solve.evaluation.truth import most_common
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import Tracklets, describe
from reid_solve.tracklets.embeddings import attach, read_embeddings
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks

THRESHOLDS = np.round(np.arange(0.04, 0.82, 0.04), 2)  # cosine distances to choose from
REACHES = (None, 0.5)  # spatial gates to choose from: none, or half the picture's width
CONFIDENCES = np.round(np.arange(0.05, 1.0, 0.1), 2)  # probabilities to choose from
HISTORY = 10  # frames that a velocity is taken over
RIDGE = 1e-3


@dataclass(frozen=True)
class Gate:
    """Which pairs are looked at: gap in frames, distance in pixels. The paper's are 30 and 75."""

    frames: int
    pixels: float


GATES = (Gate(30, 75.0), Gate(75, 200.0))


def tracklets_of(tracks: Tracks) -> Tracklets:
    """The tracklets of a table that is one recording."""
    (tracklets,) = describe(tracks)
    return tracklets


def with_labels(tracks: Tracks, tracklets: Tracklets, label: IntArray) -> Tracks:
    """Tracks with an identity for each tracklet, label (N,)."""
    identity = np.zeros(len(tracks), np.int64)
    identity[tracklets.rows] = label[tracklets.node] + 1
    nobody = identity == 0
    return tracks.with_identity(arrays.column(identity, nobody), arrays.column(np.ones(len(tracks)), nobody))


def seen_together(tracklets: Tracklets) -> BoolArray:
    """Pairs (N, N) of tracklets that share a frame; no exception for duplicates."""
    _, frame = np.unique(tracklets.frame, return_inverse=True)
    shape = (len(tracklets), int(frame.max(initial=-1)) + 1)
    seen = csr_array((np.ones(len(frame), np.int32), (tracklets.node, frame)), shape=shape)
    return np.asarray((seen @ seen.T).toarray() > 0)


def embedding_sums(tracks: Tracks, tracklets: Tracklets, sidecar: Path) -> tuple[FloatArray, IntArray]:
    """Sum of the unit embeddings of each tracklet, (N, D), and how many there are, (N,)."""
    attached = attach(tracks, read_embeddings(sidecar))
    node = np.full(len(tracks), -1)
    node[tracklets.rows] = tracklets.node
    node = node[attached.rows]
    vectors = attached.vectors.astype(float)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    total = np.zeros((len(tracklets), vectors.shape[1]))
    np.add.at(total, node[node >= 0], vectors[node >= 0])
    return total, np.bincount(node[node >= 0], minlength=len(tracklets))


@dataclass(frozen=True)
class Merges:
    """A run of greedy merging. ``labels[k]`` (N,) is the partition after k merges, the k-th at ``heights[k - 1]``."""

    heights: FloatArray
    labels: list[IntArray]

    def below(self, threshold: float) -> IntArray:
        """The partition of a run that stops at the first pair whose distance is not below the threshold."""
        stop = np.flatnonzero(self.heights >= threshold)
        return self.labels[stop[0] if len(stop) else len(self.heights)]


def gta_like(tracklets: Tracklets, total: FloatArray, count: IntArray, reach: float | None = None) -> Merges:
    """Merge the two closest groups again and again; the distance is the mean cosine distance of all their crops.

    As described: groups seen in one frame are never merged; the distance of a merged group is taken over all its
    crops (the mean over pairs of crops is 1 - <mean, mean>, so sums are enough). Not as described: the splitter that
    goes before it is left out (with theirs, more clips were hurt than without); and the spatial gate bounds, as a share
    of the picture's width, the way between pieces of two groups that follow one another.

    Args:
        tracklets: one recording.
        total, count: sums of unit embeddings (N, D) and how many (N,); a tracklet without any is left alone.
        reach: the spatial gate; None for none.
    """
    total, count = total.copy(), count.astype(float)
    label, apart = np.arange(len(tracklets)), seen_together(tracklets)
    np.fill_diagonal(apart, True)
    mean = total / np.maximum(count, 1)[:, None]
    distance = np.where(apart | (count == 0) | (count == 0)[:, None], np.inf, 1 - mean @ mean.T)
    heights, labels = [], [label]
    while distance.size and np.isfinite(low := float(distance.min())):
        a, b = sorted(int(k) for k in np.unravel_index(np.argmin(distance), distance.shape))
        if reach is not None and too_far(tracklets, label, a, b, reach):
            distance[a, b] = distance[b, a] = np.inf
            continue
        label = np.where(label == b, a, label)
        total[a], count[a], apart[a] = total[a] + total[b], count[a] + count[b], apart[a] | apart[b]
        apart[:, a], mean[a] = apart[a], total[a] / count[a]
        distance[b] = distance[:, b] = np.inf
        alive = np.bincount(label, minlength=len(label)) > 0
        row = np.where(apart[a] | ~alive | (count == 0), np.inf, 1 - mean @ mean[a])
        row[a] = np.inf
        distance[a] = distance[:, a] = row
        heights.append(low)
        labels.append(label)
    return Merges(np.array(heights), labels)


def too_far(tracklets: Tracklets, label: IntArray, a: int, b: int, reach: float) -> bool:
    """Whether, somewhere in the line of pieces of both groups, the way from one group's to the other's is too long."""
    line = np.flatnonzero((label == a) | (label == b))  # tracklets are ordered by first frame
    begin, end = centre(tracklets, tracklets.offsets[line]), centre(tracklets, tracklets.offsets[line + 1] - 1)
    way = np.linalg.norm(begin[1:] - end[:-1], axis=1) / tracklets.size[0]
    return bool((way[label[line[1:]] != label[line[:-1]]] > reach).any())


def centre(tracklets: Tracklets, row: IntArray) -> FloatArray:
    """Centre of boxes in pixels, (..., 2)."""
    return np.asarray(tracklets.boxes[row, :2] + tracklets.boxes[row, 2:] / 2)


@dataclass(frozen=True)
class Candidates:
    """Pairs (E,) inside a gate, what is known of their motion (E, F), and whether they are right, if truth is known."""

    i: IntArray
    j: IntArray
    motion: FloatArray
    right: BoolArray


def motion_pairs(tracklets: Tracklets, gate: Gate, following: IntArray | None = None) -> Candidates:
    """Pairs of which the second starts, after the first has ended, close in time and in the picture.

    Args:
        tracklets: one recording.
        gate: how close.
        following: (N,) the tracklet that truly follows each, -1 for none.
    """
    gap = tracklets.first[None] - tracklets.last[:, None]
    begin, end = tracklets.offsets[:-1], tracklets.offsets[1:] - 1
    way = np.linalg.norm(centre(tracklets, begin)[None] - centre(tracklets, end)[:, None], axis=2)
    i, j = np.nonzero((gap > 0) & (gap <= gate.frames) & (way <= gate.pixels))
    before = np.maximum(end - HISTORY, begin)
    after = np.minimum(begin + HISTORY, end)
    v_end, v_begin = velocity(tracklets, before, end)[i], velocity(tracklets, begin, after)[j]
    step = centre(tracklets, begin)[j] - centre(tracklets, end)[i]
    height = np.maximum((tracklets.boxes[end[i], 3] + tracklets.boxes[begin[j], 3]) / 2, 1.0)
    frames = gap[i, j][:, None].astype(float)
    misses = [np.linalg.norm(step - v, axis=1) / height for v in (0 * v_end, frames * v_end, frames * v_begin)]
    taller = np.abs(np.log(np.maximum(tracklets.boxes[begin[j], 3], 1) / np.maximum(tracklets.boxes[end[i], 3], 1)))
    motion = np.column_stack([np.log(frames[:, 0]), *np.log(0.1 + np.array(misses)), taller, np.ones(len(i))])
    return Candidates(i, j, motion, np.zeros(len(i), bool) if following is None else following[i] == j)


def velocity(tracklets: Tracklets, a: IntArray, b: IntArray) -> FloatArray:
    """Pixels per frame between two rows, (N, 2)."""
    frames = np.maximum(tracklets.frame[b] - tracklets.frame[a], 1)
    return np.asarray((centre(tracklets, b) - centre(tracklets, a)) / frames[:, None])


def truly_following(tracks: Tracks, tracklets: Tracklets, truth: Tracks) -> IntArray:
    """The next tracklet, if any, of the person that most of each tracklet shows, (N,); -1 for none."""
    person, _ = most_common(tracklets.node, people_of(tracks, truth)[tracklets.rows], len(tracklets))
    later = (person[:, None] == person[None]) & (person >= 0) & (tracklets.first[None] > tracklets.last[:, None])
    return np.where(later.any(axis=1), later.argmax(axis=1), -1)


def fit(motion: FloatArray, right: BoolArray) -> FloatArray:
    """Weights (F,) of a logistic regression, by Newton's method with a small ridge."""
    weights = np.zeros(motion.shape[1])
    for _ in range(30):
        p = probability(motion, weights)
        slope = motion.T @ (right - p) - RIDGE * len(p) * weights
        curve = (motion * (p * (1 - p))[:, None]).T @ motion + (RIDGE * len(p) + 1e-9) * np.eye(len(weights))
        weights = weights + np.clip(np.linalg.solve(curve, slope), -2, 2)
    return weights


def probability(motion: FloatArray, weights: FloatArray) -> FloatArray:
    """Probability (E,) that a pair is right, by a fitted model."""
    return np.asarray(1 / (1 + np.exp(-np.clip(motion @ weights, -30, 30))))


def aflink_like(count: int, pairs: Candidates, weights: FloatArray, confidence: float) -> IntArray:
    """Link once: the one-to-one assignment of ends to starts with the largest sum of probabilities.

    As described: motion only, in the picture's coordinates; gates on gap and distance; one assignment; pairs under a
    confidence do not count. Not as described: the score is a logistic regression on gap, distance, how far either
    velocity misses and the change of height, where the paper has a small convolutional network on 30 frames.

    Returns:
        label (N,) of each tracklet.
    """
    p = probability(pairs.motion, weights)
    good = p >= confidence
    value = np.zeros((count, count))
    value[pairs.i[good], pairs.j[good]] = p[good]
    label = np.arange(count)
    ends, starts = linear_sum_assignment(value, maximize=True)
    taken = value[ends, starts] > 0
    for i, j in sorted(zip(ends[taken], starts[taken], strict=True), key=lambda link: link[1]):
        label[j] = label[i]  # i starts before j: its own label is final
    return label


def leave_one_out(scores: FloatArray) -> IntArray:
    """For each clip the option that is best on all the others, (clips,); scores (clips, options)."""
    return np.asarray((scores.sum(axis=0) - scores).argmax(axis=1))
