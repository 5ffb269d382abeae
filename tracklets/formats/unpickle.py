"""Pickles of plain data, read without letting them call anything: containers, numbers, words and numpy arrays.

A pickle is a program that names functions and calls them. Here it gets none but the few below: not even numpy's own,
which its pickles name, because those would believe any size, type and field layout that a crafted file claims.

The machine is the one that Python's library has in Python, not the one in C, because its steps can be watched: a tuple
of tuples of tuples ... makes C's ``hash`` overflow the stack, a claimed size or place fills the memory, and a state for
a class would change this program. What is copied is counted: no more than the file is long.
"""

from __future__ import annotations

import collections
import io
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError

_NUMBERS = "biufc"  # kinds of numpy types that are plain numbers
_DEPTH = 1000  # tuples in tuples; data has a handful
_READ = "plain containers and numpy arrays"


def unpickle(raw: bytes, source: str, machine: type[Restricted] | None = None) -> Any:
    """Load a pickle.

    Args:
        raw: the file's bytes.
        source: name for messages.
        machine: what it may name; plain data by default.

    Raises:
        InputError: it is damaged, or names anything else than containers and numpy arrays; nothing was called then.
    """
    chosen = machine or Restricted
    try:
        return chosen(raw).load()
    except Refused as error:
        raise InputError(
            f"{source}: the pickle asks for {error}, and only {chosen.reads} are read; write parquet or CSV"
        ) from error
    except (MemoryError, RecursionError) as error:
        raise InputError(f"{source}: a pickle too large or too deep to read; write parquet or CSV") from error
    except Exception as error:  # a broken pickle can make the machine that reads it raise almost anything
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"{source}: damaged or no pickle ({reason}); write it again") from error


class Refused(Exception):
    """The name of something that a pickle must not have."""


class Restricted(pickle._Unpickler):
    """A machine that knows the names of plain data."""

    reads = _READ

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw))
        self.left = len(raw)  # what may still be copied
        self.size = len(raw)
        self.depths: dict[int, tuple[int, Any]] = {}  # of tuples in tuples, by id; kept, so that ids stay theirs

    def spend(self, count: int) -> None:
        """Count what is copied out of other values: a few bytes could ask for it again and again."""
        self.left -= count
        if self.left < 0:
            raise Refused("more copies of its values than it has room for")

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for here."""
        known = self.known(module)
        if name not in known:
            raise Refused(f"{module}.{name}"[:200])
        return known[name]

    def known(self, module: str) -> dict[str, Any]:
        """The names of a module that are known."""
        if module.partition(".")[0] == "numpy":
            return {
                "_reconstruct": self.array, "_frombuffer": from_buffer, "scalar": _scalar, "dtype": NumberType,
                "ndarray": "",
            }  # fmt: skip
        if module == "collections":
            return {"OrderedDict": self.copied(collections.OrderedDict), "defaultdict": _default}
        if module in {"builtins", "__builtin__"}:  # as protocols 0 to 2 call it
            kinds = {kind.__name__: self.copied(kind) for kind in (dict, list, set, frozenset)}
            return {**kinds, "complex": complex, "bytes": _no_bytes}
        return {"encode": self.encoded} if module == "_codecs" else {}

    def copied(self, kind: Callable[..., Any]) -> Callable[..., Any]:
        """A constructor of containers that takes one container, and counts what it copies."""

        def make(*given: Any) -> Any:
            if len(given) > 1 or not all(isinstance(one, list | tuple | dict | set | frozenset) for one in given):
                raise Refused("a container of something that is none")
            self.spend(sum(len(one) for one in given))
            return kind(*given)

        return make

    def encoded(self, text: str, encoding: str) -> bytes:
        """How protocols 0 to 2 write bytes."""
        if encoding != "latin1":
            raise Refused(f"the encoding {encoding!r}"[:100])
        self.spend(len(text))
        return text.encode("latin1")

    def array(self, *_: Any) -> Array:
        """An array, empty until its state is set."""
        return Array(self)

    def persistent_load(self, pid: Any) -> Any:
        """Refuse."""
        raise Refused("an object outside the file")

    stack: list[Any]  # of the library's machine: what was made so far
    read: Callable[[int], bytes]
    append: Callable[[Any], None]
    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)

    def load_build(self) -> None:
        """Set a state: only of objects of this file's own, never of classes and functions."""
        target = self.stack[-2]
        if isinstance(target, type) or not hasattr(type(target), "__setstate__"):
            raise Refused(f"a state for {getattr(target, '__name__', type(target).__name__)}"[:100])
        state = self.stack.pop()
        self.stack[-1].__setstate__(state)

    def load_bytearray8(self) -> None:
        """Read a buffer, as long as it is and not as it claims."""
        size = int.from_bytes(self.read(8), "little")
        if size > self.size:
            raise Refused("a buffer longer than the file")
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def deepen(self) -> None:
        """Follow how deep tuples lie in tuples."""
        made = self.stack[-1]
        inside = [self.depths[id(one)][0] for one in made if id(one) in self.depths]
        depth = 1 + max(inside, default=0)
        if depth > _DEPTH:
            raise RecursionError
        if depth > 1 or made:
            self.depths[id(made)] = (depth, made)


def _watched(load: Callable[[Any], None]) -> Callable[[Any], None]:
    def step(machine: Restricted) -> None:
        load(machine)
        machine.deepen()

    return step


for _op in (pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
    Restricted.dispatch[_op[0]] = _watched(pickle._Unpickler.dispatch[_op[0]])


class NumberType:
    """A numpy type, of numbers only."""

    def __init__(self, code: Any, *_: Any) -> None:
        found = np.dtype(code) if isinstance(code, str) and len(code) < 10 else None
        if found is None or found.kind not in _NUMBERS:
            raise Refused(f"numpy values of type {code!r}"[:100])
        self.dtype: np.dtype[Any] = found

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if any(part is not None for part in state[2:5]):
            raise Refused("numpy records")
        self.dtype = self.dtype.newbyteorder(state[1])


class Array:
    """A numpy array, once its state is set."""

    def __init__(self, machine: Restricted) -> None:
        self.machine = machine
        self.values: npt.NDArray[Any] = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_column, data = state
        self.values = from_buffer(data, kind, shape, "F" if by_column else "C")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)


def from_buffer(data: Any, kind: NumberType, shape: tuple[int, ...], order: str = "C") -> npt.NDArray[Any]:
    """An array over bytes; numpy raises where they are not as many as the shape says."""
    return np.frombuffer(data, kind.dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(kind: NumberType, data: bytes) -> Any:
    return np.frombuffer(data, kind.dtype, 1)[0]


def _no_bytes() -> bytes:
    """How protocols 0 to 2 write none."""
    return b""


def _default(*_: Any) -> dict[Any, Any]:
    return {}
