"""Calls of ufuncs on traced values: dtypes by NumPy's own loops, one shape, then the rule.

Owns the table `CALLS`, which takes raw operands. Knows nothing of reductions and products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import DType, bool_
from jitflow.numpy.basics import (
    Array,
    Operand,
    broadcast_shapes,
    convert,
    fail,
    full,
    full_like,
    key_of,
    operand,
    shape_of,
    spread,
    truth,
)
from jitflow.numpy.elementwise import COMPARISONS, LOGICAL, RULES, Rule
from jitflow.numpy.promotion import default, loops
from jitflow.trace import detach


def elementwise(ufunc: np.ufunc, rule: Rule, *operands: Any, dtype: Any = None) -> Any:
    """The rule on operands brought to the dtypes of NumPy's loop and to one shape."""
    if dtype is None and len(operands) == 2 and ufunc.nout == 1:
        pair = _simple_pair(ufunc, *operands)
        if pair is not None:
            *arrays, result = pair
            return convert(rule(*arrays), result)
    known = [operand(x) for x in operands]
    dtypes = loop_of(ufunc, known, dtype)
    inputs, results = dtypes[: ufunc.nin], dtypes[ufunc.nin :]
    shape = broadcast_shapes(ufunc.__name__, [shape_of(x) for x in known])
    found = rule(*[spread(x, shape, d) for x, d in zip(known, inputs, strict=True)])
    if ufunc.nout == 1:
        return convert(found, *results)
    return tuple(map(convert, found, results))


def _simple_pair(ufunc: np.ufunc, x: Any, y: Any) -> tuple[Array, Array, DType] | None:
    """Operands as they come in most of a program, ready for the rule, and the result's dtype.

    Those are two arrays of one type, or an array and a Python number that takes its dtype.
    """
    array, number = (x, y) if type(x) is Array else (y, x)
    if type(array) is not Array or array.weak or array.type.dtype.kind not in "iuf":
        return None
    if type(number) is Array:
        if number.weak or number.type != array.type:
            return None
    elif type(number) is not float and type(number) is not int:
        return None
    result = _result_beside(ufunc, array.type.dtype, type(x), type(y))  # type: ignore[arg-type]
    if result is None:
        return None
    if type(number) is not Array:
        number = full_like(array, number)
    return (x, number, result) if array is x else (number, y, result)


@cache
def _result_beside(ufunc: np.ufunc, dtype: DType, *kinds: type) -> DType | None:
    """The result's dtype where both operands take `dtype`: arrays of it, and Python numbers."""
    try:
        first, second, result = loops(ufunc, tuple(dtype.numpy if k is Array else k for k in kinds))
    except TypeError:
        return None
    return result if first is second is dtype else None


def loop_of(ufunc: np.ufunc, operands: Sequence[Operand], dtype: Any = None) -> tuple[Any, ...]:
    """Dtypes of the operands and of the results; DtypeError where NumPy has no such loop."""
    keys = tuple([key_of(x) for x in operands])
    try:
        return loops(ufunc, keys, None if dtype is None else np.dtype(dtype))
    except TypeError as error:
        problem = str(error).splitlines()[0].replace(f"ufunc '{ufunc.__name__}' ", "")
        fail(
            DtypeError,
            problem,
            op=ufunc.__name__,
            shapes=[shape_of(x) for x in operands],
            dtypes=map(default, keys),
            cure="convert an operand with .astype",
        )


def comparison(ufunc: np.ufunc, rule: Rule, x: Any, y: Any) -> Array:
    """A comparison; a Python int beyond the other's dtype is compared by value, as NumPy does."""
    x, y = operand(x), operand(y)
    for number, other in ((x, y), (y, x)):
        if type(number) is int and _is_beyond(number, other):
            answer = ufunc(number, 0) if number is x else ufunc(0, number)
            return full(shape_of(other), bool(answer), bool_)
    if _is_integer(x) and _is_integer(y):
        x, y = _widened(x), _widened(y)
    return elementwise(ufunc, rule, x, y)


def _is_integer(x: Operand) -> bool:
    return default(key_of(x)).kind in "iu"


def _widened(x: Operand) -> Operand:
    """A weak traced integer made strong: compared in 64 bits, it need not fit the other's dtype."""
    if type(x) is not Array or not x.weak:
        return x
    wide = detach(x)
    wide.weak = False
    return wide


def _is_beyond(number: int, other: Operand) -> bool:
    dtype = default(key_of(other))
    if dtype.kind not in "iu":
        return False
    limits = np.iinfo(dtype)
    return not limits.min <= number <= limits.max


def logical(ufunc: np.ufunc, rule: Rule, *operands: Any) -> Array:
    """The rule on the truth of each operand."""
    known = [operand(x) for x in operands]
    shape = broadcast_shapes(ufunc.__name__, [shape_of(x) for x in known])
    flags = [truth(x) if isinstance(x, Array) else bool(x) for x in known]
    return rule(*(spread(flag, shape, bool_) for flag in flags))


CALLS: dict[np.ufunc, Callable[..., Array]] = {
    **{u: partial(elementwise, u, rule) for u, rule in RULES.items()},
    **{u: partial(comparison, u, rule) for u, rule in COMPARISONS.items()},
    **{u: partial(logical, u, rule) for u, rule in LOGICAL.items()},
}
"""What stands for each ufunc: takes traced values, arrays and numbers."""
