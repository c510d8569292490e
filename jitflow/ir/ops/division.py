"""Division with a whole quotient, of integers and floats. Dividing by zero is defined: see docs."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir import expand
from jitflow.ir.derivative import jvp_by_operand
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register

_REALS = elementwise("iuf", "real numbers")
_INTEGERS = elementwise("iu", "integers")
_CUT = "piecewise constant"


def _minus_quotient(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
    """The rest of x by y falls by the whole quotient."""
    return b.mul(t, b.neg(b.rint(b.div(b.sub(x, out), y))))


_REST = jvp_by_operand(lambda b, t, out, x, y: t, _minus_quotient)

register(OpRow(
    name="quotient", family=Family.ELEMENTWISE, arity=2, cost=20,
    doc="x / y towards zero; 0 where y is 0; the least integer over -1 stays.",
    infer=_INTEGERS, reference=reference.quotient, no_derivative=_CUT,
))
register(OpRow(
    name="fmod", family=Family.ELEMENTWISE, arity=2, cost=14,
    doc="x - y * trunc(x / y), exactly, with the sign of x; by 0 it is 0, and NaN of floats.",
    infer=_REALS, reference=reference.quiet(np.fmod), jvp=_REST, expand=expand.fmod,
))
register(OpRow(
    name="remainder", family=Family.ELEMENTWISE, arity=2, cost=15,
    doc="x - y * floor(x / y) with the sign of y; by 0 it is 0, and NaN of floats.",
    infer=_REALS, reference=reference.quiet(np.remainder), jvp=_REST, expand=expand.remainder,
))
register(OpRow(
    name="floor_divide", family=Family.ELEMENTWISE, arity=2, cost=15,
    doc="floor(x / y); by 0 it is 0, and x / y of floats; the least integer over -1 stays.",
    infer=_REALS, reference=reference.quiet(np.floor_divide), no_derivative=_CUT,
    expand=expand.floor_divide,
))
register(OpRow(
    name="gcd", family=Family.ELEMENTWISE, arity=2, cost=400,
    doc="The greatest common divisor; 0 of two zeros.",
    infer=_INTEGERS, reference=np.gcd, commutative=True, associative=True, no_derivative=_CUT,
    expand=expand.gcd,
))
