"""Operands made equal: Python and NumPy values lifted, dtypes promoted (NEP 50), shapes broadcast.

A Python scalar is weak: it takes on the dtype of the arrays that it meets and is range-checked
there. Knows no operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, RangeError, ShapeError, TraceError, explain
from jitflow.ir import dtypes
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, as_dtype
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import Cell, TracedArray, emit
from jitflow.trace.context import current
from jitflow.trace.dispatch import FUNCTIONS
from jitflow.trace.source import here

WEAK: dict[type, DType] = {
    bool: dtypes.bool_, int: dtypes.i64, float: dtypes.f64, complex: dtypes.c128,
}
"""Weak means exactly these types; each has the dtype that it takes when it meets no array."""

_KINDS = "biufc"
_CAPTURED = "it is a captured array; write on a .copy()"
_COMPLEX_OF = {"f32": dtypes.c64, "f16": dtypes.c64, "bf16": dtypes.c64}
_promotions: dict[tuple[Any, ...], tuple[DType, bool]] = {}


def lift(x: Any, name: str = "") -> TracedArray:
    """The traced array for a value: itself, a scalar constant, or a captured array.

    `name` is what an error calls the value. Lists become arrays where NumPy would take them.
    Raises DtypeError or TraceError for what has no array form.
    """
    if type(x) is TracedArray:
        return x
    if type(x) in WEAK:
        return constant(x, WEAK[type(x)], weak=True)
    if isinstance(x, np.generic):
        return constant(x, checked_dtype(x, name))
    if isinstance(x, np.ndarray):
        checked_dtype(x, name)
        context = current()
        return TracedArray(Cell(context.array(x), context, _CAPTURED))
    if isinstance(x, (list, tuple)):
        return _lift_sequence(x, name)
    raise TraceError(explain(
        f"{_called(name)}expected an array or a number, got {type(x).__name__}",
        at=here()[0], cure="pass it as an argument named in static_argnames, or convert it first",
    ))


def _lift_sequence(x: Any, name: str) -> TracedArray:
    if _holds_traced(x):
        return FUNCTIONS[np.stack]([lift(part, name) for part in x])
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(explain(f"{_called(name)}{error}", at=here()[0])) from None
    return lift(array, name)


def _holds_traced(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and any(
        type(part) is TracedArray or _holds_traced(part) for part in x
    )


def checked_dtype(x: Any, name: str = "") -> DType:
    """The dtype of a NumPy array or scalar; DtypeError, with the name, where jitflow has none."""
    kind = type(x).__name__
    if isinstance(x, (np.matrix, np.ma.MaskedArray)):
        cure = "np.asarray(x)" if isinstance(x, np.matrix) else "x.filled(value)"
        raise DtypeError(explain(
            f"{_called(name)}{kind} is not supported", at=here()[0], cure=f"pass {cure}",
        ))
    try:
        return as_dtype(x.dtype)
    except DtypeError as error:
        raise DtypeError(explain(f"{_called(name)}{error}", at=here()[0])) from None


def _called(name: str) -> str:
    return f"{name}: " if name else ""


def constant(
    number: Any, dtype: DType, shape: tuple[Any, ...] = (), weak: bool = False
) -> TracedArray:
    """A constant array of one number; RangeError where a Python int does not fit."""
    if type(number) is int and dtype.is_integer:
        check_range(number, dtype)
    with np.errstate(all="ignore"):
        data = Dense(number, dtype)
    context = current()
    op = context.builder.emit(
        ROWS["constant"], (), {"value": data, "type": TensorType(dtype, shape)}, (), here()
    )
    return TracedArray(Cell(op.results[0], context), weak)


def bounds(dtype: DType) -> tuple[int, int]:
    """The least and the greatest integer of a dtype."""
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)


def check_range(number: int, dtype: DType) -> None:
    low, high = bounds(dtype)
    if not low <= number <= high:
        raise RangeError(explain(
            f"Python integer {number} out of bounds for {dtype.numpy}", at=here()[0],
            cure=f"use a number within {low}..{high}, or convert the array first",
        ))


def promote(*operands: Any) -> list[TracedArray]:
    """The operands as arrays of the one dtype that NumPy 2 computes in."""
    lifted = [x if type(x) in WEAK else lift(x) for x in operands]
    dtype, weak = common_dtype(lifted)
    return [convert(x, dtype, weak) for x in lifted]


def common_dtype(operands: Sequence[Any]) -> tuple[DType, bool]:
    """The dtype of traced arrays and Python scalars together, and whether all are weak."""
    key = tuple([
        (x.type.dtype, x.weak) if type(x) is TracedArray else type(x) for x in operands
    ])
    found = _promotions.get(key)
    if found is None:
        kinds = [part if isinstance(part, tuple) else (WEAK[part], True) for part in key]
        try:
            found = _promote_kinds(kinds)
        except DtypeError as error:
            raise DtypeError(explain(
                str(error), at=here()[0], dtypes=[dtype for dtype, _ in kinds],
            )) from None
        _promotions[key] = found
    return found


def _promote_kinds(kinds: Sequence[tuple[DType, bool]]) -> tuple[DType, bool]:
    strong = [dtype for dtype, weak in kinds if not weak]
    weak = [dtype for dtype, is_weak in kinds if is_weak]
    highest = max(weak, key=lambda dtype: _KINDS.index(dtype.kind)) if weak else None
    if not strong:
        assert highest is not None
        return highest, True
    dtype = dtypes.promote(*strong)
    if highest is None or _rank(highest) <= _rank(dtype):
        return dtype, False
    if highest.kind == "c" and dtype.kind == "f":
        return _COMPLEX_OF.get(dtype.name, dtypes.c128), False
    return highest, False


def _rank(dtype: DType) -> int:
    """Kinds in order: bool, integers, floats, complex."""
    return {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}[dtype.kind]


def convert(x: Any, dtype: DType, weak: bool = False) -> TracedArray:
    """A traced array or Python scalar in a dtype; weak integers are range-checked."""
    if type(x) is not TracedArray:
        return constant(x, dtype, weak=weak)
    if x.type.dtype is dtype:
        return x
    if x.weak and x.type.dtype.kind == "i" and dtype.is_integer:
        number = literal(x)
        if number is not None:
            return constant(number, dtype, weak=weak)
        _check_weak(x, dtype)
    result = emit("convert", x, dtype=dtype)
    result.weak = weak
    return result


def literal(x: TracedArray) -> Any:
    """The Python number behind a weak constant, or None."""
    op = x.value.op
    if not x.weak or op is None or op.row.name != "constant" or x.type.shape:
        return None
    return op.attrs["value"].item().item()


def _check_weak(x: TracedArray, dtype: DType) -> None:
    """Emits a check that a weak integer known only at the call fits the dtype that it meets."""
    low, high = bounds(dtype)
    fits = emit("ge", x, constant(max(low, -(2**63)), dtypes.i64))
    if high < 2**63 - 1:
        fits = emit("and", fits, emit("le", x, constant(high, dtypes.i64)))
    current().check(fits.value, f"Python integer out of bounds for {dtype.numpy}", here())


def broadcast_shapes(arrays: Sequence[TracedArray], op: str = "") -> tuple[Any, ...]:
    """The common shape by NumPy's rule; ShapeError with the shapes where there is none."""
    rank = max((len(x.type.shape) for x in arrays), default=0)
    result: list[Any] = [1] * rank
    for x in arrays:
        for axis, extent in enumerate(x.type.shape, rank - len(x.type.shape)):
            if result[axis] == 1:
                result[axis] = extent
            elif extent != 1 and extent != result[axis]:
                raise ShapeError(_mismatch_text(arrays, op))
    return tuple(result)


