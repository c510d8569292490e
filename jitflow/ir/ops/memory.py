"""Level 3: buffers, views of them, loads and stores. Block order is memory order."""

from __future__ import annotations

from typing import Any

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.dims import Dimension, bounds, dim_max, dim_min
from jitflow.ir.dtypes import part_of
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.row import Attribute, Effect, Family, OpRow, register
from jitflow.ir.types import INDEX, TOKEN, BufferType, TensorType, VectorType

_LEVEL_3 = "level 3 is below differentiation"


def _require_buffer(type: Any) -> BufferType:
    if not isinstance(type, BufferType):
        raise VerifyError(f"expected a buffer, got {type}")
    return type


def _infer_alloc(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    buffer = _require_buffer(attrs["type"])
    if buffer.space != "temp":
        raise VerifyError(f"alloc makes temp buffers, not {buffer}")
    if any(bounds(stride)[0] < 0 for stride in buffer.strides):
        raise ShapeError(f"strides of alloc are at least 0, got {buffer}")
    return (buffer,)


register(OpRow(
    name="alloc", family=Family.LOOP, arity=0, effect=Effect.ALLOCATES, infer=_infer_alloc,
    doc="A buffer in the body's arena at byte `offset`; -1 until offsets are assigned.",
    attributes={"offset": Attribute("int", -1), "type": Attribute("type")},
    no_derivative=_LEVEL_3,
))


def _infer_view(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    base, view = _require_buffer(types[0]), _require_buffer(attrs["type"])
    whole, part = _is_whole_of(base, view), _is_whole_of(view, base)
    if (view.dtype is not base.dtype and not (whole or part)) or view.space != base.space:
        raise DtypeError(f"{view} is not a view of {base}: dtype and space must be equal")
    least, greatest = _reach(base)
    low, high = (attrs["offset"] + end for end in _reach(view))
    if whole:
        least, greatest = 2 * least, 2 * greatest + 1
    if part:
        low, high = 2 * low, 2 * high + 1
    inside = bounds(low - least)[0] >= 0 and bounds(greatest - high)[0] >= 0
    if 0 not in view.shape and (0 in base.shape or not inside):
        raise ShapeError(f"{view} at offset {attrs['offset']} reaches outside {base}")
    return (view,)


def _is_whole_of(complexes: BufferType, floats: BufferType) -> bool:
    """Whether one holds complex numbers whose parts have the other's dtype."""
    return complexes.dtype.kind == "c" and part_of(complexes.dtype) is floats.dtype


def _reach(buffer: BufferType) -> tuple[Dimension, Dimension]:
    """The first and the last element in memory, counted from the element at index 0."""
    low: Dimension = 0
    high: Dimension = 0
    for extent, stride in zip(buffer.shape, buffer.strides, strict=True):
        step = (extent - 1) * stride
        low, high = low + dim_min(step, 0), high + dim_max(step, 0)
    return low, high


register(OpRow(
    name="view", family=Family.LOOP, arity=1, infer=_infer_view,
    doc="The same memory from element `offset` on, with another shape and other strides; complex"
        " numbers may be seen as floats, two for each, and back.",
    attributes={"offset": Attribute("int", 0), "type": Attribute("type")},
    no_derivative=_LEVEL_3,
))


def _require_indices(buffer: BufferType, indices: Types) -> None:
    if len(indices) != buffer.rank or any(t != INDEX for t in indices):
        shown = ", ".join(map(str, indices))
        raise ShapeError(f"{buffer} takes {buffer.rank} i64[] indices, got ({shown})")


def _infer_load(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    buffer, value = _require_buffer(types[0]), attrs["type"]
    lanes = VectorType(INDEX.dtype, value.lanes) if isinstance(value, VectorType) else INDEX
    _require_indices(buffer, tuple(INDEX if t == lanes else t for t in types[1:]))
    _require_element(buffer, value)
    _require_valid(attrs["valid"], value)
    return (value,)


def _require_valid(valid: int, value: Any) -> None:
    lanes = value.lanes if isinstance(value, VectorType) else 0
    if not 0 <= valid <= lanes:
        raise ShapeError(f"{valid} valid lanes of {value}")


def _require_element(buffer: BufferType, value: Any) -> None:
    scalar = isinstance(value, TensorType) and not value.rank
    if not scalar and not isinstance(value, VectorType):
        raise VerifyError(f"memory holds scalars and vectors, not {value}")
    if isinstance(value, VectorType) and not buffer.rank:
        raise ShapeError(f"{buffer} has no axis for the lanes of {value}")
    if value.dtype is not buffer.dtype:
        raise DtypeError(f"{buffer} does not hold {value.dtype}")


register(OpRow(
    name="load", family=Family.LOOP, arity=None, effect=Effect.READS, infer=_infer_load,
    doc="The element at the indices; a vector reads its lanes along the last axis, or each at its"
        " own lane of indices that are vectors; the first `valid` of them where that is not 0,"
        " and zero in the others.",
    attributes={"valid": Attribute("int", 0), "type": Attribute("type")}, no_derivative=_LEVEL_3,
))


def _infer_store(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    value, buffer = types[0], _require_buffer(types[1])
    if buffer.space == "const":
        raise VerifyError(f"cannot write to {buffer}")
    _require_indices(buffer, types[2:])
    _require_element(buffer, value)
    _require_valid(attrs["valid"], value)
    if attrs["streams"] and (not isinstance(value, VectorType) or attrs["valid"]):
        raise VerifyError(f"only whole vectors stream past the caches, not {value}")
    return ()


register(OpRow(
    name="store", family=Family.LOOP, arity=None, effect=Effect.WRITES, infer=_infer_store,
    doc="Writes a value at the indices; a vector writes its lanes along the last axis, only the"
        " first `valid` of them where that is not 0; `streams`: past the caches, at an address"
        " that a line or the lanes divide.",
    attributes={"valid": Attribute("int", 0), "streams": Attribute("bool", False)},
    no_derivative=_LEVEL_3,
))


def _infer_global(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    buffer, value = _require_buffer(attrs["type"]), attrs["value"]
    if buffer.space != "const" or buffer.shape != value.array.shape:
        raise ShapeError(f"data of shape {value.array.shape} needs a const buffer, not {buffer}")
    if buffer.dtype is not value.dtype or not buffer.is_contiguous:
        raise DtypeError(f"{value.dtype} data needs a dense buffer of that dtype, not {buffer}")
    return (buffer,)


register(OpRow(
    name="global", family=Family.LOOP, arity=0, infer=_infer_global,
    doc="Constant data that is part of the object.",
    attributes={"value": Attribute("dense"), "type": Attribute("type")},
    no_derivative=_LEVEL_3,
))


def _infer_host_call(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    if not types or types[0] != TOKEN:
        raise VerifyError("host_call takes a token first")
    for t in types[1:]:
        _require_buffer(t)
    return (TOKEN,)


register(OpRow(
    name="host_call", family=Family.LOOP, arity=None, effect=Effect.ORDERED,
    infer=_infer_host_call, attributes={"callee": Attribute("str")},
    doc="Calls `callee` of the host with buffers: ordered, holds the GIL, may fail.",
    no_derivative=_LEVEL_3,
))
