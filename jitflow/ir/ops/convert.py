"""Conversions between dtypes: by value and by bits."""

from __future__ import annotations

from typing import Any

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import part_of
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import require_elementwise
from jitflow.ir.parts import Parts
from jitflow.ir.row import Attribute, Family, OpRow, register


def _infer_convert(types: tuple[Any, ...], attrs: Any, regions: Any) -> tuple[Any, ...]:
    source = require_elementwise(types)
    target = attrs["dtype"]
    if source.dtype.kind == "c" and target.kind != "c":
        raise DtypeError(f"cannot convert {source.dtype} to {target}; take the real part first")
    return (source.with_dtype(target),)


def _tangent_convert(b: Any, op: Any, tangents: Any) -> Any:
    """Linear between inexact dtypes; zero to an integer."""
    target = op.attrs["dtype"]
    return b.convert(tangents[0], dtype=target) if target.is_inexact else None


def _split_convert(b: Any, x: Any, dtype: Any) -> Parts:
    """Of a real number: zero is its imaginary part."""
    part = part_of(dtype)
    if isinstance(x, Parts):
        return Parts(b.convert(x.real, dtype=part), b.convert(x.imag, dtype=part))
    re = b.convert(x, dtype=part)
    return Parts(re, b.full_like(re, 0))


def _transpose_convert(b: Any, ct: Any, op: Any, index: int) -> Any:
    source = op.operands[0].type.dtype
    if ct.type.dtype.kind == "c" and source.kind != "c":
        ct = b.real(ct)
    return b.convert(ct, dtype=source)


register(OpRow(
    name="convert", family=Family.ELEMENTWISE, arity=1, attributes={"dtype": Attribute("dtype")},
    doc="x in another dtype; float to integer truncates, saturates, and sends NaN to 0.",
    infer=_infer_convert, reference=reference.convert, keeps_halves=True,
    linear=(0,), jvp=_tangent_convert, transpose=_transpose_convert, split=_split_convert,
))


def _infer_bitcast(types: tuple[Any, ...], attrs: Any, regions: Any) -> tuple[Any, ...]:
    source = require_elementwise(types)
    target = attrs["dtype"]
    if "c" in (source.dtype.kind, target.kind):
        raise DtypeError(f"cannot bitcast {source.dtype} to {target}; take real and imaginary part")
    if source.dtype.bits != target.bits:
        raise DtypeError(f"bitcast needs equal widths, got {source.dtype} and {target}")
    return (source.with_dtype(target),)


register(OpRow(
    name="bitcast", family=Family.ELEMENTWISE, arity=1, attributes={"dtype": Attribute("dtype")},
    doc="The bits of x read as another dtype of the same width.",
    infer=_infer_bitcast, reference=reference.bitcast, keeps_halves=True,
    no_derivative="bits have no derivative",
))
