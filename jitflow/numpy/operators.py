"""Fills the tables of trace: operators, ufuncs and their methods, plain attributes of arrays.

An operator on weak scalars alone stays weak, as Python's is; a ufunc's result never is.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from jitflow.errors import TraceError, described
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.types import TensorType
from jitflow.numpy import contracting as _contracting  # noqa: F401  (fills CALLS)
from jitflow.numpy import reductions
from jitflow.numpy.basics import Array, as_array, cast, fail
from jitflow.numpy.powers import operator_power
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import strong
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.ufuncs import CALLS, one_op
from jitflow.trace import FUNCTIONS, OPERATORS, WEAK, detach, implements

_OPERATORS: dict[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "divmod": np.divmod,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}

_REDUCTIONS: dict[np.ufunc, Callable[..., Array]] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logical_or: reductions.any,
    np.logical_and: reductions.all,
}
"""What `ufunc.reduce` is, along axis 0 unless told otherwise."""

_COUNTS = {TensorType(dtype) for dtype in DTYPES.values() if dtype.is_integer}
"""Of integers that are no arrays."""

_INERT = {"casting": "same_kind", "order": "K", "subok": True, "signature": None}
_OWN: dict[np.ufunc, tuple[str, ...]] = {np.vecdot: ("axis",)}
"""Options of one ufunc beside `dtype`, which all have."""


_NUMBERS = tuple(WEAK)
"""Classes made of these, as an IntEnum, are weak beside Python's numbers alone."""


def _is_weak(x: Any) -> bool:
    if type(x) is Array:
        return x.weak
    return type(x) in WEAK or (isinstance(x, _NUMBERS) and not isinstance(x, np.generic))


def _operator(compute: Callable[..., Any], ufunc: np.ufunc | None = None) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        if ufunc is not None:
            result = one_op(ufunc, *operands)
            if result is not None:
                return result
        result = compute(*operands)
        weak = True
        for x in operands:
            weak = weak and _is_weak(x)
            if result is x:
                result = detach(result)
        for part in result if type(result) is tuple else (result,):
            part.weak = weak
        return result

    return apply


def _function(ufunc: np.ufunc, compute: Callable[..., Array]) -> Callable[..., Array]:
    own = _OWN.get(ufunc, ())

    def apply(*operands: Any, dtype: Any = None, **options: Any) -> Array:
        if dtype is None and not options:
            result = one_op(ufunc, *operands)
            if result is not None:
                return result
        given = {name: options.pop(name) for name in own if name in options} if options else {}
        for name, value in options.items():
            if name not in _INERT or value != _INERT[name]:
                fail(
                    TraceError,
                    f"{name}= is not supported under @jit",
                    op=f"np.{ufunc.__name__}",
                    cure=f"leave {name} out",
                )
        if dtype is not None:
            given["dtype"] = dtype
        result = compute(*operands, **given)
        return strong(detach(result) if any([result is x for x in operands]) else result)

    apply.__name__ = ufunc.__name__
    return apply


def _reduction(ufunc: np.ufunc, compute: Callable[..., Array]) -> Callable[..., Array]:
    own = signature(compute).parameters

    def reduce(
        x: Any, axis: Any = 0, dtype: Any = None, initial: Any = None, **options: Any
    ) -> Array:
        if "dtype" in own:
            options["dtype"] = dtype
        elif dtype is not None:
            x = cast(as_array(x), requested_dtype(dtype))
        if "initial" in own:
            return strong(compute(x, axis, initial=initial, **options))
        result = compute(x, axis, **options)
        return strong(result if initial is None else CALLS[ufunc](result, initial))

    return reduce


def _outer(compute: Callable[..., Array]) -> Callable[..., Array]:
    """`ufunc.outer`: every element of x with every element of y."""

    def apply(x: Any, y: Any, **options: Any) -> Array:
        first, second = as_array(x), as_array(y)
        column = reshaped(first, first.type.shape + (1,) * second.type.rank)
        return strong(compute(column, second, **options))

    return apply


def _product(x: Any, y: Any) -> Array:
    """x * y, but no list repeated so often as a traced integer says, as Python would have it."""
    for sequence, count in ((x, y), (y, x)):
        if isinstance(sequence, (list, tuple)) and count.type in _COUNTS:
            fail(
                TraceError,
                f"{described(sequence)} repeated a traced number of times has no known size",
                op="mul",
                cure="name the number in static_argnames, or write jnp.asarray(list) * number",
            )
    return CALLS[np.multiply](x, y)


_COMPUTED = {"mul": _product}
"""Operators that are not quite their ufuncs."""

for _name, _ufunc in _OPERATORS.items():
    OPERATORS[_name] = _operator(_COMPUTED.get(_name, CALLS[_ufunc]), _ufunc)
OPERATORS["pow"] = _operator(operator_power)

for _ufunc, _compute in CALLS.items():
    implements(_ufunc)(_function(_ufunc, _compute))
for _ufunc, _compute in _REDUCTIONS.items():
    FUNCTIONS[_ufunc, "reduce"] = _reduction(_ufunc, _compute)
for _ufunc in (u for u in CALLS if u.nin == 2 and u.signature is None):
    FUNCTIONS[_ufunc, "outer"] = _outer(CALLS[_ufunc])
