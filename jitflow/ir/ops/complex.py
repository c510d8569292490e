"""Complex numbers and their parts: real, imag, complex, conj.

Derivatives pair a cotangent with a tangent as Re(ct * t), without a conjugate. So the gradient of
a real function of x + iy is df/dx - i df/dy, as JAX's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.batching import batch_elementwise
from jitflow.ir.dtypes import complex_of, part_of
from jitflow.ir.ops.rules import (
    Attrs,
    Types,
    elementwise,
    require_elementwise,
    require_kind,
    require_tensor,
)
from jitflow.ir.parts import Parts
from jitflow.ir.row import Family, OpRow, register


def _infer_part(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    require_kind(types, "c", "complex numbers")
    return (types[0].with_dtype(part_of(types[0].dtype)),)


register(OpRow(
    name="real", family=Family.VIEW, arity=1, doc="The real part of complex x.", cost=0,
    infer=_infer_part, reference=np.real, batch=batch_elementwise,
    linear=(0,), transpose=lambda b, ct, op, index: b.complex(ct, b.full_like(ct, 0)),
    split=lambda b, x: x.real,
))
register(OpRow(
    name="imag", family=Family.VIEW, arity=1, doc="The imaginary part of complex x.", cost=0,
    infer=_infer_part, reference=np.imag, batch=batch_elementwise,
    linear=(0,), transpose=lambda b, ct, op, index: b.complex(b.full_like(ct, 0), b.neg(ct)),
    split=lambda b, x: x.imag,
))


def _infer_complex(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    first = require_elementwise(types)
    if first.dtype.name not in ("f32", "f64") or types[1].dtype is not first.dtype:
        raise DtypeError(f"parts are both f32 or both f64, got {types[0].dtype}, {types[1].dtype}")
    return (first.with_dtype(complex_of(first.dtype)),)


def _reference_complex(re: Any, im: Any) -> Any:
    """re + 1j * im, which an infinite im would turn into NaN, by its parts."""
    whole = np.empty(np.shape(re), np.result_type(re, 1j))
    whole.real, whole.imag = re, im
    return whole


def _transpose_complex(b: Any, ct: Any, op: Any, index: int) -> Any:
    return b.neg(b.imag(ct)) if index else b.real(ct)


register(OpRow(
    name="complex", family=Family.VIEW, arity=2, doc="The complex number of two parts.",
    infer=_infer_complex, reference=_reference_complex, batch=batch_elementwise,
    linear=(0, 1), transpose=_transpose_complex, split=lambda b, re, im: Parts(re, im),
))
register(OpRow(
    name="conj", family=Family.ELEMENTWISE, arity=1, doc="re - i im of complex x.",
    infer=elementwise("c", "complex numbers"), reference=np.conjugate, involution=True,
    linear=(0,), transpose=lambda b, ct, op, index: b.conj(ct),
    split=lambda b, x: Parts(x.real, b.neg(x.imag)),
))
