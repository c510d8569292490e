"""What every function of the namespace is written with: operands, broadcasting, conversion, errors.

Owns how raw operands (traced values, arrays, numbers) become traced values of one shape and dtype
in as few ops as possible. Knows no NumPy function by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from jitflow.errors import AxisError, DtypeError, RangeError, ShapeError, TraceError
from jitflow.ir.dense import Dense
from jitflow.ir.dims import known_equal
from jitflow.ir.dtypes import DType
from jitflow.ir.types import Dimension, Shape, TensorType
from jitflow.numpy.promotion import Key, common, scalar_key
from jitflow.trace import WEAK, current, emit, emit_constant, fail, here, holds_traced, lift
from jitflow.trace import TracedArray as Array

__all__ = [
    "Array",
    "Operand",
    "as_array",
    "broadcast",
    "broadcast_shapes",
    "cast",
    "common_dtype",
    "convert",
    "emit",
    "emit_check",
    "fail",
    "full",
    "full_like",
    "gathered",
    "is_number",
    "key_of",
    "normal_axes",
    "normal_axis",
    "operand",
    "shape_of",
    "splat",
    "spread",
    "truth",
]

Operand = Any
"""A traced value, or a number: a Python scalar or a NumPy scalar."""

_WEAK_KEYS: dict[str, Key] = {"b": np.dtype(np.bool_), "i": int, "f": float, "c": complex}


# Operands.


def is_number(x: Any) -> bool:
    return isinstance(x, np.generic) or type(x) in WEAK


def operand(x: Any) -> Operand:
    """A traced value or a number as it is, anything else as a captured array."""
    return x if type(x) is Array or is_number(x) else lift(x)


def as_array(x: Any) -> Array:
    """A traced value; a number becomes a constant of its own dtype."""
    return x if type(x) is Array else lift(x)


def gathered(x: Any) -> Any:
    """A list that holds traced values as one array; anything else as it is."""
    return lift(x) if holds_traced(x) else x


def key_of(x: Operand) -> Key:
    """What decides about the dtype: see promotion."""
    if type(x) is not Array:
        return scalar_key(x)
    return _WEAK_KEYS[x.type.dtype.kind] if x.weak else x.type.dtype.numpy


def shape_of(x: Operand) -> Shape:
    return x.type.shape if type(x) is Array else ()


def common_dtype(operands: Sequence[Operand]) -> DType:
    """The dtype that holds them all: of np.where, np.concatenate."""
    try:
        return common(tuple([key_of(x) for x in operands]))
    except DtypeError as error:
        fail(DtypeError, str(error), cure="convert one with .astype")


# Values.


def full(shape: Shape, value: Any, dtype: DType) -> Array:
    """A constant of one number; RangeError where a Python int does not fit."""
    return _constant(value, TensorType(dtype, shape))


def _constant(value: Any, type_: TensorType) -> Array:
    return emit_constant(splat(value, type_.dtype), type_)


def splat(value: Any, dtype: DType) -> Dense:
    """The data of one number; RangeError where a Python int does not fit."""
    try:
        if type(value) in (bool, int, float) and value:
            return _splat(value, type(value).__name__, dtype)
        with np.errstate(all="ignore"):
            return Dense(value, dtype)
    except OverflowError as error:
        fail(RangeError, str(error), dtypes=[dtype], cure="convert the array first")


@lru_cache(1024)
def _splat(value: Any, kind: str, dtype: DType) -> Dense:
    """A number's data, kept; `kind` names its type. Not for zero: -0.0 equals 0.0."""
    if _COMMON < abs(value) < 1 / _COMMON:
        return Dense(value, dtype)
    with np.errstate(all="ignore"):
        return Dense(value, dtype)


_COMMON = 2.0**-14
"""Between it and its inverse, numbers are normal ones of every float dtype: NumPy warns of none."""


def full_like(x: Array, value: Any, dtype: DType | None = None) -> Array:
    return _constant(value, x.type if dtype is None else x.type.with_dtype(dtype))


def convert(x: Array, dtype: DType) -> Array:
    """x in a dtype; a weak integer is range-checked where it meets a narrow one."""
    return x if x.type.dtype is dtype else emit("convert", x, dtype=dtype)


def cast(x: Array, dtype: DType) -> Array:
    """x in a dtype that is asked for: as `convert`, and of complex numbers the real parts.

    NumPy warns of that.
    """
    if x.type.dtype.kind != "c" or dtype.kind == "c":
        return convert(x, dtype)
    return truth(x) if dtype.kind == "b" else convert(emit("real", x), dtype)


def truth(x: Array) -> Array:
    """x != 0 as bool."""
    return x if x.type.dtype.kind == "b" else emit("ne", x, full_like(x, 0))


def emit_check(condition: Array, message: str) -> None:
    """Makes the call fail where the bool[] condition does not hold."""
    current().check(condition.value, message, here())


# Shapes.


def broadcast(x: Array, shape: Shape) -> Array:
    """x spread to a shape that it is known to fit, by NumPy's rule: axes align at the end."""
    if x.type.shape == shape:
        return x
    first = len(shape) - x.type.rank
    return emit("broadcast", x, shape=shape, axes=tuple(range(first, len(shape))))


def spread(x: Operand, shape: Shape, dtype: DType) -> Array:
    """An operand in a dtype and in a shape that it fits; a number becomes one constant."""
    if type(x) is Array:
        return broadcast(convert(x, dtype), shape)
    return full(shape, x, dtype)


def broadcast_shapes(op: str, shapes: Sequence[Shape]) -> Shape:
    """The common shape by NumPy's rule; ShapeError where sizes differ and neither is 1."""
    first = shapes[0]
    if all([shape == first for shape in shapes]):
        return first
    rank = max(map(len, shapes))
    return tuple([_common_extent(op, shapes, axis) for axis in range(-rank, 0)])


def _common_extent(op: str, shapes: Sequence[Shape], axis: int) -> Dimension:
    result: Dimension = 1
    for shape in shapes:
        if len(shape) < -axis or shape[axis] == 1:
            continue
        if result != 1 and not known_equal(result, shape[axis]):
            fail(
                ShapeError,
                f"the shapes do not broadcast: {result} against {shape[axis]} on axis {axis}",
                op=op,
                shapes=shapes,
                cure="sizes must match from the last axis on, or be 1; add an axis with x[:, None]",
            )
        result = shape[axis]
    return result


def normal_axis(op: str, axis: Any, rank: int) -> int:
    """An axis within 0..rank-1; AxisError where the array does not have it."""
    try:
        number = axis.__index__()
    except AttributeError:
        fail(TraceError, f"an axis is an integer, got {axis!r}", op=op)
    if isinstance(axis, (bool, np.bool)):
        fail(TraceError, f"an axis is an integer, got {axis}", op=op)
    if not -rank <= number < rank:
        fail(
            AxisError,
            f"axis {number} is out of bounds for an array of {rank} dimensions",
            op=op,
            cure=f"use an axis within {-rank}..{rank - 1}" if rank else "leave the axis out",
        )
    return number % rank


def normal_axes(op: str, axes: Any, rank: int) -> tuple[int, ...]:
    """Sorted axes from None (all of them), an integer, or a sequence of distinct ones."""
    if axes is None:
        return tuple(range(rank))
    listed = axes if isinstance(axes, (tuple, list)) else (axes,)
    result = tuple(sorted([normal_axis(op, axis, rank) for axis in listed]))
    if len(set(result)) != len(result):
        fail(AxisError, f"an axis stands twice in {tuple(listed)}", op=op)
    return result
