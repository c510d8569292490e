"""Buffers of the interpreter: arrays that loads and stores index, with every bound checked.

Each rule takes an op, its attributes with sizes for symbols, and its arrays. A buffer's memory is
reached through NumPy only, and never beyond what its owner has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, VerifyError
from jitflow.ir.core import Op
from jitflow.ir.types import BufferType, VectorType

Array = Any
Attrs = Mapping[str, Any]

MAX_BYTES = 1 << 30
"""What one array of the interpreter may take: it is for tests, not for work."""


def require_room(op: Op, elements: int, itemsize: int) -> None:
    if elements * itemsize > MAX_BYTES:
        raise ShapeError(f"{op.name} makes {elements} elements: too many to interpret")


def _alloc(op: Op, attrs: Attrs, args: list[Array]) -> Sequence[Array]:
    type = attrs["type"]
    if 0 in type.shape:
        return [np.empty(type.shape, type.dtype.numpy)]
    size = 1 + sum((n - 1) * s for n, s in zip(type.shape, type.strides, strict=True))
    require_room(op, size, type.dtype.itemsize)
    return [_strided(np.empty(size, type.dtype.numpy), type, 0)]


def _global(op: Op, attrs: Attrs, args: list[Array]) -> Sequence[Array]:
    return [attrs["value"].array]


def _view(op: Op, attrs: Attrs, args: list[Array]) -> Sequence[Array]:
    """A view by memory, not by index; the verifier has checked it against the base's type."""
    (base,) = args
    if 0 in attrs["type"].shape:
        return [np.empty(attrs["type"].shape, attrs["type"].dtype.numpy)]
    owner, itemsize = op.operands[0].type, base.dtype.itemsize
    for extent, stride, step in zip(base.shape, owner.strides, base.strides, strict=True):
        if extent > 1 and isinstance(stride, int) and step != stride * itemsize:
            raise ShapeError(f"an array of strides {base.strides} bytes is no {owner}")
    return [_strided(base, attrs["type"], attrs["offset"])]


def _strided(base: Array, type: BufferType, offset: int) -> Array:
    """An array over `base`'s memory from element `offset` on."""
    address = base.__array_interface__["data"][0] + offset * type.dtype.itemsize
    return np.asarray(_Memory(address, type, base)).view(type.dtype.numpy)


class _Memory:
    """Gives NumPy an address with shape and strides, and keeps the owner alive."""

    def __init__(self, address: int, type: BufferType, owner: Array) -> None:
        self.owner = owner
        size, dtype = type.dtype.itemsize, type.dtype.numpy
        strides: tuple[Any, ...] = type.strides
        self.__array_interface__ = {
            "version": 3,
            "data": (address, not owner.flags.writeable),
            "shape": type.shape,
            "strides": tuple(stride * size for stride in strides),
            "typestr": f"|V{size}" if type.dtype.name == "bf16" else dtype.str,
        }


def _window(op: Op, buffer: Array, indices: Sequence[Array], lanes: int) -> tuple[Any, ...]:
    """The NumPy index of an element or of lanes; VerifyError outside the buffer."""
    if any(np.ndim(i) for i in indices):
        return _scattered(op, buffer, indices, lanes)
    where = [int(i) for i in indices]
    for axis, (index, extent) in enumerate(zip(where, buffer.shape, strict=True)):
        reach = index + (lanes - 1 if axis == buffer.ndim - 1 else 0)
        if index < 0 or reach >= extent:
            raise VerifyError(f"{op.name} at {where} leaves a buffer of {buffer.shape}")
    if lanes > 1 or isinstance(_memory_type(op), VectorType):
        return (*where[:-1], slice(where[-1], where[-1] + lanes))
    return tuple(where)


def _scattered(
    op: Op, buffer: Array, indices: Sequence[Array], lanes: int
) -> tuple[Any, ...]:
    """The NumPy index of lanes that each stand somewhere; VerifyError outside the buffer."""
    where = tuple([np.broadcast_to(i, lanes) if not np.ndim(i) else i[:lanes] for i in indices])
    for index, extent in zip(where, buffer.shape, strict=True):
        if np.any((index < 0) | (index >= extent)):
            raise VerifyError(f"{op.name} at {where} leaves a buffer of {buffer.shape}")
    return where


def _memory_type(op: Op) -> Any:
    return op.attrs["type"] if op.name == "load" else op.operands[0].type


def _lanes(op: Op) -> int:
    """How many elements a load or store touches."""
    type = _memory_type(op)
    return op.attrs["valid"] or (type.lanes if isinstance(type, VectorType) else 1)


def _load(op: Op, attrs: Attrs, args: list[Array]) -> Sequence[Array]:
    found = np.array(args[0][_window(op, args[0], args[1:], _lanes(op))])
    if not attrs["valid"]:
        return [found]
    whole = np.zeros(attrs["type"].lanes, found.dtype)
    whole[: len(found)] = found
    return [whole]


def _store(op: Op, attrs: Attrs, args: list[Array]) -> Sequence[Array]:
    lanes = _lanes(op)
    where = _window(op, args[1], args[2:], lanes)
    if not args[1].flags.writeable:
        raise VerifyError(f"{op.name} to memory that is read only")
    args[1][where] = args[0][:lanes] if attrs["valid"] else args[0]
    return []


MEMORY_RULES: Mapping[str, Callable[[Op, Attrs, list[Array]], Sequence[Array]]] = {
    "alloc": _alloc,
    "global": _global,
    "view": _view,
    "load": _load,
    "store": _store,
}
