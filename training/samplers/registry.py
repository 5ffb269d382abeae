"""Samplers by name: which P persons meet in each batch, and how their K pictures are dealt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import IntArray
from reid_solve.training.data.reidset import LEVELS

MODULES = ("random_pk", "match_aware", "hierarchical", "once")


@dataclass(frozen=True)
class Roll:
    """Who can be drawn, and where each belongs.

    Attributes:
        p: persons of a batch.
        k: pictures of a person in a batch.
        pictures: (C,) how many pictures each person has, at least one.
        levels: name of a level -> code of each person (C,), -1 where unknown.
        names: name of a level -> what the codes mean.
        divided: levels at which some person has pictures in two places.
        rounds: how often each person is to be drawn in an epoch, at least.
    """

    p: int
    k: int
    pictures: IntArray
    levels: Mapping[str, IntArray]
    names: Mapping[str, npt.NDArray[np.str_]]
    divided: frozenset[str]
    rounds: int

    def __len__(self) -> int:
        return len(self.pictures)


Draw = Callable[..., IntArray]
SAMPLERS: dict[str, Draw] = {}


def sampler(name: str) -> Callable[[Draw], Draw]:
    """Register a function from a ``Roll``, a generator and options to persons (batches, P), all distinct in a row."""

    def register(draw: Draw) -> Draw:
        SAMPLERS[name] = draw
        return draw

    return register


def build(
    name: str,
    classes: IntArray,
    levels: Mapping[str, npt.NDArray[np.str_]],
    *,
    p: int,
    k: int,
    seed: int,
    rounds: int | None = None,
    min_images: int = 1,
    **options: Any,
) -> BatchSampler:
    """A batch sampler, as ``DataLoader(batch_sampler=...)`` takes it.

    Args:
        name: random-pk, match-aware, hierarchical or once.
        classes: (N,) person of each row; rows below 0 (nobody known) are never drawn.
        levels: name of a level -> where each row belongs (N,), "" where unknown; see ``LEVELS``.
        p: persons in a batch.
        k: pictures of each; who has fewer repeats some.
        seed: one seed, one epoch: one plan, on every machine.
        rounds: times that each person is drawn in an epoch; by default so often that as many pictures are drawn as
            there are. ``once`` goes by pictures and has no rounds.
        min_images: persons with fewer pictures are left out; 2 where a loss can do nothing with a person's only one.
        options: of the sampler: ``scope`` of match-aware, ``widen`` and ``safe`` of hierarchical.

    Raises:
        OptionError: no such sampler or option, or values that it cannot have or the set cannot satisfy.
    """
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    if name not in SAMPLERS:
        raise OptionError(f"no sampler {name!r}; one of: {', '.join(sorted(SAMPLERS))}")
    draw = SAMPLERS[name]
    known = list(inspect.signature(draw).parameters)[2:]  # after the roll and the generator
    for key in options:
        if key not in known:
            raise OptionError(f"sampler {name!r} has no option {key!r}; it has: {', '.join(known) or 'none'}")
    numbers = {"p": p, "k": k, "min_images": min_images, **({} if rounds is None else {"rounds": rounds})}
    for key, number in numbers.items():
        if type(number) is not int or number < 1:
            raise OptionError(f"{key} must be a whole number, 1 or more, not {number!r}")
    rows, person, count = _eligible(np.asarray(classes, np.int64), min_images)
    if len(count) < p:
        least = f" with {min_images} pictures or more" if min_images > 1 else ""
        raise OptionError(f"{p} persons a batch, but the set has only {len(count)}{least}; lower p")
    if rounds is None:
        rounds = max(1, round(int(count.sum()) / (len(count) * k)))
    codes, names, divided = _placed(levels, rows, person, len(count))
    roll = Roll(p, k, count, codes, names, divided, rounds)
    try:
        return BatchSampler(roll, rows, lambda rng: draw(roll, rng, **options), seed)
    except TypeError as error:
        raise OptionError(f"sampler {name!r}: {error}; correct its options") from error


class BatchSampler:
    """Batches of P × K rows, K of each person in a row. Made by ``build``.

    The plan of an epoch is made when it is first asked for and depends on seed and epoch alone. ``len`` is the true
    number of batches of the present epoch; where refilling is needed it differs a little between epochs.
    """

    def __init__(
        self,
        roll: Roll,
        rows: IntArray,
        draw: Callable[[np.random.Generator], IntArray],
        seed: int,
    ) -> None:
        self.roll, self.seed, self.epoch = roll, seed, 0
        self._rows, self._draw = rows, draw  # rows (N',) grouped by person
        self._plan: IntArray | None = None
        self.plan()  # what cannot be satisfied is found here, not in the first epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches are handed out; its plan differs from the others'."""
        if epoch != self.epoch:
            self.epoch, self._plan = epoch, None

    def __len__(self) -> int:
        return len(self.plan())

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.plan():
            yield batch.tolist()

    def plan(self) -> IntArray:
        """All batches of the epoch, (batches, P × K) rows."""
        if self._plan is None:
            rng = np.random.default_rng([self.seed, self.epoch])
            self._plan = self._deal(self._draw(rng), rng)
        return self._plan

    def _deal(self, persons: IntArray, rng: np.random.Generator) -> IntArray:
        """Give each person's pictures out in shuffled order, all of them before any a second time."""
        count, k = self.roll.pictures, self.roll.k
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        deck = self._rows[np.lexsort((rng.random(len(self._rows)), np.repeat(np.arange(len(count)), count)))]
        flat = persons.reshape(-1)
        order = np.argsort(flat, kind="stable")
        start = np.flatnonzero(np.diff(flat[order], prepend=-1))
        visit = np.empty(len(flat), np.int64)
        visit[order] = np.arange(len(flat)) - np.repeat(start, np.diff(start, append=len(flat)))
        place = (visit[:, None] * k + np.arange(k)) % count[flat][:, None]
        return np.asarray(deck[first[flat][:, None] + place].reshape(len(persons), -1), np.int64)


