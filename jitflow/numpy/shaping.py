"""Functions that rearrange axes and sizes; views of the same memory where NumPy's are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, AxisError, ShapeError, TraceError
from jitflow.ir.dims import Dim
from jitflow.ir.types import Shape
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast_shapes,
    fail,
    normal_axes,
    normal_axis,
)
from jitflow.numpy.known import known
from jitflow.numpy.registry import numpy_function
from jitflow.trace import (
    METHODS,
    PROPERTIES,
    as_twin,
    detach,
    emit,
    emit_view,
    in_c_order,
    row_major,
)


def as_shape(op: str, shape: Any) -> Shape:
    """A tuple of sizes from a size or a sequence of them."""
    listed = shape if isinstance(shape, (tuple, list)) else (shape,)
    if type(shape) is Array and (found := known(shape)) is not None:
        shape = found
    if isinstance(shape, np.ndarray):
        listed = tuple(shape.tolist()) if shape.ndim else (shape.item(),)
    return tuple([_size(op, extent) for extent in listed])


def _size(op: str, extent: Any) -> Any:
    if type(extent) is int or isinstance(extent, Dim):
        return extent
    if isinstance(extent, (np.integer, bool)):
        return int(extent)
    if type(extent) is Array:
        found = known(extent) if extent.type.dtype.kind in "iu" else None
        if found is not None and found.size == 1:
            return int(found)
        cure = "take sizes from x.shape, or name the argument in static_argnames"
        fail(TraceError, "a size cannot be a traced value", op=op, shapes=[extent.type], cure=cure)
    fail(TraceError, f"a size is an integer, got {extent!r}", op=op)


def reshaped(x: Array, shape: Shape) -> Array:
    """A view with this shape, which has as many elements."""
    return x if x.type.shape == shape else emit_view("reshape", x, shape=shape)


@numpy_function(np.reshape)
def reshape(a: Any, shape: Any, order: str = "C") -> Array:
    """With order="F" elements are read and placed by columns."""
    x = as_array(a)
    wanted = _resolve(x, as_shape("reshape", shape))
    if not _is_by_columns("reshape", x, order):
        return reshaped(x, wanted)
    return _reversed(reshaped(_reversed(x), wanted[::-1]))


def _is_by_columns(op: str, x: Array, order: Any) -> bool:
    """Whether order= means Fortran's; where that depends on strides, it is refused."""
    if order in ("C", "F", None):
        return order == "F"
    if order not in ("A", "K"):
        fail(ArgumentError, f"order is 'C', 'F', 'A' or 'K', not {order!r}", op=op)
    if x.type.rank > 1 and not in_c_order(x):
        fail(
            TraceError,
            f"order={order!r} depends on strides, which are not known under @jit",
            op=op,
            cure="say 'C' or 'F'",
        )
    return False


def _reversed(x: Array) -> Array:
    return permuted(x, range(x.type.rank)[::-1])


