"""`out=` and `where=` of NumPy's functions: the result is written into an array of the trace.

Fills the entry `out` of `OPERATORS`. Knows no function: it is handed results.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, NumpyArrayError, ShapeError, TraceError
from jitflow.ir.dtypes import bool_
from jitflow.trace.arrays import TracedArray
from jitflow.trace.dispatch import OPERATORS
from jitflow.trace.emit import emit
from jitflow.trace.lift import lift
from jitflow.trace.source import fail
from jitflow.trace.writes import write

_CURES = {
    "out": "for a NumPy array `a`, write `a = a + x`, not `a += x`; or make it by np.zeros_like(x)",
    "where": "compute both sides and choose with jnp.where(condition, x, y), or give out=",
}


def write_out(op: str, result: Any, out: Any, where: Any = True) -> Any:
    """Writes results into the arrays of `out`, where the mask holds, and returns those.

    `out` is an array or a tuple with an array, or None, for each result.
    """
    if out is None or (isinstance(out, tuple) and all(target is None for target in out)):
        fail(TraceError, "where= is not supported under @jit", op=op, cure=_CURES["where"])
    if not isinstance(result, tuple):
        target = out[0] if isinstance(out, tuple) else out
        return _write_one(op, result, target, where)
    pairs = zip(result, out, strict=True)
    return tuple([r if t is None else _write_one(op, r, t, where) for r, t in pairs])


def _write_one(op: str, result: TracedArray, target: Any, where: Any) -> Any:
    if type(target) is not TracedArray:
        fail(NumpyArrayError, "out= is not supported under @jit", op=op, cure=_CURES["out"])
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        fail(
            DtypeError,
            f"cannot cast the result to out= from {result.dtype} to {target.dtype}",
            op=op,
            cure="convert the result with .astype",
        )
    result = _fitting(op, _converted(result, target), target)
    if where is not True:
        result = emit("select", _fitting(op, _mask(op, where), target), result, target)
    write(target, result)
    return target


def _converted(x: TracedArray, target: TracedArray) -> TracedArray:
    dtype = target.type.dtype
    return x if x.type.dtype is dtype else emit("convert", x, dtype=dtype)


def _mask(op: str, where: Any) -> TracedArray:
    flag = lift(where)
    if flag.type.dtype is not bool_:
        fail(DtypeError, "where= must be bool", op=op, dtypes=[flag.dtype])
    return flag


def _fitting(op: str, x: TracedArray, target: TracedArray) -> TracedArray:
    """x spread to the target's shape."""
    own, shape = x.type.shape, target.type.shape
    if own == shape:
        return x
    first = len(shape) - len(own)
    if first < 0 or any(n not in (1, m) for n, m in zip(own, shape[first:], strict=True)):
        fail(ShapeError, "the result does not fit into out=", op=op, shapes=[own, shape])
    return emit("broadcast", x, shape=shape, axes=tuple(range(first, len(shape))))


OPERATORS["out"] = write_out
