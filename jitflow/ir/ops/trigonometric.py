"""Trigonometric and hyperbolic functions and their inverses: approximate rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir import expand
from jitflow.ir.derivative import jvp_by_operand
from jitflow.ir.ops.math import function
from jitflow.ir.ops.reference import quiet
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register


def _one_minus_square(b: Any, x: Any) -> Any:
    """(1 - x)(1 + x), which does not cancel near 1."""
    one = b.full_like(x, 1)
    return b.mul(b.sub(one, x), b.add(one, x))


def _one_plus_square(b: Any, x: Any) -> Any:
    return b.add(b.mul(x, x), b.full_like(x, 1))


def _tangent_tanh(b: Any, t: Any, out: Any, x: Any) -> Any:
    return b.mul(t, b.sub(b.full_like(out, 1), b.mul(out, out)))


def _tangent_arcsinh(b: Any, t: Any, out: Any, x: Any) -> Any:
    if x.type.dtype.kind == "c":
        return b.div(t, b.sqrt(_one_plus_square(b, x)))
    return b.div(t, b.hypot(x, b.full_like(x, 1)))


def _tangent_arccosh(b: Any, t: Any, out: Any, x: Any) -> Any:
    one = b.full_like(x, 1)
    return b.div(t, b.mul(b.sqrt(b.sub(x, one)), b.sqrt(b.add(x, one))))


function("sin", "Sine of radians, over the whole range.", 1.5, 45,
         lambda b, t, out, x: b.mul(t, b.cos(x)), reference=quiet(np.sin))
function("cos", "Cosine of radians, over the whole range.", 1.5, 45,
         lambda b, t, out, x: b.mul(t, b.neg(b.sin(x))), reference=quiet(np.cos))
function("tan", "Tangent of radians, over the whole range.", 1.5, 75,
         lambda b, t, out, x: b.mul(t, _one_plus_square(b, out)), reference=quiet(np.tan))
function("arcsin", "Angle of a sine, within -pi/2..pi/2; NaN beyond 1.", 1.5, 40,
         lambda b, t, out, x: b.div(t, b.sqrt(_one_minus_square(b, x))),
         reference=quiet(np.arcsin))
function("arccos", "Angle of a cosine, within 0..pi; NaN beyond 1.", 1.5, 40,
         lambda b, t, out, x: b.neg(b.div(t, b.sqrt(_one_minus_square(b, x)))),
         reference=quiet(np.arccos))
function("arctan", "Angle of a tangent, within -pi/2..pi/2.", 1.5, 45,
         lambda b, t, out, x: b.div(t, _one_plus_square(b, x)), reference=quiet(np.arctan))
function("sinh", "Hyperbolic sine.", 1.5, 45, lambda b, t, out, x: b.mul(t, b.cosh(x)),
         reference=quiet(np.sinh))
function("cosh", "Hyperbolic cosine.", 1.5, 38, lambda b, t, out, x: b.mul(t, b.sinh(x)),
         reference=quiet(np.cosh))
function("tanh", "Hyperbolic tangent.", 1.5, 32, _tangent_tanh, reference=np.tanh)
function("arcsinh", "Inverse of sinh.", 1.5, 90,
         _tangent_arcsinh, reference=quiet(np.arcsinh))
function("arccosh", "Inverse of cosh, from 0 on; NaN below 1.", 1.5, 80, _tangent_arccosh,
         reference=quiet(np.arccosh))
function("arctanh", "Inverse of tanh; infinite at 1, NaN beyond.", 1.5, 80,
         lambda b, t, out, x: b.div(t, _one_minus_square(b, x)), reference=quiet(np.arctanh))


def _turn(index: int) -> Any:
    """Derivative of the angle of (x, y): by y, x / r^2; by x, -y / r^2."""

    def tangent(b: Any, t: Any, out: Any, y: Any, x: Any) -> Any:
        length = b.hypot(x, y)
        side = b.neg(y) if index else x
        return b.mul(b.div(t, length), b.div(side, length))

    return tangent


register(OpRow(
    name="arctan2", family=Family.ELEMENTWISE, arity=2, exact=False, ulp=1.5, cost=80,
    doc="arctan2(y, x): the angle of the point (x, y), within -pi..pi.",
    infer=elementwise("f", "floats"), reference=quiet(np.arctan2), expand=expand.arctan2,
    jvp=jvp_by_operand(_turn(0), _turn(1)),
))