def _resolve(x: Array, shape: Shape) -> Shape:
    """The shape with its one -1 worked out; ShapeError where the sizes do not fit."""
    unknown = [k for k, extent in enumerate(shape) if extent == -1]
    total: Any = math.prod(x.type.shape)
    known: Any = math.prod([extent for extent in shape if extent != -1])
    if len(unknown) == 1 and known != 0 and total % known == 0:
        return tuple([total // known if extent == -1 else extent for extent in shape])
    if unknown or total != known:
        fail(
            ShapeError,
            f"cannot reshape an array of {total} elements into {list(shape)}",
            op="reshape",
            shapes=[x.type.shape],
            cure="one size at most may be -1" if len(unknown) > 1 else "",
        )
    return shape


def reshape_method(x: Array, *shape: Any, order: str = "C") -> Array:
    return reshape(x, shape[0] if len(shape) == 1 else shape, order)


@numpy_function(np.ravel, method="ravel")
def ravel(a: Any, order: str = "C") -> Array:
    """The array itself where NumPy has it in that order; else a copy, or perhaps one."""
    x = as_array(a)
    if _is_by_columns("ravel", x, order):
        x = _reversed(x)
    flat = (math.prod(x.type.shape),)
    if in_c_order(x):
        return reshaped(x, flat)
    return perhaps_copied(x, x if x.type.shape == flat else emit("reshape", x, shape=flat))


def perhaps_copied(x: Array, result: Array) -> Array:
    """These elements of x, or all, in what NumPy makes a view or a copy, as strides are."""
    return as_twin(x, detach(result) if result is x else result)


def flatten(x: Array, order: str = "C") -> Array:
    return detach(ravel(x, order))


def permuted(x: Array, axes: Sequence[int]) -> Array:
    """A view with the axes in this order."""
    if list(axes) == list(range(x.type.rank)):
        return x
    return emit_view("transpose", x, axes=tuple(axes))


@numpy_function(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Array:
    x = as_array(a)
    rank = x.type.rank
    if axes is None:
        return permuted(x, range(rank)[::-1])
    order = [normal_axis("transpose", axis, rank) for axis in axes]
    if sorted(order) != list(range(rank)):
        fail(
            ShapeError,
            f"axes {tuple(axes)} do not name each axis once",
            op="transpose",
            shapes=[x.type.shape],
        )
    return permuted(x, order)


def transpose_method(x: Array, *axes: Any) -> Array:
    if not axes or axes == (None,):
        return transpose(x)
    return transpose(x, axes[0] if isinstance(axes[0], (tuple, list)) else axes)


@numpy_function(np.matrix_transpose)
def matrix_transpose(x: Any) -> Array:
    array = as_array(x)
    if array.type.rank < 2:
        fail(
            ShapeError,
            "needs two dimensions or more",
            op="matrix_transpose",
            shapes=[array.type.shape],
        )
    return swapaxes(array, -1, -2)


@numpy_function(np.swapaxes, method="swapaxes")
def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    x = as_array(a)
    first, second = (normal_axis("swapaxes", axis, x.type.rank) for axis in (axis1, axis2))
    order = list(range(x.type.rank))
    order[first], order[second] = second, first
    return permuted(x, order)


@numpy_function(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Array:
    x = as_array(a)
    rank = x.type.rank
    sources, targets = (
        [normal_axis("moveaxis", k, rank) for k in (v if isinstance(v, (tuple, list)) else (v,))]
        for v in (source, destination)
    )
    if len(set(sources)) != len(sources) or len(set(targets)) != len(sources) != len(targets):
        fail(
            AxisError,
            f"{source} and {destination} must name as many axes, each once",
            op="moveaxis",
        )
    order = [k for k in range(rank) if k not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return permuted(x, order)


@numpy_function(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Array:
    """The axis moved in front of the one that is now at `start`."""
    x = as_array(a)
    rank = x.type.rank
    place = normal_axis("rollaxis", axis, rank)
    target = rank if start == rank else normal_axis("rollaxis", start, rank)
    return moveaxis(x, place, target - (place < target))


@numpy_function(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Array:
    x = as_array(a)
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = x.type.rank + len(listed)
    new = normal_axes("expand_dims", tuple(listed), rank)
    old = iter(x.type.shape)
    return reshaped(x, tuple([1 if k in new else next(old) for k in range(rank)]))


@numpy_function(np.squeeze, method="squeeze")
def squeeze(a: Any, axis: Any = None) -> Array:
    x = as_array(a)
    shape = x.type.shape
    if axis is None:
        return reshaped(x, tuple([extent for extent in shape if extent != 1]))
    gone = normal_axes("squeeze", axis, len(shape))
    if any(shape[k] != 1 for k in gone):
        fail(ShapeError, "cannot squeeze an axis whose size is not 1", op="squeeze", shapes=[shape])
    return reshaped(x, tuple([extent for k, extent in enumerate(shape) if k not in gone]))


@numpy_function(np.broadcast_to)
def broadcast_to(array: Any, shape: Any) -> Array:
    x, target = as_array(array), as_shape("broadcast_to", shape)
    if broadcast_shapes("broadcast_to", [x.type.shape, target]) != target:
        fail(
            ShapeError, f"does not broadcast to {target}", op="broadcast_to", shapes=[x.type.shape]
        )
    return _spread_view(x, target)


def _spread_view(x: Array, shape: Shape) -> Array:
    """A read-only view in NumPy."""
    if x.type.shape == shape:
        return x
    axes = tuple(range(len(shape) - x.type.rank, len(shape)))
    return emit_view("broadcast", x, shape=shape, axes=axes)


@numpy_function(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> tuple[Array, ...]:
    arrays = [as_array(x) for x in args]
    shape = broadcast_shapes("broadcast_arrays", [x.type.shape for x in arrays])
    return tuple([_spread_view(x, shape) for x in arrays])


@numpy_function(np.flip)
def flip(m: Any, axis: Any = None) -> Array:
    x = as_array(m)
    axes = normal_axes("flip", axis, x.type.rank)
    return emit_view("reverse", x, axes=axes) if axes else x


@numpy_function(np.fliplr)
def fliplr(m: Any) -> Array:
    return flip(m, 1)


@numpy_function(np.flipud)
def flipud(m: Any) -> Array:
    return flip(m, 0)


def _at_least(rank: int, x: Array) -> Array:
    """NumPy adds axes in front, except that the third one goes last."""
    shape = x.type.shape
    missing = rank - len(shape)
    if missing <= 0:
        return x
    if rank == 3 and shape:
        return reshaped(x, (1, shape[0], 1) if len(shape) == 1 else (*shape, 1))
    return reshaped(x, (1,) * missing + shape)


def _register_at_least(function: Any, rank: int) -> None:
    def at_least(*arys: Any) -> Any:
        results = tuple([_at_least(rank, as_array(x)) for x in arys])
        return results[0] if len(results) == 1 else results

    numpy_function(function)(at_least)


_register_at_least(np.atleast_1d, 1)
_register_at_least(np.atleast_2d, 2)
_register_at_least(np.atleast_3d, 3)


@numpy_function(np.copy)
def copy(a: Any) -> Array:
    return detach(as_array(a))


@numpy_function(np.shape)
def shape(a: Any) -> Shape:
    return as_array(a).type.shape


@numpy_function(np.ndim)
def ndim(a: Any) -> int:
    return as_array(a).type.rank


@numpy_function(np.size)
def size(a: Any, axis: Any = None) -> Any:
    extents = as_array(a).type.shape
    return math.prod([extents[k] for k in normal_axes("size", axis, len(extents))])


METHODS["reshape"] = reshape_method
METHODS["transpose"] = transpose_method
METHODS["flatten"] = flatten
METHODS["copy"] = lambda x, order="C": row_major(detach(x)) if order == "C" else detach(x)
PROPERTIES["T"] = transpose
PROPERTIES["mT"] = matrix_transpose
