"""In-place writes: `x[i] = v` and `x += v` as functional updates of the cell that x is a handle on.

A write to a view is put back step by step through the view's path. Fills the entries `iadd`,
`isub`, ... of `OPERATORS`, and the method `fill`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, NumpyArrayError, RangeError, ShapeError, TraceError
from jitflow.ir.dtypes import DType
from jitflow.trace.arrays import MAY_BE_COPY, Step, TracedArray
from jitflow.trace.context import STATE
from jitflow.trace.dispatch import METHODS, OPERATORS
from jitflow.trace.emit import CAPTURED, FOREIGN, emit, literal, wrap
from jitflow.trace.source import fail

_IN_PLACE = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
    "and", "or", "xor", "lshift", "rshift",
)  # fmt: skip


def write(target: TracedArray, new: TracedArray) -> None:
    """Makes the target's elements those of `new`, in its dtype, broadcast to its shape.

    Raises TraceError where the target cannot be written: an argument, a captured array, an array
    of an enclosing trace, a broadcast one, or one that a write to a reshape may have changed.
    """
    cell = target.cell
    require_writable(target)
    new = fitted(new, target.type.dtype, target.type.shape)
    steps = [wrap(cell.value)]
    for row, attrs, starts in target.path[:-1]:
        steps.append(emit(row, steps[-1], *map(wrap, starts), **attrs))
    for step, whole in zip(reversed(target.path), reversed(steps), strict=bool(target.path)):
        new = _put_back(step, whole, new)
    cell.write(new.value)


def fitted(new: TracedArray, dtype: DType, shape: tuple[Any, ...]) -> TracedArray:
    """What NumPy would write into an array of this dtype and shape."""
    return _spread(converted(new, dtype), shape)


def converted(new: TracedArray, dtype: DType) -> TracedArray:
    """What NumPy would write into an array of this dtype."""
    if new.type.dtype is dtype:
        return new
    _refuse_nonfinite(new, dtype)
    return emit("convert", new, dtype=dtype)


def require_writable(target: TracedArray) -> None:
    """TraceError where a write to the array would be lost, or may not show where NumPy shows it."""
    reason = target.cell.frozen
    if target.cell.context is not STATE.context:
        reason = FOREIGN
    elif target.cell.in_doubt:
        reason = MAY_BE_COPY
    elif any(row == "broadcast" for row, *_ in target.path):
        reason = "it is broadcast: several elements share memory"
    if reason:
        fail(
            NumpyArrayError if reason is CAPTURED else TraceError,
            f"an array cannot be written in place: {reason}",
            shapes=[target.type],
            cure="make a new array (x = x + v), or write on "
            + ("np.array(x)" if reason is CAPTURED else "x.copy()"),
        )


def _refuse_nonfinite(new: TracedArray, dtype: DType) -> None:
    """RangeError where a Python nan or inf is written into integers."""
    number = literal(new)
    if isinstance(number, float) and dtype.is_integer and not isfinite(number):
        fail(
            RangeError,
            f"cannot convert {number} to {dtype.numpy}",
            cure="convert the array first, as in x.astype(float)",
        )


def _spread(new: TracedArray, shape: tuple[Any, ...]) -> TracedArray:
    """`new` broadcast to the shape; leading axes of size 1 may go, as in NumPy's assignment."""
    extra = len(new.type.shape) - len(shape)
    if extra > 0 and all(n == 1 for n in new.type.shape[:extra]):
        new = emit("reshape", new, shape=new.type.shape[extra:])
    own = new.type.shape
    fits = len(own) <= len(shape) and all(
        n in (1, want) for n, want in zip(own[::-1], shape[::-1], strict=False)
    )
    if not fits:
        fail(ShapeError, f"cannot assign an array of shape {own} to one of shape {shape}")
    if own == shape:
        return new
    return emit("broadcast", new, shape=shape, axes=tuple(range(len(shape) - len(own), len(shape))))


def _put_back(step: Step, whole: TracedArray, part: TracedArray) -> TracedArray:
    """`whole` with the elements that the view step shows replaced by `part`."""
    row, attrs, starts = step
    if row == "reshape":
        return emit("reshape", part, shape=whole.type.shape)
    if row == "transpose":
        axes = attrs["axes"]
        return emit("transpose", part, axes=tuple(sorted(range(len(axes)), key=axes.__getitem__)))
    if row == "reverse":
        return emit("reverse", part, axes=attrs["axes"])
    if row == "real":
        return emit("complex", part, emit("imag", whole))
    if row == "imag":
        return emit("complex", emit("real", whole), part)
    if row == "dynamic_slice":
        return emit("dynamic_update", whole, part, *map(wrap, starts))
    return _put_slice(attrs, whole, part)


def _put_slice(attrs: Any, whole: TracedArray, part: TracedArray) -> TracedArray:
    if part.type.shape == whole.type.shape:
        return part
    if 0 in part.type.shape:
        return whole
    return emit("update", whole, part, start=attrs["start"], step=attrs["step"])


def _updater(name: str) -> Callable[..., Any]:
    def update(x: TracedArray, other: Any) -> Any:
        new = OPERATORS[name](x, other)
        if not x.type.shape and not x.path:
            return new  # a rank-0 result is a NumPy scalar, which has no memory to write to
        if not np.can_cast(new.dtype, x.dtype, "same_kind"):
            fail(
                DtypeError,
                f"cannot cast the result in place from {new.dtype} to {x.dtype}",
                op=f"i{name}",
                cure=f"write x = x {_SIGNS[name]} v",
            )
        if new.type.shape != x.type.shape:
            fail(
                ShapeError,
                f"the result of shape {new.type.shape} does not fit in place",
                op=f"i{name}",
                shapes=[x.type.shape],
            )
        write(x, new)
        return x

    return update


_SIGNS = dict(
    zip(_IN_PLACE, ("+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>"),
        strict=True)
)
for _name in _IN_PLACE:
    OPERATORS[f"i{_name}"] = _updater(_name)
METHODS["fill"] = lambda x, value: OPERATORS["setitem"](x, ..., value)
