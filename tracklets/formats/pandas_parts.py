"""What is in the pickle of a DataFrame of pandas: stand-ins that keep what they are given, and see whether it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reid_solve.tracklets.formats.nested import shown
from reid_solve.tracklets.formats.unpickle import Array, Refused

INDEXES = ("Index", "RangeIndex", "Int64Index", "UInt64Index", "Float64Index")
_WORDS = ("string", "large_string", "utf8", "large_utf8")


class Nothing:
    """Something that adds nothing."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class Masked:
    """Numbers of which some are missing: ``_data`` and ``_mask``."""

    def __setstate__(self, state: Any) -> None:
        given = state[0] if isinstance(state, tuple) else state
        self.data, self.mask = _plain(given["_data"]), _plain(given["_mask"])

    def __len__(self) -> int:
        return int(self.data.size)

    def values(self) -> list[Any]:
        """The numbers, None where missing."""
        if self.data.shape != self.mask.shape or self.data.ndim != 1:
            raise ValueError("numbers and a mask of different lengths")
        return [None if gone else value for value, gone in zip(self.data.tolist(), self.mask.tolist(), strict=True)]


class Categories:
    """The type of a Categorical."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.categories = _listed(state["categories"], 1 << 15)


class Backed:
    """A Categorical, or words that numpy holds."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        # the type and the values, in either order, and what else there is
        kinds = [part for part in state if isinstance(part, Categories)]
        (data,) = (_plain(part) for part in state if isinstance(part, Array | np.ndarray))
        self.kind, self.data = kinds[0] if kinds else None, data.reshape(-1)

    def __len__(self) -> int:
        return int(self.data.size)

    def values(self) -> list[Any]:
        """The words."""
        found: list[Any] = self.data.tolist()
        if self.kind is None:
            return found
        return [None if code == -1 else self.kind.categories[_within(code, self.kind.categories)] for code in found]


def _within(code: Any, categories: list[Any]) -> int:
    if not isinstance(code, int) or not 0 <= code < len(categories):
        raise ValueError("a category that there is not")
    return code


class ArrowWords:
    """Words that Arrow holds."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        found = state["_pa_array"] if "_pa_array" in state else state["_data"]
        if not isinstance(found, list):
            raise ValueError("words that are none")
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    def values(self) -> list[Any]:
        """The words, None where missing."""
        return self.found


@dataclass
class Block:
    """Values of some columns, and which."""

    values: Any
    placement: Any
    ndim: int = 2


@dataclass
class Manager:
    """Blocks, and the names of columns and rows."""

    blocks: Any
    axes: Any


class Frame:
    """A DataFrame, once its state is set."""

    manager: Any = None

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.manager = state.get("_mgr", state.get("_data"))

    def columns(self, room: int) -> tuple[dict[str, Any], list[Any]]:
        """The columns by name, each a list or a numpy array of n values, and the n names of the rows.

        Args:
            room: how many values there may be: the pickle has a byte or more for each, unless it is a trap.

        Raises:
            ValueError: the parts do not fit together.
        """
        if not isinstance(self.manager, Manager) or len(self.manager.axes) != 2:
            raise ValueError("a table without values")
        names = [shown(name) for name in _listed(self.manager.axes[0], room)]
        if len(set(names)) < len(names):
            raise ValueError("two columns of one name")
        blocks = [block for block in self.manager.blocks if isinstance(block, Block)]
        n = _height(blocks[0]) if blocks else 0
        if n * len(names) > room or any(_height(block) != n for block in blocks):
            raise ValueError("columns of different lengths")
        found: dict[int, Any] = {}
        for block in blocks:
            for at, values in _placed(block, len(names)):
                if at in found:
                    raise ValueError("a column twice")
                found[at] = values
        rows = _listed(self.manager.axes[1], n) if names else []
        if len(found) != len(names) or len(rows) != n:
            raise ValueError("names that are not as many as columns and rows")
        return {name: found[at] for at, name in enumerate(names)}, rows


def _height(block: Block) -> int:
    """How many rows a block has."""
    if isinstance(block.values, Masked | Backed | ArrowWords):
        return len(block.values)
    values = _plain(block.values)
    if values.ndim != 2:
        raise ValueError("a block of another shape")
    return int(values.shape[1])


def _placed(block: Block, count: int) -> list[tuple[int, Any]]:
    """The columns of a block, by place."""
    where = block.placement
    places = range(*where.indices(count)) if isinstance(where, slice) else _plain(where).tolist()
    if len(places) > count or any(not isinstance(at, int) or not 0 <= at < count for at in places):
        raise ValueError("a column that has no name")
    if isinstance(block.values, Masked | Backed | ArrowWords):
        (at,) = places
        return [(at, block.values.values())]
    values = _plain(block.values)
    if len(values) != len(places):
        raise ValueError("a block of another shape than its place")
    return [(at, values[k].tolist() if values.dtype == object else values[k]) for k, at in enumerate(places)]


def new_index(kind: str, state: Mapping[str, Any]) -> Any:
    """Names of rows or columns."""
    if kind == "RangeIndex":
        return range(*(int(state[key]) for key in ("start", "stop", "step")))
    if kind not in INDEXES:
        raise Refused("pandas names of rows of another kind")
    return state["data"]


def _listed(index: Any, count: int) -> list[Any]:
    """Names of columns or rows, ``count`` or a few more of those that are only numbered."""
    if isinstance(index, Masked | Backed | ArrowWords):
        return index.values()
    if isinstance(index, range):
        return list(index[: count + 1])
    return index if isinstance(index, list) else _plain(index).reshape(-1).tolist()


def _plain(values: Any) -> Any:
    found = values.values if isinstance(values, Array) else values
    if not isinstance(found, np.ndarray):
        raise ValueError("no array where one should be")
    return found


def backed(kind: str, *_: Any) -> Backed:
    """Values, empty until their state is set."""
    if kind not in {"Categorical", "StringArray"}:
        raise Refused("pandas values of another kind")
    return Backed()


def alias(name: str) -> str:
    """The name of a type of words."""
    if name not in _WORDS:
        raise Refused(f"Arrow values of type {name!r}"[:100])
    return name
