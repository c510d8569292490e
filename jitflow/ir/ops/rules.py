"""Type rules that rows share: operands in, result types or an error out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.dtypes import DType, bool_
from jitflow.ir.types import TensorType, Type, VectorType

Types = tuple[Any, ...]
Attrs = Mapping[str, Any]


_ARRAYS = (TensorType, VectorType)


def require_elementwise(types: Types) -> Any:
    """The first operand's type, where all operands are arrays or vectors of equal shape."""
    first = types[0]
    for t in types:
        if not isinstance(t, _ARRAYS):
            raise VerifyError(f"expected a tensor or a vector, got {t}")
        if t is not first and t.with_dtype(first.dtype) != first:
            shown = " and ".join(str(x) for x in types)
            raise ShapeError(f"operands must have one shape, got {shown}; broadcast first")
    return first


def require_kind(types: Types, kinds: str, what: str) -> None:
    for t in types:
        if t.dtype.kind not in kinds:
            raise DtypeError(f"expected {what}, got {t.dtype}; convert first")


def require_tensor(types: Types) -> None:
    for t in types:
        if not isinstance(t, TensorType):
            raise VerifyError(f"expected a tensor, got {t}")


def _same_dtype(types: Types) -> None:
    if any(t.dtype is not types[0].dtype for t in types):
        shown = " and ".join(t.dtype.name for t in types)
        raise DtypeError(f"operands must have one dtype, got {shown}; convert first")


def elementwise(kinds: str, what: str, least_bits: int = 1) -> Any:
    """Rule: operands of one type whose dtype is of these kinds; the result has that type."""

    def infer(types: Types, attrs: Attrs, regions: Any) -> tuple[Type, ...]:
        result = types[0]
        if len(types) > 2 or result != types[-1] or not isinstance(result, _ARRAYS):
            require_elementwise(types)
            _same_dtype(types)
        if result.dtype.kind not in kinds or result.dtype.bits < least_bits:
            raise DtypeError(f"expected {what}, got {result.dtype}; convert first")
        return (result,)

    return infer


def comparison(kinds: str, what: str) -> Any:
    """Rule: operands of one type; the result is bool of that shape."""
    operands = elementwise(kinds, what)

    def infer(types: Types, attrs: Attrs, regions: Any) -> tuple[Type, ...]:
        (operand,) = operands(types, attrs, regions)
        return (operand.with_dtype(bool_),)

    return infer


def given_type(types: Types, attrs: Attrs, regions: Any) -> tuple[Type, ...]:
    """Rule: the attribute `type` is the result type (text shows it in front only)."""
    return (attrs["type"],)


def normal_axes(axes: Sequence[int], rank: int, what: str = "axes") -> None:
    """Checks that axes are distinct and within 0..rank-1."""
    if len(set(axes)) != len(axes) or any(not 0 <= a < rank for a in axes):
        raise ShapeError(f"{what} {list(axes)} must be distinct and within 0..{rank - 1}")


def float_scalar(dtype: DType, value: float) -> Any:
    return dtype.numpy.type(value)
