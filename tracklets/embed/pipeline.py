"""Decoding, judging and preparing crops in one thread while the model runs in others; chunk after chunk, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.plan import Plan, sharpness
from reid_solve.tracklets.embed.registry import Embedder, Vectors
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.tracklets.video import Picture, ahead

Seen = Iterable[tuple[IntArray, list[Picture]]]
AHEAD = 16  # frames whose crops wait, prepared, for the model; 40 MB for 25 people at 256x128


@dataclass(frozen=True)
class Chunk:
    """Embeddings of the groups of one chunk.

    Attributes:
        number: of the chunk.
        row: (k,) the rows chosen, and sharp (k,) how sharp their crops are.
        vector: (k, D).
    """

    number: int
    row: IntArray
    sharp: FloatArray
    vector: Vectors


@dataclass(frozen=True)
class _Ready:
    """What one frame completed: groups, rows, sharpness and prepared crops."""

    chunk: int
    row: list[int]
    sharp: list[float]
    crops: npt.NDArray[Any]


def run(plan: Plan, wanted: list[int], seen: Seen, model: Embedder) -> Iterator[Chunk]:
    """Embed some chunks of a plan; a chunk is handed out as soon as it is complete.

    Args:
        plan: candidates and groups.
        wanted: chunks to embed, ascending.
        seen: rows of each frame and their crops, as ``Crops`` decodes them.
        model: loaded.

    Raises:
        whatever decoding, preparing or the model raises; chunks handed out before are complete.
    """
    left = list(wanted)
    with ThreadPoolExecutor(model.workers) as pool:
        pending = _Pending(model, pool)
        for ready in ahead(_ready(plan, wanted, seen, model), AHEAD):
            while left[0] < ready.chunk:
                yield pending.close(left.pop(0))
                pending = _Pending(model, pool)
            pending.add(ready)
        for number in left:
            yield pending.close(number)
            pending = _Pending(model, pool)


@dataclass
class _Pending:
    """The chunk that is being filled. Batches run side by side, and are put together in their order."""

    model: Embedder
    pool: Executor
    row: list[int] = field(default_factory=list)
    sharp: list[float] = field(default_factory=list)
    waiting: list[npt.NDArray[Any]] = field(default_factory=list)
    running: deque[Future[Vectors]] = field(default_factory=deque)
    done: list[Vectors] = field(default_factory=list)

    def add(self, ready: _Ready) -> None:
        self.row += ready.row
        self.sharp += ready.sharp
        self.waiting.append(ready.crops)
        while sum(map(len, self.waiting)) >= self.model.batch:
            self._flush()

    def _flush(self) -> None:
        """Start one batch, and wait where enough of them are running."""
        crops = np.concatenate(self.waiting)
        while len(self.running) > self.model.workers:
            self.done.append(self.running.popleft().result())
        self.running.append(self.pool.submit(self.model.embed, crops[: self.model.batch]))
        self.waiting = [crops[self.model.batch :]] if len(crops) > self.model.batch else []

    def close(self, number: int) -> Chunk:
        while self.waiting:
            self._flush()
        self.done += [batch.result() for batch in self.running]
        vectors = np.concatenate(self.done) if self.done else np.zeros((0, 1), np.float32)
        return Chunk(number, np.array(self.row, np.int64), np.array(self.sharp, float), vectors)


def _ready(plan: Plan, wanted: list[int], seen: Seen, model: Embedder) -> Iterator[_Ready]:
    """Frame by frame, the groups whose last candidate has been seen, each with its sharpest crop."""
    group_of = dict(zip(plan.row.tolist(), plan.group.tolist(), strict=True))
    frame_of = dict(zip(plan.row.tolist(), plan.frame.tolist(), strict=True))
    open_groups: dict[int, tuple[float, int, Picture]] = {}
    groups = np.flatnonzero(np.isin(plan.chunk, wanted))
    due, turn = plan.due[groups], 0

    def emit(until: int) -> Iterator[_Ready]:
        """Groups that end in ``until`` or before, a chunk at a time."""
        nonlocal turn
        stop = int(np.searchsorted(due, until, side="right"))
        complete: dict[int, list[tuple[float, int, Picture]]] = {}
        for group in groups[turn:stop].tolist():
            if group in open_groups:
                complete.setdefault(int(plan.chunk[group]), []).append(open_groups.pop(group))
        turn = stop
        for chunk, chosen in complete.items():
            sharp, row, crops = zip(*chosen, strict=True)
            yield _Ready(chunk, list(row), list(sharp), model.prepare(list(crops)))

    for rows, crops in seen:
        for row, crop in zip(rows.tolist(), crops, strict=True):
            group, sharp = group_of[row], sharpness(crop)
            if group not in open_groups or sharp > open_groups[group][0]:
                open_groups[group] = (sharp, row, crop)
        yield from emit(frame_of[int(rows[0])])
    yield from emit(np.iinfo(np.int64).max)
