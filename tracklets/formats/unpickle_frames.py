"""Pickles of pandas' DataFrames (1.3 and later), taken apart without pandas: nothing of it is called.

Such a pickle names some thirty things of pandas, numpy and pyarrow. Each is a stand-in of ``pandas_parts.py`` here.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from reid_solve.tracklets.formats.pandas_parts import (
    INDEXES,
    ArrowWords,
    Block,
    Categories,
    Frame,
    Manager,
    Masked,
    Nothing,
    alias,
    backed,
    new_index,
)
from reid_solve.tracklets.formats.unpickle import Array, NumberType, Refused, Restricted

_DTYPE = re.compile(r"(U?Int(8|16|32|64)|Float(32|64)|Boolean|String)Dtype")
_MASKED = ("IntegerArray", "FloatingArray", "BooleanArray")


class Frames(Restricted):
    """A machine that knows the names of a DataFrame, too."""

    reads = "plain containers, numpy arrays and pandas tables of them"

    def known(self, module: str) -> dict[str, Any]:
        """The names of a module that are known."""
        package = module.partition(".")[0]
        if package == "numpy":
            return {**super().known(module), "dtype": _AnyType, "_reconstruct": self.any_array}
        if package == "pandas":
            kinds: dict[str, Any] = {"DataFrame": Frame, "BlockManager": Manager, "_unpickle_block": Block, "NA": None}
            kinds |= {name: name for name in (*INDEXES, "Categorical", "StringArray")}
            kinds |= {"_new_Index": new_index, "__pyx_unpickle_NDArrayBacked": backed}
            kinds |= {"CategoricalDtype": Categories, "ArrowStringArray": ArrowWords}
            kinds |= dict.fromkeys(_MASKED, Masked)
            return _Named(kinds)
        if module == "pyarrow.lib":
            return {
                "_restore_array": self.words, "type_for_alias": alias, "py_buffer": self.buffer,
                "chunked_array": self.chunks,
            }  # fmt: skip
        if module in {"builtins", "__builtin__"}:
            return {**super().known(module), "slice": slice, "bytearray": self.buffer}
        return super().known(module)

    def any_array(self, *_: Any) -> _AnyArray:
        """An array that may hold objects, empty until its state is set."""
        return _AnyArray(self)

    def buffer(self, data: Any = b"", encoding: str = "latin-1") -> bytes:
        """Bytes, however they are wrapped."""
        if isinstance(data, str):
            return self.encoded(data, encoding.replace("-", ""))
        if not isinstance(data, bytes | bytearray):
            raise Refused("a buffer of no bytes")
        return data  # type: ignore[return-value]

    def words(self, data: tuple[Any, ...]) -> list[str | None]:
        """Arrow's words: offsets into text, and bits for which are there."""
        kind, length, _, offset, buffers, *_ = data
        ends = np.frombuffer(buffers[1], np.int64 if kind.startswith("large") else np.int32)[offset:][: length + 1]
        bits = None if buffers[0] is None else np.unpackbits(np.frombuffer(buffers[0], np.uint8), bitorder="little")
        there = np.ones(length, np.bool_) if bits is None else bits[offset : offset + length] > 0
        if length < 0 or offset < 0 or (length and len(ends) != length + 1) or len(there) != length:
            raise ValueError("words that do not fit their buffers")
        if length and (ends[0] < 0 or np.any(np.diff(ends) < 0) or ends[-1] > len(buffers[2])):
            raise ValueError("words that do not fit their text")
        self.spend(int(length) + (int(ends[-1] - ends[0]) if length else 0))
        text = (
            b""
            if buffers[2] is None
            else bytes(memoryview(buffers[2])[int(ends[0]) : int(ends[-1])] if length else b"")
        )
        first = int(ends[0]) if length else 0
        at = (ends - first).tolist()
        return [text[at[k] : at[k + 1]].decode() if there[k] else None for k in range(length)]

    def chunks(self, parts: Any, *_: Any) -> list[str | None]:
        """Words in pieces."""
        self.spend(sum(len(part) for part in parts))
        return [word for part in parts for word in part]


class _Named(dict[str, Any]):
    """Names, with those of pandas' types, which say nothing that the values do not."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and _DTYPE.fullmatch(name) is not None)

    def __missing__(self, name: str) -> Any:
        return Nothing


class _AnyType(NumberType):
    """A numpy type of numbers or of objects."""

    def __init__(self, code: Any, *_: Any) -> None:
        if code in ("O8", "O4", "O"):
            self.dtype = np.dtype(object)
        else:
            super().__init__(code)


class _AnyArray(Array):
    """A numpy array of numbers or of objects."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_column, data = state
        if kind.dtype != object:
            super().__setstate__(state)
            return
        self.machine.spend(len(data))
        values = np.empty(len(data), object)
        for at, value in enumerate(data):  # numpy would take lists of one length apart
            values[at] = value
        self.values = values.reshape(shape, order="F" if by_column else "C")
