"""The canonical table: one row a detection, columns as arrays, the user's own table kept untouched beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, one_line

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BOX = ("x", "y", "w", "h")
REQUIRED = ("frame", "track_id", *BOX)
OPTIONAL = (
    "sequence", "score", "class_id", "class_name", "team", "team_score", "role", "role_score", "jersey",
    "jersey_score", "pitch_x", "pitch_y", "embedding", "gt_id", "identity", "identity_score",
)  # fmt: skip
ORDER = ("sequence", *REQUIRED, *OPTIONAL[1:])  # of the canonical columns


@dataclass(frozen=True)
class Note:
    """Something done to the input or noticed in it, counted; never silent.

    A repair changed what is used of the input and is an error under ``--strict``; a warning changed nothing.
    """

    code: str  # stable, kebab-case, for --json: "identical-duplicates", "boxes-outside"
    count: int  # rows concerned
    text: str  # one line for people
    kind: Literal["repair", "warning"] = "repair"

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", one_line(self.text))


def counted(count: int, noun: str) -> str:
    """Say a number of things: "1 row", "3 rows"."""
    return f"{count} {noun}{'s' * (count != 1)}"


@dataclass(frozen=True)
class Clip:
    """What is known of the recording besides its rows; None where the source does not say."""

    fps: float | None = None
    width: int | None = None
    height: int | None = None
    length: int | None = None  # frames
    source: str = "table"  # a path, or the kind of object that was given; starts every error message
    format: str = "table"  # name of the reader
    frame_base: int | None = None  # number of the first frame of the recording, 0 or 1
    box_format: str | None = None  # set where the source's box columns mean something else than their names say
    percent: bool = False  # the source's scores are in percent
    metadata: Mapping[str, Any] = field(default_factory=dict)  # what else the file's `reid_solve` metadata held
    origins: Mapping[str, str] = field(default_factory=dict)  # where fps, width, ... were read: "option", "seqinfo.ini"


@dataclass(frozen=True)
class Tracks:
    """The rows of one input.

    Attributes:
        canonical: columns named as in ``REQUIRED`` and ``OPTIONAL``, checked and cast, in the input's row order.
        source: the same rows with the user's own columns, names and types; what writers write back.
        clip: frame rate, picture size and origin.
        notes: repairs and warnings, in the order in which they were made.
    """

    canonical: pa.Table
    source: pa.Table
    clip: Clip = field(default_factory=Clip)
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in REQUIRED if name not in self.canonical.column_names]
        if missing:
            raise InputError(f"{self.clip.source}: no column {', '.join(missing)}; needed: {', '.join(REQUIRED)}")

    def __len__(self) -> int:
        return int(self.canonical.num_rows)

    def __contains__(self, column: str) -> bool:
        return column in self.canonical.column_names

    @cached_property
    def frame(self) -> IntArray:
        """Frame number of each row, (n,), base as in the source."""
        return arrays.values(self.canonical["frame"]).astype(np.int64, copy=False)

    @cached_property
    def boxes(self) -> FloatArray:
        """Boxes (n, 4) as x, y, w, h in pixels."""
        return np.column_stack([self._floats(name) for name in BOX])

    def boxes_at(self, rows: IntArray) -> FloatArray:
        """Boxes (m, 4) of rows (m,), without keeping those of all rows."""
        return np.column_stack([self._floats(name)[rows] for name in BOX])

    @cached_property
    def score(self) -> FloatArray:
        """Detector confidence (n,); 1 where the source has none."""
        if "score" not in self:
            return np.ones(len(self))
        score = self._floats("score")
        return np.where(np.isnan(score), 1.0, score)

    @cached_property
    def usable(self) -> BoolArray:
        """Rows (n,) whose box has a positive area; the others are kept but say nothing about geometry."""
        return (self.boxes[:, 2] > 0) & (self.boxes[:, 3] > 0)

    def codes(self, column: str) -> tuple[IntArray, pa.Array]:
        """A column as small integers.

        Returns:
            codes (n,) with -1 for null, and the distinct values they index, in order of first appearance.
        """
        values = arrays.whole(self.canonical[column])
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()  # a writer's dictionary has its own order, and entries nobody uses
        values = values.dictionary_encode()
        codes = np.where(arrays.present(values.indices), arrays.values(values.indices), -1).astype(np.int64)
        return codes, values.dictionary

    @cached_property
    def sequence(self) -> IntArray:
        """Which recording a row belongs to, (n,), from 0; all 0 without a ``sequence`` column."""
        return self.codes("sequence")[0] if "sequence" in self else np.zeros(len(self), np.int64)

    def noted(self, *notes: Note) -> Tracks:
        """The same rows with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def with_identity(self, identity: pa.Array, identity_score: pa.Array) -> Tracks:
        """Add (or replace) the two output columns, in both tables; nothing else changes.

        Args:
            identity: (n,) int64, null where a row has no identity.
            identity_score: (n,) float32 probability that the identity is right, null where there is none.
        """
        new = {"identity": identity.cast(pa.int64()), "identity_score": identity_score.cast(pa.float32())}
        return replace(self, canonical=_set(self.canonical, new), source=_set(self.source, new))

    def _floats(self, name: str) -> FloatArray:
        return arrays.floats(self.canonical[name])


def _set(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        table = table.append_column(name, values) if at < 0 else table.set_column(at, name, values)
    return table
