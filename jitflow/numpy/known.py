"""What traced values are known to be: those computed from constants alone.

Such an index is checked while tracing, and such a mask decides about a shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import JitflowError
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import TensorType
from jitflow.numpy.basics import Array
from jitflow.trace import OPERATORS, STATE

_MOST_OPS = 64
_MOST_OPS_AGAIN = 4096
"""While NumPy's functions have stand-ins: tables that were written element by element."""

_MOST_ELEMENTS = 1 << 20


def known(x: Array) -> np.ndarray[Any, Any] | None:
    """The elements of an array that depends on no argument; None where it does, or takes long."""
    op = x.value.op
    if op is not None and op.row.name == "constant":
        return np.broadcast_to(op.attrs["value"].array, x.type.shape)
    ops = _history(x.value)
    if ops is None:
        return None
    try:
        (found,) = interpret(Function("known", Region((), ops, (x.value,))), ())
    except JitflowError:
        return None
    return np.asarray(found)


def _history(value: Value) -> list[Op] | None:
    """The ops that a value comes from, in order; None where a parameter is among their operands."""
    most = _MOST_OPS_AGAIN if STATE.stands_in else _MOST_OPS
    ordered: list[Op] = []
    seen: set[Op] = set()
    pending: list[tuple[Value, bool]] = [(value, False)]
    while pending:
        current, is_done = pending.pop()
        op = current.op
        if op is None or len(seen) > most or not _is_plain(op):
            return None
        if is_done:
            ordered.append(op)
        elif op not in seen:
            seen.add(op)
            pending.append((current, True))
            pending.extend((operand, False) for operand in op.operands)
    return ordered


def _is_plain(op: Op) -> bool:
    """Whether the op computes one array that is not too large, to the bit."""
    if not op.row.is_pure or op.regions or len(op.results) != 1:
        return False
    if not op.row.is_exact_on(v.type.dtype for v in op.operands):
        return False
    type = op.results[0].type
    return isinstance(type, TensorType) and type.is_static and type.size <= _MOST_ELEMENTS


OPERATORS["known"] = known
