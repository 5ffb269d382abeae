"""Where and when pictures were taken, as a cue beside what is on them: nobody gets far in a few seconds.

The log-odds of a displacement, how likely it is for one person after so long a gap over how likely for two people, are
learnt from pictures that are not scored, and so are the weights with which they join the distance of the features.
Space and time, learnt from a training set and joined with looks: Wang, Lai, Huang and Xie, Spatial-Temporal Person
Re-identification, AAAI 2019 (there by histograms for pairs of cameras; here by gap, for one camera whose motion has
been taken out). Weights by logistic regression on both classes alike, which leaves no prior in: Brümmer and du
Preez, Application-independent evaluation of speaker detection, Computer Speech and Language 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.evaluation.retrieval.layout import Layout, make_layout
from reid_solve.evaluation.retrieval.ranks import Source
from reid_solve.evaluation.retrieval.space import Floats
from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

COLUMNS = ("time", "x", "y", "height")  # of a table of pictures, beside ``clip``
TAIL = 3.0  # degrees of freedom of the Student t: people stop, turn and are run into
QUARTILE = 0.7649  # of that distribution: the median of its absolute values
GAPS, PER_GAP = 8, 50  # stretches of gaps that have a scale of their own, at most, and pairs that each needs
SHORTEST = 1e-3  # seconds
LEAST = 1e-3  # body heights; the scale of people who stand still
MOST = 1 << 20  # pairs to learn from; more change nothing


@dataclass(frozen=True, eq=False)
class Places:
    """Where and when n pictures were taken.

    Attributes:
        clip: (n,) name of the stretch of film within which times and positions can be compared.
        time: (n,) seconds.
        feet: (n, 2) across and in depth, in any unit in which the camera stands still.
        height: (n,) of the body, in the same unit.
    """

    clip: npt.NDArray[Any]
    time: FloatArray
    feet: FloatArray
    height: FloatArray

    def take(self, rows: IntArray) -> Places:
        """Some of the pictures."""
        return Places(self.clip[rows], self.time[rows], self.feet[rows], self.height[rows])


def places_of(table: Any, source: str, rows: IntArray) -> Places:
    """The places of some rows of a table with the columns clip, time, x, y and height.

    Raises:
        InputError: a column is missing, or a row has no number there.
    """
    reason = "and position as a cue needs it (sets of reid-data have it)"
    for name in ("clip", *COLUMNS):
        if name not in table.column_names:
            raise InputError(f"{source}: no column {name!r}, {reason}")
    part = table.take(arrays.column(rows))
    clip = np.array([word or "" for word in arrays.words(part["clip"]).to_pylist()], np.str_)
    numbers = {}
    for name in COLUMNS:
        try:
            numbers[name] = arrays.floats(part[name])
        except KeyError as error:
            raise InputError(f"{source}: column {name!r} holds {part[name].type}, not numbers") from error
    good = {"clip": clip != ""} | {name: np.isfinite(values) for name, values in numbers.items()}
    good["height"] = good["height"] & (numbers["height"] > 0)
    for name, fine in good.items():
        if not fine.all():
            raise InputError(f"{source}, row {rows[np.argmin(fine)]}: no {name}, {reason}")
    return Places(clip, numbers["time"], np.column_stack([numbers["x"], numbers["y"]]), numbers["height"])


@dataclass(frozen=True, eq=False)
class Spread:
    """How far apart two sightings are, by the gap between them: a Student t about no displacement on each axis.

    Attributes:
        gap: (B,) logarithms of seconds, ascending; the scale is interpolated between them, and held outside.
        scale: (B, 2) logarithms of body heights.
    """

    gap: FloatArray
    scale: FloatArray

    def log_density(self, moved: FloatArray, gap: FloatArray) -> FloatArray:
        """Of displacements (p, 2) after gaps (p,) in seconds, up to a constant that does not depend on the spread."""
        at = np.log(np.maximum(gap, SHORTEST))
        scale = np.column_stack([np.interp(at, self.gap, axis) for axis in self.scale.T])
        tail = np.log1p(np.square(moved / np.exp(scale)) / TAIL)
        return np.asarray(-((TAIL + 1) / 2 * tail + scale).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Position:
    """What was learnt.

    Attributes:
        same, other: displacements of one person, and between two people of one clip.
        distance, log_odds: weights of the features' distance and of the position's log-odds; none is negative.
        pairs: of one person and of two that this was learnt from.
    """

    same: Spread
    other: Spread
    distance: float
    log_odds: float
    pairs: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """Weights, and how much they were learnt from."""
        weights = {"distance": self.distance, "position": self.log_odds}
        return {"weights": weights, "pairs": {"same": self.pairs[0], "other": self.pairs[1]}}

    def odds(self, first: Places, second: Places) -> FloatArray:
        """Log-odds that pairs of pictures, (p,) of one clip each, are of one person, by their places alone."""
        moved, gap = _apart(first, second)
        return self.same.log_density(moved, gap) - self.other.log_density(moved, gap)


class Placed:
    """Distances of a source less what the places say, a ``ranks.Source``; between clips, these say nothing.

    Args:
        source: distances of the features.
        layout: who is ranked against whom.
        places: by place of the layout, (N,).
        position: what was learnt, from others.
    """

    def __init__(self, source: Source, layout: Layout, places: Places, position: Position) -> None:
        self.source, self.layout, self.places, self.position = source, layout, places, position
        self.clip = np.unique(places.clip, return_inverse=True)[1]

    def flat(self, lo: int, hi: int) -> Floats:
        """Those of queries ``lo..hi``, in a row: weighted distance less weighted log-odds; may be negative."""
        out = self.position.distance * self.source.flat(lo, hi).astype(np.float64)
        query, gallery = self.layout.gallery_of(lo, hi)
        query = self.layout.place[query]
        both = np.flatnonzero(self.clip[query] == self.clip[gallery])
        odds = self.position.odds(self.places.take(query[both]), self.places.take(gallery[both]))
        out[both] -= self.position.log_odds * odds
        return out


def layout_to_learn(places: Places) -> Layout:
    """Every picture against all of its clip."""
    return make_layout(len(places.clip), len(places.clip), places.clip, places.clip)


def learn(source: Source, layout: Layout, places: Places, pid: IntArray) -> Position:
    """Learn from pictures of known people.

    Args:
        source: distances of their features, in the layout of ``layout_to_learn``.
        layout: that one.
        places: (n,) of the pictures, and pid (n,) their persons.
        pid: see ``places``.

    Raises:
        InputError: too few pairs of one person, or of two, were seen at different times of one clip.
    """
    rng, share = np.random.default_rng(0), min(MOST / max(int(layout.offset[-1]), 1), 1)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for lo, hi in layout.chunks():
        query, gallery = layout.gallery_of(lo, hi)
        first, second = layout.row[query], layout.order[gallery] - layout.queries
        kept = (first < second) & (places.time[first] != places.time[second])
        kept &= (pid[first] == pid[second]) | (rng.random(len(kept)) < share)
        found.append((first[kept], second[kept], source.flat(lo, hi)[kept].astype(np.float64)))
    first, second, distance = (np.concatenate([part[k] for part in found]) for k in range(3))
    same = pid[first] == pid[second]
    counts = int(same.sum()), int((~same).sum())
    for count, whom in zip(counts, ("one person", "two people"), strict=True):
        if count < PER_GAP:
            text = f"position is learnt from {count} pairs of {whom} at different times of one clip"
            raise InputError(f"{text}; it needs {PER_GAP}: take a split of more pictures")
    moved, gap = _apart(places.take(first), places.take(second))
    one, two = _spread(moved[same], gap[same]), _spread(moved[~same], gap[~same])
    odds = one.log_density(moved, gap) - two.log_density(moved, gap)
    return Position(one, two, *_weights(distance, odds, same), counts)


def check_split(split: str, reranked: bool) -> None:
    """Refuse to learn from what is scored, and what cannot be learnt.

    Raises:
        OptionError: one line.
    """
    if split in {"query", "gallery"}:
        raise OptionError(f"position cannot be learnt from the {split}, which is scored; name another split, as train")
    if reranked:
        raise OptionError("position joins plain distances; leave either position or re-ranking out")


def check_apart(learnt: Places, scored: Places) -> None:
    """Refuse to learn from a clip that is scored.

    Raises:
        InputError: one line.
    """
    both = np.intersect1d(learnt.clip, scored.clip)
    if len(both):
        raise InputError(f"clip {both[0]!s} is scored, and position would be learnt from it, too; divide them by clip")


def _apart(first: Places, second: Places) -> tuple[FloatArray, FloatArray]:
    """Displacement (p, 2) in body heights, and gap (p,) in seconds, both without direction in time."""
    unit = (first.height + second.height) / 2
    return (second.feet - first.feet) / unit[:, None], np.abs(second.time - first.time)


def _spread(moved: FloatArray, gap: FloatArray) -> Spread:
    count = min(max(len(gap) // PER_GAP, 1), GAPS)
    edges = np.sort(gap)[np.arange(1, count) * len(gap) // count]
    part = np.searchsorted(edges, gap, side="right")  # equal gaps stay together, whatever their order
    parts = [np.flatnonzero(part == k) for k in np.unique(part)]
    scale = np.array([np.median(np.abs(moved[part]), axis=0) for part in parts]) / QUARTILE
    at = np.array([np.log(np.maximum(gap[part], SHORTEST)).mean() for part in parts])
    return Spread(at, np.log(np.maximum(scale, LEAST)))


def _weights(distance: FloatArray, odds: FloatArray, same: BoolArray) -> tuple[float, float]:
    """Of a distance (p,) and of log-odds (p,), by logistic regression; not negative."""
    from scipy.optimize import minimize

    unit = float(distance.std())
    if unit <= 1e-9 * float(np.abs(distance).max()):
        unit = 1.0  # all features are alike
    design = np.column_stack([-distance / unit, odds, np.ones(len(odds))])
    sign = np.where(same, 1.0, -1.0)
    share = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())

    def loss(answer: FloatArray) -> tuple[float, FloatArray]:
        margin = sign * (design @ answer)
        slope = -share * sign * np.exp(-np.logaddexp(0, margin))
        return float(share @ np.logaddexp(0, -margin)), slope @ design

    found = minimize(loss, np.zeros(3), jac=True, method="L-BFGS-B", bounds=[(0, 100), (0, 100), (None, None)])
    return float(found.x[0]) / unit, float(found.x[1])
