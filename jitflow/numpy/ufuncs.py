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
from jitflow.ir.row import ROWS, OpRow
from jitflow.ir.types import TensorType
from jitflow.numpy.basics import (
    Array,
    Operand,
    broadcast_shapes,
    convert,
    fail,
    full,
    key_of,
    operand,
    shape_of,
    splat,
    spread,
    truth,
)
from jitflow.numpy.elementwise import (
    COMPARISONS,
    LOGICAL,
    RULES,
    ByKind,
    Comparison,
    OneOp,
    Rule,
)
from jitflow.numpy.promotion import default, loops
from jitflow.trace import detach, emit_alike


def elementwise(ufunc: np.ufunc, rule: Rule, *operands: Any, dtype: Any = None) -> Any:
    """The rule on operands brought to the dtypes of NumPy's loop and to one shape."""
    if dtype is None:
        found = one_op(ufunc, *operands)
        if found is not None:
            return found
    known = [operand(x) for x in operands]
    dtypes = loop_of(ufunc, known, dtype)
    inputs, results = dtypes[: ufunc.nin], dtypes[ufunc.nin :]
    shape = broadcast_shapes(ufunc.__name__, [shape_of(x) for x in known])
    found = rule(*[spread(x, shape, d) for x, d in zip(known, inputs, strict=True)])
    if ufunc.nout == 1:
        return convert(found, *results)
    return tuple(map(convert, found, results))


def one_op(ufunc: np.ufunc, *operands: Any) -> Array | None:
    """The result where the ufunc is one op on operands that need nothing done to them; else None.

    So it is in most of a program: on arrays of one type, and on Python numbers that take its dtype.
    """
    array = operands[0] if type(operands[0]) is Array else operands[-1]
    if type(array) is not Array or array.weak:
        return None
    like = array.type
    for x in operands:
        if type(x) is Array:
            if x is not array and (x.weak or (x.type is not like and x.type != like)):
                return None
        elif type(x) is not float and type(x) is not int:
            return None
    known = _row_beside(ufunc, like.dtype, *map(type, operands))
    if known is None:
        return None
    row, dtype = known
    inputs = [x if type(x) is Array else splat(x, like.dtype) for x in operands]
    return emit_alike(row, like, dtype, inputs)


@cache
def _row_beside(ufunc: np.ufunc, dtype: DType, *kinds: type) -> tuple[OpRow, DType] | None:
    """The op that the ufunc is on arrays of `dtype` and Python numbers, and its result's dtype.

    None where it is not one op, or NumPy's loop takes other dtypes.
    """
    rule = RULES.get(ufunc) or COMPARISONS.get(ufunc)
    if type(rule) is ByKind:
        rule = rule.on(dtype)
    if not isinstance(rule, OneOp) or (type(rule) is Comparison and int in kinds):
        return None
    if ufunc.nin != len(kinds):
        return None
    try:
        *inputs, result = loops(ufunc, tuple(dtype.numpy if k is Array else k for k in kinds))
    except TypeError:
        return None
    row = ROWS[rule.name]
    if any(d is not dtype for d in inputs) or row.attributes:
        return None
    (found,) = row.infer(tuple(TensorType(dtype) for _ in kinds), {}, ())
    return (row, result) if found.dtype is result else None


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
    found = one_op(ufunc, x, y)
    if found is not None:
        return found
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