def broadcast_to(x: TracedArray, shape: tuple[Any, ...]) -> TracedArray:
    """The array with this shape, which must be one that it broadcasts to."""
    if x.type.shape == shape:
        return x
    axes = tuple(range(len(shape) - len(x.type.shape), len(shape)))
    return emit("broadcast", x, shape=shape, axes=axes)


def _mismatch_text(arrays: Sequence[TracedArray], op: str) -> str:
    return explain(
        "the shapes do not broadcast together", op=op, at=here()[0],
        shapes=[x.type.shape for x in arrays], dtypes=[x.type.dtype for x in arrays],
        cure="trailing axes must be equal or 1; add an axis with x[:, None]",
    )


def together(*operands: Any, op: str = "") -> list[TracedArray]:
    """The operands with one dtype and one shape, as elementwise rows want them."""
    lifted = [x if type(x) in WEAK else lift(x) for x in operands]
    dtype, weak = common_dtype(lifted)
    arrays = [x for x in lifted if type(x) is TracedArray]
    shape = broadcast_shapes(arrays, op)
    return [
        constant(x, dtype, shape, weak) if type(x) is not TracedArray
        else broadcast_to(convert(x, dtype, weak), shape)
        for x in lifted
    ]


def elementwise(row: str, *operands: Any) -> TracedArray:
    """One elementwise op on promoted and broadcast operands."""
    first = operands[0]
    if type(first) is TracedArray and not first.weak:
        kind = first.type
        for x in operands:
            if type(x) is not TracedArray or x.weak or x.type != kind:
                break
        else:
            return emit(row, *operands)
    return emit(row, *together(*operands, op=row))
