"""x[...] = v and ufunc.at: writes of parts, in place for who wrote them.

A part that NumPy would view is written as one; index arrays are one `scatter`, in which the last
of equal indices wins; a mask whose elements are not known chooses between old and new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dtypes import i64
from jitflow.ir.types import Dimension, TensorType
from jitflow.numpy.basics import (
    Array,
    broadcast,
    common_dtype,
    emit,
    emit_check,
    fail,
    full,
    full_like,
)
from jitflow.numpy.indexing import axes_of, index_place, index_shape, masked_view, view
from jitflow.numpy.key_parts import Fixed, Masked, New, Part, Span, Taken, is_basic
from jitflow.numpy.keys import read_key
from jitflow.numpy.selection import Selection, is_same
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, OPERATORS, converted, fitted, lift, require_writable, write
from jitflow.trace.checks import WRONG_VALUE

_COMBINES: dict[np.ufunc, str] = {
    np.add: "add",
    np.subtract: "add",
    np.multiply: "mul",
    np.maximum: "max",
    np.minimum: "min",
    np.bitwise_and: "and",
    np.bitwise_or: "or",
    np.bitwise_xor: "xor",
}
"""What `scatter` does for `ufunc.at`; subtract adds -v."""

_OF_BOOL = {"add": "or", "mul": "and"}


def setitem(x: Array, key: Any, new: Any) -> None:
    """x[key] = new."""
    require_writable(x)
    x, parts = read_key(x, key)
    if isinstance(new, Selection):
        _assign_selection(x, parts, new)
    elif any(isinstance(part, Masked) for part in parts):
        _assign_masked(x, parts, lift(new))
    elif is_basic(parts):
        target, value = view(x, parts), lift(new)
        if value.cell is not target.cell or value.path != target.path:
            write(target, value)
    else:
        write(x, _scattered(x, parts, lift(new), "set"))


# Index arrays.


def _scattered(x: Array, parts: Sequence[Part], new: Array, combine: str) -> Array:
    """x with `new` put at what the parts take, of which at least one is an index array."""
    taken = [part for part in parts if isinstance(part, Taken)]
    shape = index_shape(taken)
    spans = [part for part in parts if isinstance(part, Span)]
    cut = [s for s in spans if s.limits != (0, x.type.shape[s.axis], 1)]
    rest = [s for s in spans if s not in cut]
    updates = _updates(x, parts, shape, new)
    updates = _ordered(updates, len(shape), spans, [*cut, *rest])
    every = (*shape, *[s.extent for s in cut])
    indices = [broadcast_first(broadcast(part.index, shape), every) for part in taken]
    fixed = [part for part in parts if isinstance(part, Fixed)]
    indices += [full(every, part.position, i64) for part in fixed]
    indices += [_counted(s, every, len(shape) + k) for k, s in enumerate(cut)]
    axes = axes_of([*taken, *fixed, *cut, *rest])
    turned = _transposed(x, axes)
    result = emit("scatter", turned, updates, *indices, combine=combine)
    return _transposed(result, _inverse(axes))


def _updates(x: Array, parts: Sequence[Part], shape: tuple[Any, ...], new: Array) -> Array:
    """`new` as x[key] looks like, then with the axes of the index arrays first, and no None."""
    others = [part for part in parts if isinstance(part, (New, Span))]
    place = index_place(parts)
    sizes = [1 if isinstance(part, New) else part.extent for part in others]
    new = fitted(new, x.type.dtype, (*sizes[:place], *shape, *sizes[place:]))
    before = [part.extent for part in others[:place] if isinstance(part, Span)]
    after = [part.extent for part in others[place:] if isinstance(part, Span)]
    new = _shaped(new, (*before, *shape, *after))
    first = range(len(before), len(before) + len(shape))
    return _transposed(new, [*first, *(k for k in range(new.type.rank) if k not in first)])


def _ordered(
    updates: Array, count: int, spans: Sequence[Span], order: Sequence[Span]
) -> Array:
    """The updates with their axes behind the first `count` in another order, all ascending."""
    back = [count + k for k, span in enumerate(spans) if span.is_reversed]
    if back:
        updates = emit("reverse", updates, axes=tuple(back))
    return _transposed(updates, [*range(count), *(count + spans.index(s) for s in order)])


def _counted(span: Span, shape: tuple[Any, ...], axis: int) -> Array:
    """The places that a slice takes, along one axis of an index array."""
    count = emit("iota", type=TensorType(i64, shape), axis=axis)
    if span.step != 1:
        count = emit("mul", count, full_like(count, span.step))
    return emit("add", count, full_like(count, span.start)) if span.start != 0 else count


def broadcast_first(x: Array, shape: tuple[Any, ...]) -> Array:
    """x repeated along axes behind its own."""
    if x.type.shape == shape:
        return x
    return emit("broadcast", x, shape=shape, axes=tuple(range(x.type.rank)))


def _transposed(x: Array, axes: Sequence[int]) -> Array:
    if list(axes) == list(range(len(axes))):
        return x
    return emit("transpose", x, axes=tuple(axes))


def _inverse(axes: Sequence[int]) -> list[int]:
    return sorted(range(len(axes)), key=axes.__getitem__)


def _shaped(x: Array, shape: tuple[Any, ...]) -> Array:
    return x if x.type.shape == shape else emit("reshape", x, shape=shape)


# Masks whose elements are not known.


def _assign_masked(
    x: Array, parts: Sequence[Part], new: Array, combine: Callable[..., Array] | None = None
) -> None:
    """Chooses new elements where the mask holds, on the view that the other parts give.

    combine: what becomes of an old and a new element; None for the new one.
    """
    masked = next(part for part in parts if isinstance(part, Masked))
    if any(isinstance(part, (Taken, Masked)) and part is not masked for part in parts):
        fail(ShapeError, "a mask beside index arrays needs elements that are known", cure=_CURE)
    count = masked.mask.type.rank
    target, mask, place = masked_view(x, parts)
    rest = (*target.type.shape[:place], *target.type.shape[place + count :])
    new = converted(new, x.type.dtype) if combine is None else new
    new = _in_full(new, len(rest) + 1)
    along = index_place(parts)
    if new.type.shape[along] != 1:
        new = _spread_over(new, along, masked.mask)
        moved = [*range(count, count + place), *range(count), *range(count + place, new.type.rank)]
        new = _transposed(new, moved)
    else:
        others = (*new.type.shape[:along], *new.type.shape[along + 1 :])
        new = _shaped(new, (*others[:place], *(1,) * count, *others[place:]))
    new = new if combine is None else combine(target, new)
    write(target, emit("select", mask, fitted(new, x.type.dtype, target.type.shape), target))


def _assign_selection(x: Array, parts: Sequence[Part], new: Selection) -> None:
    """x[mask] = what was done to elements that an equal mask selects."""
    if sum(isinstance(part, Masked) for part in parts) != 1 or any(
        isinstance(part, Taken) for part in parts
    ):
        new.refuse()
    target, mask, _ = masked_view(x, parts)
    if not is_same(mask.value, new.mask.value):
        new.refuse()
    write(target, emit("select", mask, converted(new.values, x.type.dtype), target))


_CURE = "choose with jnp.where(mask, v, x)"


def _in_full(new: Array, rank: int) -> Array:
    """The array with as many axes as x[mask], those in front of size 1."""
    shape: tuple[Dimension, ...] = new.type.shape
    while len(shape) > rank and shape[0] == 1:
        shape = shape[1:]
    if len(shape) > rank:
        fail(ShapeError, f"cannot assign an array of shape {new.type.shape} to x[mask]")
    return _shaped(new, ((1,) * (rank - len(shape)) + shape))


def _spread_over(new: Array, along: int, mask: Array) -> Array:
    """Values one after the other at the true elements of the mask, whose axes come first."""
    size, shape = new.type.shape[along], mask.type.shape
    flat = emit("convert", _shaped(mask, (mask.type.size,)), dtype=i64)
    number = emit("cumsum", flat, axis=0)
    total = emit("reduce_sum", flat, axes=(0,))
    emit_check(
        emit("eq", total, full_like(total, size)),
        f"{WRONG_VALUE}{size} values for a mask that is true at another number of places",
    )
    new = _transposed(new, [along, *(k for k in range(new.type.rank) if k != along)])
    if size == 0:
        return full((*shape, *new.type.shape[1:]), 0, new.type.dtype)
    return emit("gather", new, _shaped(emit("sub", number, full_like(number, 1)), shape))


# ufunc.at


def _at(ufunc: np.ufunc, combine: str) -> Callable[..., None]:
    def apply(x: Any, indices: Any, operand: Any) -> None:
        target = lift(x)
        require_writable(target)
        target, parts = read_key(target, indices)
        new = lift(operand)
        if not np.can_cast(common_dtype([target, new]).numpy, target.dtype, "same_kind"):
            fail(
                DtypeError,
                f"cannot cast the operand from {new.dtype} to {target.dtype}",
                op=f"np.{ufunc.__name__}.at",
            )
        if is_basic(parts):
            part = view(target, parts)
            write(part, CALLS[ufunc](part, new))
        elif any(isinstance(part, Masked) for part in parts):
            _assign_masked(target, parts, new, CALLS[ufunc])
        else:
            new = converted(new, target.type.dtype)
            new = emit("neg", new) if ufunc is np.subtract else new
            is_bool = target.type.dtype.kind == "b"
            how = _OF_BOOL.get(combine, combine) if is_bool else combine
            write(target, _scattered(target, parts, new, how))

    return apply


for _ufunc, _combine in _COMBINES.items():
    FUNCTIONS[_ufunc, "at"] = _at(_ufunc, _combine)
OPERATORS["setitem"] = setitem
