"""Reads and writes of parts of arrays: at computed indices, at computed starts, at fixed places.

Whatever an index is, it leads to an element: one outside is taken as the nearest one inside.
That an index is in range is a `check` beside these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.batching import with_batch
from jitflow.ir.dims import bounds
from jitflow.ir.dtypes import i64
from jitflow.ir.ops import reference
from jitflow.ir.ops.indexing_derivatives import (
    add_part,
    add_scattered,
    tangent_scatter,
    transpose_dynamic_slice,
    transpose_dynamic_update,
    transpose_gather,
    transpose_scatter,
    transpose_update,
)
from jitflow.ir.ops.rules import Attrs, Types, require_tensor
from jitflow.ir.row import Attribute, Family, OpRow, register
from jitflow.ir.types import TensorType

COMBINES = {
    "set": None, "add": "add", "mul": "mul", "min": "minimum", "max": "maximum",
    "and": "and", "or": "or", "xor": "xor",
}  # fmt: skip
"""The row by which `scatter` combines what stands there with an update, by its attribute."""


def _require_indices(x: TensorType, indices: Types) -> None:
    """Arrays of one shape, one for each of the first axes of x, which have elements."""
    if not 1 <= len(indices) <= x.rank:
        raise ShapeError(f"{x} takes 1 to {x.rank} index arrays, got {len(indices)}")
    for index in indices:
        if index.dtype is not i64:
            raise DtypeError(f"an index is i64, got {index}; convert first")
        if index.shape != indices[0].shape:
            raise ShapeError(f"index arrays must have one shape, got {indices[0]} and {index}")
    if 0 in x.shape[: len(indices)] and 0 not in indices[0].shape:
        raise ShapeError(f"{x} has no element that {indices[0]} could lead to")


def _inside(x: Any, indices: Sequence[Any]) -> tuple[Any, ...]:
    """The indices, each that leads outside moved to the nearest element."""
    return tuple([
        np.clip(index, 0, max(extent - 1, 0))
        for index, extent in zip(indices, x.shape, strict=False)
    ])


def _infer_gather(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    x, *indices = types
    _require_indices(x, tuple(indices))
    return (x.with_shape((*indices[0].shape, *x.shape[len(indices) :])),)


def _batch_gather(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    x, *indices = with_batch(b, operands, batched)
    if not batched[0]:
        return b.gather(operands[0], *indices)
    return b.gather(x, _numbers(b, indices[0].type.shape), *indices)


def _numbers(b: Any, shape: tuple[Any, ...]) -> Any:
    """The number in the batch, of each index."""
    return b.iota(i64, shape, axis=0)


register(OpRow(
    name="gather", family=Family.INDEXING, arity=None, infer=_infer_gather, keeps_halves=True,
    doc="x[i0, i1, ...] for index arrays of one shape, whose axes come first; indices outside"
        " lead to the nearest element.",
    reference=lambda x, *indices: np.asarray(x)[_inside(x, indices)],
    linear=(0,), transpose=transpose_gather, batch=_batch_gather,
))


def _infer_scatter(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    x, updates, *indices = types
    _require_indices(x, tuple(indices))
    wanted = x.with_shape((*indices[0].shape, *x.shape[len(indices) :]))
    if updates != wanted:
        raise ShapeError(f"the updates must be {wanted}, got {updates}")
    combine = attrs["combine"]
    if combine not in COMBINES:
        raise VerifyError(f"combine is one of {', '.join(COMBINES)}, not {combine}")
    if x.dtype.kind not in _KINDS[combine]:
        raise DtypeError(f"cannot combine {x.dtype} by {combine}; convert first")
    return (x,)


_KINDS = {
    "set": "biufc", "add": "iufc", "mul": "iufc", "min": "biufc", "max": "biufc",
    "and": "biu", "or": "biu", "xor": "biu",
}  # fmt: skip
_UFUNCS: dict[str, np.ufunc] = {
    "add": np.add, "mul": np.multiply, "min": np.minimum, "max": np.maximum,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip
_STEPS: dict[str, Callable[[Any, Any], Any]] = {
    **_UFUNCS, "mul": reference.product, "min": reference.minimum, "max": reference.maximum,
}  # fmt: skip


@reference.quiet
def _reference_scatter(x: Any, updates: Any, *indices: Any, combine: str) -> Any:
    """One update after the other, in row-major order."""
    result = np.array(x)
    places = _inside(x, indices)
    if combine == "set":
        result[places] = updates
        return result
    if _at_once(result.dtype, combine):
        _UFUNCS[combine].at(result, places, updates)
        return result
    for at in np.ndindex(np.shape(indices[0])):
        place = tuple([index[at] for index in places])
        result[place] = _STEPS[combine](result[place], updates[at])
    return result


def _at_once(dtype: np.dtype[Any], combine: str) -> bool:
    """Whether NumPy's own loop gives the bits: it leaves zeros of either sign, and products of
    complex numbers, to the machine."""
    kinds = "biuf" if combine == "mul" else "biufc" if combine == "add" else "biuc"
    return dtype.kind in kinds


def _batch_scatter(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    x, updates, *indices = with_batch(b, operands, batched)
    numbers = _numbers(b, indices[0].type.shape)
    return b.scatter(x, updates, numbers, *indices, **op.attrs)


register(OpRow(
    name="scatter", family=Family.INDEXING, arity=None, infer=_infer_scatter, keeps_halves=True,
    doc="x (first operand) with x[i0, i1, ...] (from the third on) combined with updates (second)"
        " one after the other; `combine`: set, add, mul, min, max, and, or, xor.",
    attributes={"combine": Attribute("str", "set")}, reference=_reference_scatter,
    linear=lambda op: (0, 1) if op.attrs["combine"] in ("set", "add") else (),
    jvp=tangent_scatter, transpose=transpose_scatter, batch=_batch_scatter,
    accumulate=add_scattered,
))


# At places known beforehand.


def _infer_update(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    (whole, part), start, step = types, attrs["start"], attrs["step"]
    if part.dtype is not whole.dtype or not part.rank == whole.rank == len(start) == len(step):
        raise ShapeError(f"{part} with start and step does not fit {whole} axis by axis")
    for axis, (first, extent, k) in enumerate(zip(start, part.shape, step, strict=True)):
        if extent == 0:
            continue
        beyond = whole.shape[axis] - first - (extent - 1) * k
        if k < 1 or bounds(first)[0] < 0 or bounds(beyond)[0] < 1:
            raise ShapeError(f"{part} from {first} by {k} is outside axis {axis} of {whole}")
    return (whole,)


def window(shape: Sequence[Any], start: Sequence[Any], step: Sequence[int]) -> tuple[slice, ...]:
    """Where a part of this shape stands in the whole."""
    return tuple([
        slice(first, first + (n - 1) * k + 1, k) if n else slice(0, 0)
        for n, first, k in zip(shape, start, step, strict=True)
    ])


def _reference_update(whole: Any, part: Any, start: Any, step: Any) -> Any:
    result = np.array(whole)
    result[window(np.shape(part), start, step)] = part
    return result


def _batch_update(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    whole, part = with_batch(b, operands, batched)
    return b.update(whole, part, start=(0, *op.attrs["start"]), step=(1, *op.attrs["step"]))


register(OpRow(
    name="update", family=Family.INDEXING, arity=2, infer=_infer_update, keeps_halves=True,
    doc="The first operand with the second one in it, from `start` on by `step` on every axis.",
    attributes={"start": Attribute("dims"), "step": Attribute("ints")},
    reference=_reference_update,
    linear=(0, 1), transpose=transpose_update, batch=_batch_update, accumulate=add_part,
))


# At a start known when the call runs.


def _require_starts(x: TensorType, sizes: Sequence[Any], starts: Types) -> None:
    if len(sizes) != x.rank or len(starts) != x.rank:
        raise ShapeError(f"{x} needs a size and a start for each of its {x.rank} axes")
    for start in starts:
        if start.rank or start.dtype is not i64:
            raise DtypeError(f"a start is i64[], got {start}")
    for axis, (extent, size) in enumerate(zip(x.shape, sizes, strict=True)):
        if bounds(size)[0] < 0 or bounds(extent - size)[0] < 0:
            raise ShapeError(f"{size} elements are more than axis {axis} of {x} has")


def _infer_dynamic_slice(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    x, *starts = types
    _require_starts(x, attrs["sizes"], tuple(starts))
    return (x.with_shape(attrs["sizes"]),)


def _place(x: Any, sizes: Sequence[int], starts: Sequence[Any]) -> tuple[slice, ...]:
    """The nearest place within x that has these sizes."""
    found = []
    for extent, size, start in zip(x.shape, sizes, starts, strict=True):
        first = min(max(int(start), 0), extent - size)
        found.append(slice(first, first + size))
    return tuple(found)


def _batch_dynamic_slice(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    sizes = op.attrs["sizes"]
    if not any(batched[1:]):
        x, *starts = operands
        zero = b.index(0)
        return b.dynamic_slice(x, zero, *starts, sizes=(x.type.shape[0], *sizes))
    x, *starts = with_batch(b, operands, batched)
    return b.gather(x, *_every_index(b, x.type.shape, sizes, starts))


def _every_index(b: Any, shape: Any, sizes: Any, starts: Sequence[Any]) -> list[Any]:
    """Index arrays of the elements that a batch of parts starts at; `shape` has the batch first."""
    full = (shape[0], *sizes)
    indices = [_numbers(b, full)]
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True), 1):
        room = shape[axis] - size
        if not isinstance(room, int):
            raise ShapeError(f"a batch of starts needs to know the {room} places on axis {axis}")
        first = b.maximum(start, b.full_like(start, 0))
        first = b.minimum(first, b.full_like(start, room))
        spread = b.broadcast(first, shape=full, axes=(0,))
        indices.append(b.add(spread, b.iota(i64, full, axis=axis)))
    return indices


register(OpRow(
    name="dynamic_slice", family=Family.INDEXING, arity=None, infer=_infer_dynamic_slice,
    doc="The `sizes` elements of the first operand from the starts on (one i64[] an axis); where"
        " they would reach outside, the nearest ones inside.",
    attributes={"sizes": Attribute("dims")}, keeps_halves=True,
    reference=lambda x, *starts, sizes: np.asarray(x)[_place(x, sizes, starts)],
    linear=(0,), transpose=transpose_dynamic_slice, batch=_batch_dynamic_slice,
))


def _infer_dynamic_update(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    whole, part, *starts = types
    if part.dtype is not whole.dtype:
        raise DtypeError(f"{part} does not fit {whole}; convert first")
    _require_starts(whole, part.shape, tuple(starts))
    return (whole,)


def _reference_dynamic_update(whole: Any, part: Any, *starts: Any) -> Any:
    result = np.array(whole)
    result[_place(result, np.shape(part), starts)] = part
    return result


def _batch_dynamic_update(
    b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]
) -> Any:
    if not any(batched[2:]):
        whole, part = with_batch(b, operands[:2], batched[:2])
        return b.dynamic_update(whole, part, b.index(0), *operands[2:])
    whole, part, *starts = with_batch(b, operands, batched)
    indices = _every_index(b, whole.type.shape, part.type.shape[1:], starts)
    return b.scatter(whole, part, *indices)


register(OpRow(
    name="dynamic_update", family=Family.INDEXING, arity=None, infer=_infer_dynamic_update,
    doc="The first operand with the second one in it from the starts on (one i64[] an axis); where"
        " it would reach outside, at the nearest place inside.",
    reference=_reference_dynamic_update, keeps_halves=True,
    linear=(0, 1), transpose=transpose_dynamic_update, batch=_batch_dynamic_update,
    accumulate=add_part,
))
