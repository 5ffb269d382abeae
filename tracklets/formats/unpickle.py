"""Pickles of plain data, read without letting them call anything: containers, numbers, words and numpy arrays.

A pickle is a program that names functions and calls them. Here it gets none but the few below: not even numpy's own,
which its pickles name, because those would believe any size, type and field layout that a crafted file claims.
"""

from __future__ import annotations

import collections
import io
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError

_NUMBERS = "biufc"  # kinds of numpy types that are plain numbers


def unpickle(raw: bytes, source: str) -> Any:
    """Load a pickle.

    Args:
        raw: the file's bytes.
        source: name for messages.

    Raises:
        InputError: it is damaged, or names anything else than containers and numpy arrays; nothing was called then.
    """
    try:
        return _Restricted(io.BytesIO(raw)).load()
    except _Refused as error:
        raise InputError(
            f"{source}: the pickle asks for {error}, and only plain containers and numpy arrays are read; "
            "write parquet or CSV"
        ) from error
    except (MemoryError, RecursionError) as error:
        raise InputError(f"{source}: a pickle too large or too deep to read; write parquet or CSV") from error
    except Exception as error:  # a broken pickle can make the machine that reads it raise almost anything
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{source}: damaged or no pickle ({reason}); write it again") from error


class _Refused(Exception):
    """The name of something that a pickle must not have."""


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        package = module.partition(".")[0]
        if package == "numpy":
            known: dict[str, Any] = {
                "_reconstruct": _Array, "_frombuffer": _from_buffer, "scalar": _scalar, "dtype": _Type, "ndarray": "",
            }  # fmt: skip
        elif module == "collections":
            known = {"OrderedDict": collections.OrderedDict, "defaultdict": _default}
        elif module in {"builtins", "__builtin__"}:  # as protocols 0 to 2 call it
            known = {kind.__name__: kind for kind in (dict, list, set, frozenset, complex)}
        else:
            known = {"encode": _encode} if module == "_codecs" else {}
        if name not in known:
            raise _Refused(f"{module}.{name}")
        return known[name]

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("an object outside the file")


class _Type:
    """A numpy type, of numbers only."""

    def __init__(self, code: Any, *_: Any) -> None:
        found = np.dtype(code) if isinstance(code, str) else None
        if found is None or found.kind not in _NUMBERS:
            raise _Refused(f"numpy values of type {code!r}")
        self.dtype = found

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if any(part is not None for part in state[2:5]):
            raise _Refused("numpy records")
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """A numpy array, once its state is set."""

    def __init__(self, *_: Any) -> None:
        self.values: npt.NDArray[Any] = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, by_column, data = state
        self.values = _from_buffer(data, kind, shape, "F" if by_column else "C")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self.values if dtype is None else self.values.astype(dtype)


def _from_buffer(data: Any, kind: _Type, shape: tuple[int, ...], order: str = "C") -> npt.NDArray[Any]:
    return np.frombuffer(data, kind.dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(kind: _Type, data: bytes) -> Any:
    return np.frombuffer(data, kind.dtype, 1)[0]


def _default(*_: Any) -> dict[Any, Any]:
    return {}


def _encode(text: str, encoding: str) -> bytes:
    """How protocols 0 to 2 write bytes."""
    if encoding != "latin1":
        raise _Refused(f"the encoding {encoding!r}")
    return text.encode("latin1")
