"""Decoding, judging and preparing crops in one thread while the model runs in others; chunk after chunk, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.embed.plan import Plan, sharpness
from reid_solve.tracklets.embed.registry import Embedder, Vectors
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.tracklets.video import Picture, ahead

Seen = Iterable[tuple[IntArray, list[Picture]]]
Chosen = tuple[float, int, Picture]  # how sharp, which row, and its crop
WAITING = 64  # crops that wait, prepared, for the model; 6 MB with 256x128


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
class _Batch:
    """Some rows of one chunk, and how sharp their crops are."""

    chunk: int
    row: list[int]
    sharp: list[float]


Begun = dict[int, list[tuple[_Batch, Future[Vectors]]]]  # by chunk


def run(plan: Plan, wanted: list[int], seen: Seen, model: Embedder) -> Iterator[Chunk]:
    """Embed some chunks of a plan; a chunk is handed out once the model is through with it.

    Args:
        plan: candidates and groups.
        wanted: chunks to embed, ascending.
        seen: rows of each frame and their crops, as ``Crops`` decodes them.
        model: loaded.

    Raises:
        whatever decoding, preparing or the model raises, after all chunks that could be completed before it.
    """
    left, last = deque(wanted), -1
    begun: Begun = {}
    running: deque[tuple[int, Future[Vectors]]] = deque()
    failed: BaseException | None = None

    def finish(until: int) -> None:
        """Wait for the oldest batches until so many are left; one that fails stays the oldest."""
        while len(running) > until:
            running[0][1].result()
            running.popleft()

    with ThreadPoolExecutor(model.workers) as pool:
        try:
            for batch, crops in ahead(_batches(plan, wanted, seen, model), max(WAITING // model.batch, 1)):
                last = batch.chunk
                vectors = pool.submit(model.embed, crops)
                begun.setdefault(last, []).append((batch, vectors))
                running.append((last, vectors))
                finish(model.workers + 1)
                while left[0] < running[0][0]:
                    yield _chunk(left.popleft(), begun)
            finish(0)
        except (Exception, KeyboardInterrupt) as error:
            failed = error
            with suppress(Exception, KeyboardInterrupt):
                finish(0)
    broken = running[0][0] if running else last
    while left and (failed is None or left[0] < broken):
        yield _chunk(left.popleft(), begun)
    if failed is not None:
        raise failed


def _chunk(number: int, begun: Begun) -> Chunk:
    """Put a chunk together from its batches, if there are any, all of which are finished; and forget them."""
    parts = begun.pop(number, [])
    row, sharp = ([value for batch, _ in parts for value in getattr(batch, name)] for name in ("row", "sharp"))
    vectors = np.concatenate([one.result() for _, one in parts]) if parts else np.zeros((0, 1), np.float32)
    return Chunk(number, np.array(row, np.int64), np.array(sharp, float), vectors)


def _batches(plan: Plan, wanted: list[int], seen: Seen, model: Embedder) -> Iterator[tuple[_Batch, npt.NDArray[Any]]]:
    """Batches and their crops, prepared: as many as the model wants at once; only a chunk's last has fewer."""

    def prepared(chunk: int, chosen: list[Chosen]) -> tuple[_Batch, npt.NDArray[Any]]:
        sharp, row, crops = zip(*chosen, strict=True)
        return _Batch(chunk, list(row), list(sharp)), model.prepare(list(crops))

    chunk = -1
    held: list[Chosen] = []
    for number, chosen in _chosen(plan, wanted, seen):
        if held and number != chunk:
            yield prepared(chunk, held)
            held = []
        chunk, held = number, held + chosen
        while len(held) >= model.batch:
            yield prepared(chunk, held[: model.batch])
            held = held[model.batch :]
    if held:
        yield prepared(chunk, held)


def _chosen(plan: Plan, wanted: list[int], seen: Seen) -> Iterator[tuple[int, list[Chosen]]]:
    """Frame by frame, the groups of a chunk whose last candidate has been seen, each with its sharpest crop."""
    group_of = dict(zip(plan.row.tolist(), plan.group.tolist(), strict=True))
    frame_of = dict(zip(plan.row.tolist(), plan.frame.tolist(), strict=True))
    open_groups: dict[int, Chosen] = {}
    groups = np.flatnonzero(np.isin(plan.chunk, wanted))
    due, turn = plan.due[groups], 0

    def emit(until: int) -> Iterator[tuple[int, list[Chosen]]]:
        """Groups that end in ``until`` or before, a chunk at a time."""
        nonlocal turn
        stop = int(np.searchsorted(due, until, side="right"))
        complete: dict[int, list[Chosen]] = {}
        for group in groups[turn:stop].tolist():
            if group in open_groups:
                complete.setdefault(int(plan.chunk[group]), []).append(open_groups.pop(group))
        turn = stop
        yield from complete.items()

    for rows, crops in seen:
        for row, crop in zip(rows.tolist(), crops, strict=True):
            group, sharp = group_of[row], sharpness(crop)
            if group not in open_groups or sharp > open_groups[group][0]:
                open_groups[group] = (sharp, row, crop)
        yield from emit(frame_of[int(rows[0])])
    yield from emit(np.iinfo(np.int64).max)
