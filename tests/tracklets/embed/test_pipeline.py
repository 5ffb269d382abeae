"""Batches and chunks: each chunk is handed out whole, once, in order, and as soon as the model has left it behind."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from reid_solve.tracklets.embed.pipeline import Chunk, run
from reid_solve.tracklets.embed.plan import Plan
from reid_solve.tracklets.table import IntArray
from reid_solve.tracklets.video import Picture

pytest.importorskip("cv2", reason="needs the extra [video]")
CHUNKS = [3, 1, 1, 9, 0, 4, 2]  # groups of each; the fifth has frames that the video has not
PER_FRAME = 2


class Numbers:
    """A model that reads a crop's number from its first pixel."""

    def __init__(self, batch: int, workers: int) -> None:
        self.name = self.key = "numbers"
        self.batch, self.workers = batch, workers
        self.sizes: list[int] = []

    def load(self) -> None:
        """Nothing to load."""

    def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
        self.sizes.append(len(crops))
        return np.array([crop[0, 0] for crop in crops])

    def embed(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return batch.astype(np.float32)


def planned() -> Plan:
    """One row a group; of each chunk's groups two end in a frame. The missing chunk has three of its own."""
    sizes = [size or 3 for size in CHUNKS]
    chunk = np.repeat(np.arange(len(sizes)), sizes)
    row = np.arange(len(chunk))
    inside = np.concatenate([np.arange(size) for size in sizes])
    frame = 100 * chunk + inside // PER_FRAME
    return Plan(row, frame, row, chunk, frame)


def filmed(plan: Plan, rows: IntArray, stop: int | None = None) -> Iterator[tuple[IntArray, list[Picture]]]:
    """Rows frame by frame, each with a crop that says which it is; from frame ``stop`` on the video is broken."""
    for frame in np.unique(plan.frame[rows]).tolist():
        if stop is not None and frame >= stop:
            raise OSError("broken")
        if frame // 100 != CHUNKS.index(0):
            mine = rows[plan.frame[rows] == frame]
            yield mine, [np.full((4, 4, 3), row, np.uint8) for row in mine.tolist()]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("batch", [1, 2, 4, 100])
@pytest.mark.parametrize("wanted", [list(range(7)), [3], [0, 4, 5], [4]], ids=str)
def test_every_chunk_comes_whole_and_in_order(batch: int, workers: int, wanted: list[int]) -> None:
    plan, model = planned(), Numbers(batch, workers)
    chunks = list(run(plan, wanted, filmed(plan, plan.rows_of(*wanted)), model))
    assert [chunk.number for chunk in chunks] == wanted
    for chunk in chunks:
        rows = plan.rows_of(chunk.number) if CHUNKS[chunk.number] else np.array([], int)
        np.testing.assert_array_equal(chunk.row, rows)
        assert len(chunk.sharp) == len(chunk.vector) == len(rows)
        np.testing.assert_array_equal(chunk.vector[:, :1], rows[:, None])
    assert model.sizes == [min(batch, CHUNKS[k] - at) for k in wanted for at in range(0, CHUNKS[k], batch)]


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (1, 16), (4, 4), (100, 2)])
def test_what_was_complete_is_handed_out_before_an_error(batch: int, workers: int) -> None:
    """The video breaks off in the fourth chunk."""
    plan = planned()
    handed: list[Chunk] = []
    with pytest.raises(OSError, match="broken"):
        handed.extend(run(plan, list(range(7)), filmed(plan, plan.row, stop=304), Numbers(batch, workers)))
    # a batch that would be larger than what there is of the fourth chunk is not begun, and the third ends with it
    assert [chunk.number for chunk in handed] == [0, 1, 2][: 3 if batch <= 4 else 2]
    assert [len(chunk.row) for chunk in handed] == CHUNKS[: len(handed)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("workers", [1, 3, 16])
def test_an_error_of_the_model_spoils_its_own_chunk_only(workers: int, error: type[BaseException]) -> None:
    class Failing(Numbers):
        def embed(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            if (batch[:, 0] == bad).any():
                raise error
            return super().embed(batch)

    plan = planned()
    bad = int(plan.rows_of(3)[4])
    handed: list[Chunk] = []
    with pytest.raises(error):
        handed.extend(run(plan, list(range(7)), filmed(plan, plan.row), Failing(2, workers)))
    assert [chunk.number for chunk in handed] == [0, 1, 2]
    assert [len(chunk.row) for chunk in handed] == CHUNKS[:3]


def test_stopping_early_stops_the_work() -> None:
    plan, model = planned(), Numbers(1, 2)
    before = threading.active_count()
    chunks = run(plan, list(range(7)), filmed(plan, plan.row, stop=700), model)
    assert next(chunks).number == 0
    assert threading.active_count() > before
    chunks.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_crops_are_not_kept_until_their_chunk_is_whole() -> None:
    class Watching(Numbers):
        alive: ClassVar[list[weakref.ref[Any]]] = []
        most = 0

        def prepare(self, crops: list[Picture]) -> npt.NDArray[Any]:
            made = super().prepare(crops)
            self.alive.append(weakref.ref(made))
            self.most = max(self.most, sum(one() is not None for one in self.alive))
            return made

    chunk = np.zeros(500, np.int64)
    row = np.arange(500)
    plan = Plan(row, row // PER_FRAME, row, chunk, row // PER_FRAME)
    model = Watching(2, 1)
    seen = ((row[k : k + 2], [np.zeros((4, 4, 3), np.uint8)] * 2) for k in range(0, 500, 2))
    (only,) = run(plan, [0], seen, model)
    assert len(only.row) == 500
    assert model.most < 60  # 32 wait, and the model has a few
