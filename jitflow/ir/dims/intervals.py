"""Interval arithmetic on integers with infinite ends: what dimension expressions are bounded by.

An interval (low, high) holds low and high themselves. Each function returns an interval that holds
every result for operands in the given ones. Knows nothing of dimensions.
"""

from collections.abc import Callable, Mapping
from math import inf

LIMIT = 2**63

Bound = int | float  # an int, or an infinity
Interval = tuple[Bound, Bound]


def interval_product(*factors: Interval) -> Interval:
    """The product; widened to an infinity beyond 64 bits, so that no float overflows later."""
    low: Bound = 1
    high: Bound = 1
    for ends in factors:
        corners = [_times(x, y) for x in (low, high) for y in ends]
        low, high = min(corners), max(corners)
        low = -inf if low < -LIMIT else min(low, LIMIT)
        high = inf if high > LIMIT else max(high, -LIMIT)
    return low, high


def interval_floordiv(a: Interval, b: Interval) -> Interval:
    """a // b; unbounded where b may be zero or negative."""
    if b[0] < 1:
        return -inf, inf
    return floor_quotient(a[0], b[a[0] >= 0]), floor_quotient(a[1], b[a[1] < 0])


def interval_mod(a: Interval, b: Interval) -> Interval:
    """a % b; unbounded where b may be zero or negative."""
    if b[0] < 1:
        return -inf, inf
    return 0, min(b[1] - 1, a[1]) if a[0] >= 0 else b[1] - 1


def interval_min(*args: Interval) -> Interval:
    """The smallest of the operands."""
    return min(low for low, _ in args), min(high for _, high in args)


def interval_max(*args: Interval) -> Interval:
    """The largest of the operands."""
    return max(low for low, _ in args), max(high for _, high in args)


def floor_quotient(x: Bound, y: Bound) -> Bound:
    """floor(x / y) for y > 0, and its limit where one of them is infinite."""
    if abs(x) == inf:
        return x
    if y == inf:
        return 0 if x >= 0 else -1
    return x // y


def _times(x: Bound, y: Bound) -> Bound:
    if x == 0 or y == 0:
        return 0
    if abs(x) == inf or abs(y) == inf:
        return inf if (x > 0) == (y > 0) else -inf
    return x * y


INTERVALS: Mapping[str, Callable[..., Interval]] = {
    "floordiv": interval_floordiv,
    "mod": interval_mod,
    "min": interval_min,
    "max": interval_max,
}