class Places:
    """Members of each place at one level."""

    def __init__(self, codes: IntArray) -> None:
        self._order = np.argsort(codes, kind="stable")
        self._codes, self._code_of = codes[self._order], codes

    def around(self, person: int) -> IntArray:
        """Persons of the place where somebody is, himself among them; nobody where that is unknown."""
        code = self._code_of[person]
        low, high = np.searchsorted(self._codes, [code, code + 1]) if code >= 0 else (0, 0)
        return self._order[low:high]


def stream(roll: Roll, rng: np.random.Generator) -> IntArray:
    """Every person ``rounds`` times, any P in succession (from a multiple of P on) distinct: whole batches (B, P).

    The last batch is filled up with persons who are drawn once more.
    """
    total = -(-len(roll) * roll.rounds // roll.p) * roll.p
    out = np.empty(0, np.int64)
    while len(out) < total:
        turn = rng.permutation(len(roll))
        begun = len(out) % roll.p
        late = np.isin(turn, out[len(out) - begun :]) if begun else np.zeros(len(turn), np.bool_)
        ahead = turn[~late][: roll.p - begun]
        rest = turn[~np.isin(turn, ahead)]
        out = np.concatenate([out, ahead, rest])
    return out[:total].reshape(-1, roll.p)


def _eligible(classes: IntArray, least: int) -> tuple[IntArray, IntArray, IntArray]:
    """Rows grouped by person, the dense number of each one's person, and how many rows each person has."""
    rows = np.flatnonzero(classes >= 0)
    person, count = np.unique(classes[rows], return_inverse=True, return_counts=True)[1:]
    rows = rows[count[person] >= least]
    person, count = np.unique(classes[rows], return_inverse=True, return_counts=True)[1:]
    order = np.argsort(person, kind="stable")
    return rows[order], person[order].astype(np.int64), count.astype(np.int64)


def _placed(
    levels: Mapping[str, npt.NDArray[np.str_]], rows: IntArray, person: IntArray, persons: int
) -> tuple[dict[str, IntArray], dict[str, npt.NDArray[np.str_]], frozenset[str]]:
    codes: dict[str, IntArray] = {}
    names: dict[str, npt.NDArray[np.str_]] = {}
    divided = set()
    first = np.searchsorted(person, np.arange(persons))
    for level in LEVELS:
        if level not in levels:
            continue
        words = np.asarray(levels[level])[rows]
        names[level], code = np.unique(words, return_inverse=True)
        code = np.where(words == "", -1, code).astype(np.int64)
        codes[level] = code[first]
        if (code != codes[level][person]).any():
            divided.add(level)
    return codes, names, frozenset(divided)
