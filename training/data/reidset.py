"""A re-identification set: pictures of people, whose they are, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.evaluation.retrieval.position import COLUMNS as PLACE
from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import IntArray, Note

Words = npt.NDArray[np.str_]

COLUMNS = {"path": pa.string(), "pid": pa.int64(), "camid": pa.int32(), "split": pa.string()}
LEVELS = ("action", "clip", "match", "teams", "season", "league")  # from the narrowest to the widest
SPLITS = ("train", "query", "gallery")
MODULES = ("market", "soccernet", "deepsport", "lists")


@dataclass(frozen=True)
class ReidSet:
    """The pictures of one set.

    Attributes:
        name: of the set, for logs.
        root: folder that paths are relative to.
        table: a row a picture: ``path`` (string), ``pid`` (int64; one number is one person in the whole set, -1 where
            it is not known), ``camid`` (int32), ``split`` (string: train, query or gallery), and those of the string
            columns ``LEVELS`` that the set knows, null where it does not. ``id`` (int64) where the set numbers its
            pictures for submissions; ``time``, ``x``, ``y``, ``height`` (float64) where it knows their places.
        notes: what was left out or is odd.
    """

    name: str
    root: Path
    table: pa.Table
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.table.column_names]
        if missing:
            raise InputError(f"{self.root}: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def pid(self) -> IntArray:
        """Person of each row, (n,)."""
        return arrays.values(self.table["pid"]).astype(np.int64)

    @cached_property
    def camid(self) -> IntArray:
        """Camera of each row, (n,)."""
        return arrays.values(self.table["camid"]).astype(np.int64)

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of train, query and gallery that have rows."""
        found = set(pc.unique(self.table["split"]).to_pylist())
        return tuple(name for name in SPLITS if name in found)

    @property
    def levels(self) -> dict[str, Words]:
        """The level columns it has as text, (n,) each; "" where a row has none."""
        return {name: self.words(name) for name in LEVELS if name in self.table.column_names}

    def words(self, column: str) -> Words:
        """A string column as numpy text, (n,); "" for null."""
        return np.array([word or "" for word in self.table[column].to_pylist()], np.str_)

    def paths(self) -> list[Path]:
        """Files of the rows."""
        return [self.root / path for path in self.table["path"].to_pylist()]

    def part(self, *splits: str) -> ReidSet:
        """The rows of one split or several, in their order.

        Raises:
            OptionError: no such split, or the set has no rows of it.
        """
        for split in splits:
            if split not in self.splits:
                have = ", ".join(self.splits) or "no rows at all"
                raise OptionError(f"{self.root}: no pictures in split {split!r}; it has {have}")
        kept = pc.is_in(self.table["split"], pa.array(list(splits), pa.string()))
        return replace(self, table=self.table.filter(kept))

    def take(self, rows: IntArray) -> ReidSet:
        """Some rows, in the order given."""
        return replace(self, table=self.table.take(arrays.column(np.asarray(rows, np.int64))))

    def numbers(self) -> IntArray:
        """Class of each row, (n,): persons as 0..C-1 in the order of their pid."""
        return np.unique(self.pid, return_inverse=True)[1].astype(np.int64)


Reader = Callable[..., ReidSet]


@dataclass(frozen=True)
class Layout:
    """A reader of folders, and the test parts to choose from; the first by default, none where there is one at most."""

    read: Reader
    tests: tuple[str, ...]


LAYOUTS: dict[str, Layout] = {}


def layout(name: str, tests: tuple[str, ...] = ()) -> Callable[[Reader], Reader]:
    """Register a function from a folder (and, with ``tests``, the name of one) to the set that lies in it."""

    def register(read: Reader) -> Reader:
        LAYOUTS[name] = Layout(read, tests)
        return read

    return register


def open_set(kind: str, root: str | Path) -> ReidSet:
    """Read the names in a folder; no picture is opened.

    Args:
        kind: layout of the folder: market, lists (what ``reid-solve reid-data`` writes), soccernet, deepsport. The last
            two have several test parts, of which queries and gallery are taken: soccernet:valid (the default), :test,
            :challenge; deepsport:test (the default), :challenge.
        root: the folder.

    Raises:
        OptionError: no such layout, or test part of it.
        InputError: the folder is not of that layout.
    """
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    name, _, test = kind.partition(":")
    if name not in LAYOUTS:
        raise OptionError(f"no layout {kind!r}; one of: {', '.join(sorted(LAYOUTS))}")
    found = LAYOUTS[name]
    if test and test not in found.tests:
        have = ", ".join(f"{name}:{part}" for part in found.tests) or name
        raise OptionError(f"no layout {kind!r}; write {have}")
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give the folder of the unpacked set")
    return found.read(root, test or found.tests[0]) if found.tests else found.read(root)


def set_of(name: str, root: Path, columns: Mapping[str, Any], notes: tuple[Note, ...] = ()) -> ReidSet:
    """A set from lists or arrays by column name, cast to their types; an all-empty level is left out."""
    table = {}
    for column, kind in COLUMNS.items():
        table[column] = pa.array(list(columns[column]), kind)
    for column in LEVELS:
        words = [word or None for word in columns.get(column, [])]
        if any(words):
            table[column] = pa.array(words, pa.string())
    for column in PLACE:
        if column in columns:
            table[column] = pa.array(list(columns[column]), pa.float64())
    if any(number is not None for number in columns.get("id", [])):
        table["id"] = pa.array(list(columns["id"]), pa.int64())
    return ReidSet(name, root, pa.table(table), notes)
