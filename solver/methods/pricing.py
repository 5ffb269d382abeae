"""The most valuable chains under given prices of the tracklets: depth-first search with a bound.

One source, read by the interpreter or compiled. A chain's value is not a sum over its links, so no shortest path finds
it; but a bound that counts the evidence with the chain so far exactly, and between tracklets still to come only where
it speaks for them, prunes almost everything.
"""

from __future__ import annotations

from typing import Any

FORBIDDEN = -1e12  # evidence of a conflict; sums of it stay below every bound


def completions(begin: Any, head: Any, gain: Any, plus: Any, price_of: Any, against: Any, t: Any, best: Any) -> None:
    """For every m > t, how much can be added at most to a chain that ends at t and goes on with m (m not counted).

    ``against`` (N,) is the evidence with the chain so far, ``plus[u][q]`` the positive evidence of q with all up to u.
    """
    for m in range(len(best) - 1, t, -1):
        best[m] = 0.0
        if against[m] <= FORBIDDEN / 2:
            continue
        for k in range(begin[m], begin[m + 1]):
            q = head[k]
            value = gain[k] + against[q] + plus[m - 1][q] - plus[t][q] - price_of[q] + best[q]
            if value > best[m]:
                best[m] = value


def grow(begin: Any, head: Any, gain: Any, plus: Any, lift: Any, price_of: Any, d: Any, t: Any, value: Any,
         floor: Any, against: Any, best: Any, options: Any, bounds: Any, values: Any) -> Any:  # fmt: skip
    """List the ways to go on from t whose bound exceeds ``floor``, the best last; returns how many."""
    completions(begin, head, gain, plus, price_of, against[d], t, best)
    count = 0
    for k in range(begin[t], begin[t + 1]):
        j = head[k]
        if against[d][j] <= FORBIDDEN / 2:
            continue
        longer = value + gain[k] - lift[t][j] + against[d][j] - price_of[j]
        bound = longer + best[j]
        if bound <= floor:
            continue
        p = count
        while p > 0 and bounds[d][p - 1] > bound:
            bounds[d][p] = bounds[d][p - 1]
            options[d][p] = options[d][p - 1]
            values[d][p] = values[d][p - 1]
            p -= 1
        bounds[d][p] = bound
        options[d][p] = j
        values[d][p] = longer
        count += 1
    return count


def price(begin: Any, head: Any, gain: Any, plus: Any, lift: Any, price_of: Any, start: Any, floor: Any,
          everything: Any, limit: Any, against: Any, best: Any, options: Any, bounds: Any, values: Any, open_: Any,
          chain: Any, found: Any, length: Any, worth: Any) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Chains from ``start`` whose value less the prices of their tracklets exceeds ``floor``.

    Each next one found must beat the last, or with ``everything`` all are listed, up to the room in ``found``.

    Args:
        begin, head, gain: links by the tracklet they leave.
        plus, lift: (N, N) positive evidence up to a tracklet, and evidence.
        price_of: (N,) prices.
        start, floor, everything, limit: the task; after ``limit`` steps (links and tracklets looked at) it ends.
        against, best, options, bounds, values, open_, chain: room to work in.
        found, length, worth: (K, N), (K,), (K,) the chains.

    Returns:
        number found, upper bound on the reduced value of any chain from ``start``, whether the search was complete, and
        the steps it took.
    """
    n = len(best)
    count, depth = 0, 0
    links = begin[n]
    steps = links - begin[start] + n - start
    top = floor
    for m in range(n):
        against[0][m] = lift[start][m]
    chain[0] = start
    value = -price_of[start]
    open_[0] = grow(
        begin, head, gain, plus, lift, price_of, 0, start, value, floor, against, best, options, bounds, values
    )
    while depth >= 0:
        if open_[depth] == 0:
            depth -= 1
            continue
        open_[depth] -= 1
        at = open_[depth]
        if bounds[depth][at] <= floor:
            open_[depth] = 0
            continue
        if steps >= limit or count >= len(found):
            for d in range(depth + 1):
                last = open_[d] if d == depth else open_[d] - 1
                if last >= 0:
                    top = max(top, bounds[d][last])
            return count, top, False, steps
        j, value = options[depth][at], values[depth][at]
        steps += links - begin[j] + n - j
        depth += 1
        chain[depth] = j
        if value > floor:
            for d in range(depth + 1):
                found[count][d] = chain[d]
            length[count] = depth + 1
            worth[count] = value
            top = max(top, value)
            count += 1
            if not everything:
                floor = value
        for m in range(j + 1, n):
            against[depth][m] = against[depth - 1][m] + lift[j][m]
        open_[depth] = grow(
            begin, head, gain, plus, lift, price_of, depth, j, value, floor, against, best, options, bounds, values
        )  # fmt: skip
    return count, top, True, steps


KERNELS = (completions, grow, price)
