"""Elementwise mathematical functions: approximate rows, emitted inline from their expansions."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir import expand
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register

_FLOATS = elementwise("f", "f32 or f64")
_TWO_OVER_SQRT_PI = 1.1283791670955126


def _function(name: str, doc: str, ulp: float, cost: int, partial: Any, **fields: Any) -> None:
    register(OpRow(
        name=name, family=Family.ELEMENTWISE, arity=1, doc=doc, infer=_FLOATS, exact=False,
        ulp=ulp, cost=cost, partials=(partial,), expand=getattr(expand, name), **fields,
    ))


def _one_minus_square(b: Any, out: Any, x: Any) -> Any:
    return b.sub(b.full_like(out, 1), b.mul(out, out))


def _erf_slope(b: Any, out: Any, x: Any) -> Any:
    return b.mul(b.full_like(x, _TWO_OVER_SQRT_PI), b.exp(b.neg(b.mul(x, x))))


_function("exp", "e**x.", 1.5, 15, lambda b, out, x: out, reference=reference.quiet(np.exp))
_function("expm1", "e**x - 1 without cancellation near 0.", 2.0, 20,
          lambda b, out, x: b.add(out, b.full_like(out, 1)), reference=reference.quiet(np.expm1))
_function("log", "Natural logarithm; NaN below 0.", 1.5, 20,
          lambda b, out, x: b.div(b.full_like(x, 1), x), reference=reference.quiet(np.log))
_function("log1p", "log(1 + x) without cancellation near 0.", 1.5, 25,
          lambda b, out, x: b.div(b.full_like(x, 1), b.add(x, b.full_like(x, 1))),
          reference=reference.quiet(np.log1p))
_function("tanh", "Hyperbolic tangent.", 1.5, 20, _one_minus_square, reference=np.tanh)
_function("sin", "Sine of radians, over the whole range.", 1.5, 18,
          lambda b, out, x: b.cos(x), reference=reference.quiet(np.sin))
_function("cos", "Cosine of radians, over the whole range.", 1.5, 18,
          lambda b, out, x: b.neg(b.sin(x)), reference=reference.quiet(np.cos))
_function("erf", "Error function.", 2.0, 25, _erf_slope, reference=reference.erf)


def _power_by_base(b: Any, out: Any, x: Any, y: Any) -> Any:
    """y * x**(y - 1), and 0 where y is 0 (also at x = 0)."""
    lower = b.pow(x, b.sub(y, b.full_like(y, 1)))
    zero = b.full_like(y, 0)
    return b.select(b.eq(y, zero), zero, b.mul(y, lower))


def _power_by_exponent(b: Any, out: Any, x: Any, y: Any) -> Any:
    """log(x) * x**y, and 0 where x is 0 and y is not negative."""
    zero = b.full_like(x, 0)
    flat = b.and_(b.eq(x, zero), b.ge(y, zero))
    return b.select(flat, zero, b.mul(out, b.log(x)))


register(OpRow(
    name="pow", family=Family.ELEMENTWISE, arity=2, exact=False, ulp=2.0, cost=50,
    doc="x**y. Integers wrap and take a negative exponent as 0: emit a check for it.",
    infer=elementwise("iuf", "real numbers"), reference=reference.power, expand=expand.pow,
    partials=(_power_by_base, _power_by_exponent),
))
