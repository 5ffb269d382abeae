"""What a training writes down: a table of text that is the same for the same training, and the same for TensorBoard."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.extras import optional

FILE = "log.csv"


class Log:
    """Lines of numbers by step. No times are in them: a training that was stopped and taken up has the same log.

    Args:
        folder: where to.
        columns: names of the numbers.
        size: bytes of the file that count; what is after them was written after the checkpoint, and is done again.
        step: of that checkpoint.
        tensorboard: also write for TensorBoard.

    Raises:
        OutputError: it cannot be written.
        OptionError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, columns: tuple[str, ...], size: int, step: int, tensorboard: bool) -> None:
        self._path, self._columns, self._board = folder / FILE, ("step", "epoch", *columns), None
        try:
            if size and self._path.stat().st_size < size:
                raise OutputError(f"{self._path}: shorter than its checkpoint says; train into another folder")
            self._stream = self._path.open("a", newline="", encoding="utf-8")
            os.truncate(self._path, size)
        except OSError as error:
            raise OutputError(f"{self._path}: cannot be written ({error.strerror or error}); free the file") from error
        self._writer = csv.writer(self._stream, lineterminator="\n")
        if not size:
            self._put(self._columns)
        if tensorboard:
            module: Any = optional("torch.utils.tensorboard", "train", "[train] tensorboard")
            self._board = module.SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, step: int, epoch: int, numbers: Mapping[str, float]) -> None:
        """Write a line; numbers that it does not have are left empty."""
        self._put([step, epoch, *(repr(numbers[n]) if n in numbers else "" for n in self._columns[2:])])
        if self._board is not None:
            for name, value in numbers.items():
                self._board.add_scalar(name, value, step)

    def size(self) -> int:
        """Bytes so far, all on the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self._path.stat().st_size

    def close(self) -> None:
        """Write what is left."""
        self._stream.close()
        if self._board is not None:
            self._board.close()

    def _put(self, row: Any) -> None:
        self._writer.writerow(row)
        self._stream.flush()
