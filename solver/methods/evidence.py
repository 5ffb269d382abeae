"""Sums of evidence along chains, kept by the local search: what a chain has with a tracklet, before and after a place.

Plain loops on purpose: they are interpreted and compiled, see ``compiled.py``.
"""

from __future__ import annotations

from typing import Any

from reid_solve.solver.methods.chains import FORBIDDEN


def link_worth(c: Any, a: Any, b: Any) -> Any:
    """Worth of the link a -> b; FORBIDDEN if it is no candidate."""
    low, high = c.out_begin[a], c.out_begin[a + 1]
    while low < high:
        middle = (low + high) // 2
        if c.head[middle] < b:
            low = middle + 1
        else:
            high = middle
    if low < c.out_begin[a + 1] and c.head[low] == b:
        return c.worth[low]
    return FORBIDDEN


def add(c: Any, x: Any, sums: Any, conflicts: Any, sign: Any) -> None:
    """Add x's evidence with everybody to sums, or take it away."""
    for k in range(c.begin[x], c.begin[x + 1]):
        if c.evidence[k] <= FORBIDDEN:
            conflicts[c.other[k]] += sign
        else:
            sums[c.other[k]] += sign * c.evidence[k]


def clear(c: Any, x: Any, sums: Any, conflicts: Any) -> None:
    """Forget x's evidence exactly, rounding included."""
    for k in range(c.begin[x], c.begin[x + 1]):
        sums[c.other[k]] = 0.0
        conflicts[c.other[k]] = 0


def past_with(c: Any, y: Any, a: Any) -> Any:
    """Evidence of ``past``, which ends at a, with the chain from y on."""
    total = 0.0
    while y >= 0 and c.origin[y] <= a:
        if c.past_conflicts[y] > 0:
            return FORBIDDEN
        total += c.past[y]
        y = c.follow[y]
    return total


def future_with(c: Any, y: Any, b: Any) -> Any:
    """Evidence of ``future``, which begins at b, with the chain up to y."""
    total = 0.0
    while y >= 0 and c.reach[y] >= b:
        if c.future_conflicts[y] > 0:
            return FORBIDDEN
        total += c.future[y]
        y = c.before[y]
    return total


def recut(c: Any, x: Any, low: Any, high: Any) -> None:
    """Bring ``across`` up to date on the chain of x, of which only evidence between low and high has changed."""
    while c.before[x] >= 0 and c.reach[c.before[x]] >= low:
        x = c.before[x]
    total = 0.0 if c.before[x] < 0 else c.across[c.before[x]]
    while x >= 0:
        for k in range(c.begin[x], c.begin[x + 1]):
            y = c.other[k]
            if c.label[y] == c.label[x]:
                total += c.evidence[k] if y > x else -c.evidence[k]
        c.across[x] = total if c.follow[x] >= 0 else 0.0
        x = c.follow[x]
        if x >= 0 and c.origin[x] > high:
            break


def connect(c: Any, a: Any, b: Any, worth: Any) -> None:
    """Let b follow a; either may be -1, nobody."""
    if a >= 0:
        c.follow[a] = b
        c.linked[a] = worth if b >= 0 else 0.0
    if b >= 0:
        c.before[b] = a


def relabel(c: Any, x: Any, label: Any) -> None:
    """Give the chain from x on a label."""
    while x >= 0:
        c.label[x] = label
        x = c.follow[x]


def open_window(c: Any, a: Any) -> tuple[Any, Any, Any]:
    """Fill ``past`` with the chain up to a and ``future`` with the rest, as far as they can matter to a.

    Returns:
        low, middle, high: ``window[low:middle]`` is past, ``window[middle:high]`` future.
    """
    x = a
    while c.before[x] >= 0 and c.reach[c.before[x]] > a:
        x = c.before[x]
    middle = 0
    while x != a:
        c.window[middle] = x
        middle += 1
        add(c, x, c.past, c.past_conflicts, 1)
        x = c.follow[x]
    c.window[middle] = a
    add(c, a, c.past, c.past_conflicts, 1)
    return 0, middle + 1, extend(c, a, middle + 1)


def extend(c: Any, a: Any, high: Any) -> Any:
    """Take into ``future`` what has evidence with anything before the successor of a."""
    z = c.follow[c.window[high - 1]]
    while z >= 0 and c.origin[z] < c.follow[a]:
        c.window[high] = z
        high += 1
        add(c, z, c.future, c.future_conflicts, 1)
        z = c.follow[z]
    return high


def close_window(c: Any, low: Any, middle: Any, high: Any) -> None:
    """Empty ``past`` and ``future``."""
    for k in range(low, middle):
        clear(c, c.window[k], c.past, c.past_conflicts)
    for k in range(middle, high):
        clear(c, c.window[k], c.future, c.future_conflicts)


def advance(c: Any, a: Any, low: Any, middle: Any, high: Any) -> tuple[Any, Any, Any]:
    """Move the window on to a, the successor of the tracklet that it was at."""
    if middle == high:
        c.window[high] = a
        high += 1
    else:
        add(c, a, c.future, c.future_conflicts, -1)
    add(c, a, c.past, c.past_conflicts, 1)
    middle += 1
    while c.reach[c.window[low]] <= a and low < middle - 1:
        add(c, c.window[low], c.past, c.past_conflicts, -1)
        low += 1
    return low, middle, extend(c, a, high)


KERNELS = (
    link_worth,
    add,
    clear,
    past_with,
    future_with,
    recut,
    connect,
    relabel,
    open_window,
    extend,
    close_window,
    advance,
)
