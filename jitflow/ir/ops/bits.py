"""Logic on bool and bits of integers, shifts, and table lookup."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import DType
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import elementwise, require_elementwise
from jitflow.ir.row import Attribute, Family, OpRow, register

_WHY = "bits have no derivative"


def _all_bits(dtype: DType) -> Any:
    return np.bool_(True) if dtype.kind == "b" else np.invert(dtype.numpy.type(0))


def _no_bits(dtype: DType) -> Any:
    return dtype.numpy.type(0)


register(OpRow(
    name="and", family=Family.ELEMENTWISE, arity=2, doc="Logical and; bitwise on integers.",
    infer=elementwise("biu", "bool or integers"), reference=np.bitwise_and,
    commutative=True, associative=True, idempotent=True, identity=_all_bits, no_derivative=_WHY,
))
register(OpRow(
    name="or", family=Family.ELEMENTWISE, arity=2, doc="Logical or; bitwise on integers.",
    infer=elementwise("biu", "bool or integers"), reference=np.bitwise_or,
    commutative=True, associative=True, idempotent=True, identity=_no_bits, no_derivative=_WHY,
))
register(OpRow(
    name="xor", family=Family.ELEMENTWISE, arity=2, doc="Exclusive or; bitwise on integers.",
    infer=elementwise("biu", "bool or integers"), reference=np.bitwise_xor,
    commutative=True, associative=True, identity=_no_bits, no_derivative=_WHY,
))
register(OpRow(
    name="not", family=Family.ELEMENTWISE, arity=1, doc="Logical not; bitwise on integers.",
    infer=elementwise("biu", "bool or integers"), reference=np.invert, involution=True,
    no_derivative=_WHY,
))
register(OpRow(
    name="shift_left", family=Family.ELEMENTWISE, arity=2,
    doc="x shifted left by y bits; 0 where y is not within 0..width-1.",
    infer=elementwise("iu", "integers"), reference=reference.shift_left, no_derivative=_WHY,
))
register(OpRow(
    name="shift_right", family=Family.ELEMENTWISE, arity=2,
    doc="x shifted right by y bits, keeping the sign of signed x; all sign bits past the width.",
    infer=elementwise("iu", "integers"), reference=reference.shift_right, no_derivative=_WHY,
))
register(OpRow(
    name="bit_count", family=Family.ELEMENTWISE, arity=1,
    doc="How many bits are set; those of a negative number are its two's complement.",
    infer=elementwise("iu", "integers"), reference=reference.bit_count, no_derivative=_WHY,
))


def _infer_lookup(types: tuple[Any, ...], attrs: Any, regions: Any) -> tuple[Any, ...]:
    index = require_elementwise(types)
    if not index.dtype.is_integer:
        raise DtypeError(f"expected an integer index, got {index.dtype}")
    if attrs["table"].array.ndim != 1 or attrs["table"].array.size == 0:
        raise DtypeError("the table must be a non-empty vector of constants")
    if attrs["table"].dtype.kind == "c":
        raise DtypeError("tables hold no complex numbers; look up their parts")
    return (index.with_dtype(attrs["table"].dtype),)


register(OpRow(
    name="lookup", family=Family.ELEMENTWISE, arity=1,
    doc="table[index]; the last entry where there is none.",
    attributes={"table": Attribute("dense")}, infer=_infer_lookup,
    reference=reference.lookup, no_derivative=_WHY, cost=4,
))
