"""Choices and limits: where, select, clip, round, and what NumPy builds on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, TraceError
from jitflow.ir.dtypes import bool_, f64, finfo, i64
from jitflow.numpy.basics import (
    Array,
    Operand,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    emit_check,
    fail,
    key_of,
    operand,
    shape_of,
    spread,
    truth,
)
from jitflow.numpy.places import nonzero
from jitflow.numpy.promotion import default as default_of
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS, loop_of
from jitflow.trace import OPERATORS, PROPERTIES, detach
from jitflow.trace.checks import WRONG_VALUE


@numpy_function(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        fail(ShapeError, "either both or neither of x and y should be given", op="where")
    first, second = operand(x), operand(y)
    flag = _flag(operand(condition))
    dtype = common_dtype([first, second])
    shape = broadcast_shapes("where", [shape_of(v) for v in (flag, first, second)])
    return emit(
        "select",
        spread(flag, shape, bool_),
        spread(first, shape, dtype),
        spread(second, shape, dtype),
    )


def _flag(condition: Operand) -> Operand:
    return truth(condition) if type(condition) is Array else bool(condition)


@numpy_function(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Array:
    """The first choice whose condition holds; the last condition is asked first."""
    if len(condlist) != len(choicelist) or not len(condlist):
        fail(ShapeError, "needs as many choices as conditions, one or more", op="select")
    conditions = [operand(c) for c in condlist]
    if any(default_of(key_of(c)) != np.bool_ for c in conditions):
        fail(DtypeError, "conditions must be bool", op="select")
    choices = [operand(c) for c in choicelist]
    dtype = common_dtype([*choices, operand(default)])
    shape = broadcast_shapes("select", [shape_of(v) for v in (*conditions, *choices)])
    result = spread(operand(default), shape, dtype)
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        flag = spread(condition, shape, bool_)
        result = emit("select", flag, spread(choice, shape, dtype), result)
    return result


@numpy_function(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Array:
    """Each function on all of x, and where its condition holds, its result; the last one wins."""
    array = as_array(x)
    conditions = _conditions(array, condlist)
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        functions = [functions[-1], *functions[:-1]]
    elif len(functions) == len(conditions):
        functions = [0, *functions]
    else:
        count = len(conditions)
        problem = f"with {count} condition(s), either {count} or {count + 1} functions are expected"
        fail(ShapeError, problem, op="piecewise")
    values = [f(array, *args, **kw) if callable(f) else f for f in functions]
    result = _as(array, values[0])
    for condition, value in zip(conditions, values[1:], strict=True):
        flag = broadcast(condition, array.type.shape)
        result = emit("select", flag, _as(array, value), result)
    return result


def _as(x: Array, value: Any) -> Array:
    return broadcast(convert(as_array(operand(value)), x.type.dtype), x.type.shape)


def _conditions(x: Array, condlist: Any) -> list[Array]:
    """One condition, or a list of them, as bool."""
    is_one = np.ndim(condlist) == 0 if not isinstance(condlist, (list, tuple)) else False
    if type(condlist) is Array:
        is_one = condlist.type.rank == x.type.rank
    elif isinstance(condlist, (list, tuple)) and x.type.rank and condlist:
        is_one = np.ndim(condlist[0]) == 0
    listed = [condlist] if is_one else [condlist[k] for k in range(len(condlist))]
    return [truth(as_array(c)) for c in listed]


_CLIP: np.ufunc = np._core.umath.clip  # type: ignore[attr-defined]
"""NumPy's own, which has a loop for float32 and none for bfloat16."""


@numpy_function(np.clip, method="clip")
def clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Array:
    """minimum(maximum(a, low), high); a Python int beyond a's integers is no limit."""
    x = as_array(a)
    low = _limit(x, a_min if min is None else min, is_high=False)
    high = _limit(x, a_max if max is None else max, is_high=True)
    if low is None and high is None:
        return CALLS[np.positive](x)
    if low is None:
        return CALLS[np.minimum](x, high)
    if high is None:
        return CALLS[np.maximum](x, low)
    dtype = common_dtype([x, low, high])
    if dtype.kind == "f":
        dtype = loop_of(_CLIP, [x, low, high])[-1]
    if dtype.kind not in "iuf":
        return CALLS[np.minimum](CALLS[np.maximum](x, low), high)
    shape = broadcast_shapes("clip", [shape_of(v) for v in (x, low, high)])
    return emit("clamp", *(spread(v, shape, dtype) for v in (low, x, high)))


def _limit(x: Array, limit: Any, is_high: bool) -> Any:
    """The operand, or None where a Python int limits nothing in x's dtype."""
    if type(limit) is int and x.type.dtype.is_integer:
        info = np.iinfo(x.dtype)
        if limit >= info.max if is_high else limit <= info.min:
            return None
    return None if limit is None else operand(limit)


@numpy_function(np.round, np.around, method="round")
def round(a: Any, decimals: int = 0) -> Array:
    """To even at ties. Decimals scale by a power of ten, round, and scale back, as NumPy does."""
    x = as_array(a)
    kind = x.type.dtype.kind
    if not hasattr(decimals, "__index__"):
        fail(TraceError, f"decimals= is an integer, got {decimals!r}", op="round")
    if kind in "iu" and decimals >= 0:
        return detach(x)
    if decimals == 0:
        return CALLS[np.rint](x)
    if kind == "b":
        fail(DtypeError, "bool has no decimals", op="round", cure="convert with .astype")
    if kind == "c":
        return emit("complex", *(round(PROPERTIES[part](x), decimals) for part in ("real", "imag")))
    scale, back = CALLS[np.multiply], CALLS[np.true_divide]
    if decimals < 0:
        scale, back = back, scale
    factor = float(10 ** abs(decimals))
    return convert(back(CALLS[np.rint](scale(x, factor)), factor), x.type.dtype)


@numpy_function(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Array:
    """Of complex numbers each part by itself. Without `copy`, x is written."""
    array = as_array(x)
    if not array.type.dtype.is_inexact:
        return detach(array) if copy else array
    if not copy:
        OPERATORS["setitem"](array, ..., nan_to_num(array, True, nan, posinf, neginf))
        return array
    if array.type.dtype.kind == "c":
        parts = [PROPERTIES[name](array) for name in ("real", "imag")]
        return emit("complex", *(nan_to_num(part, copy, nan, posinf, neginf) for part in parts))
    limits = finfo(array.type.dtype)
    result = where(CALLS[np.isnan](array), nan, array)
    high = float(limits.max) if posinf is None else posinf
    result = where(CALLS[np.equal](array, np.inf), high, result)
    low = float(limits.min) if neginf is None else neginf
    return convert(where(CALLS[np.equal](array, -np.inf), low, result), array.type.dtype)


def _rounded(x: Array, ndigits: int | None = None) -> Array:
    """Python's round(x): of one number an integer, as weak as Python's. It must be finite."""
    if ndigits is not None or x.type.rank or x.type.dtype.kind == "c":
        return round(x, ndigits or 0)
    if x.type.dtype.kind == "f":
        wide = convert(x, f64)
        fits = CALLS[np.less](CALLS[np.absolute](wide), 2.0**63)
        emit_check(fits, f"{WRONG_VALUE}round: what is NaN, infinite or beyond int64")
        x = emit("rint", wide)
    result = detach(convert(x, i64))
    result.weak = True
    return result


OPERATORS["round"] = _rounded
