"""One source, interpreted or compiled: kernels are plain functions, compiled when a problem is large enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any


def compile_kernels(kernels: Sequence[Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Compiled versions, by name, of functions that may call one another; they themselves stay as they are.

    The machine code is cached on disk where the package's folder can be written. The cache notices a change in the
    file of a kernel, but not in that of another kernel it calls: who works on them clears ``__pycache__``.
    """
    import numba

    scope: dict[str, Any] = {}
    for kernel in kernels:
        scope |= kernel.__globals__
    compiled = {}
    for kernel in kernels:
        function = FunctionType(kernel.__code__, scope, kernel.__name__)
        try:
            compiled[kernel.__name__] = numba.njit(cache=True)(function)
        except RuntimeError:  # nowhere to keep the cache
            compiled[kernel.__name__] = numba.njit(function)
    scope |= compiled
    return compiled
