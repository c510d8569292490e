"""x[...] as NumPy reads it: views for integers, slices, None and Ellipsis, new memory for arrays.

A view is at most four ops: `slice`, `reverse` for negative steps, `dynamic_slice` for traced
integers, and `reshape` for the axes that integers take away and None adds. Index arrays are one
`gather`; what a mask selects is a Selection unless the mask is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitflow.errors import AxisError
from jitflow.ir.dtypes import i64
from jitflow.ir.types import Dimension, Shape
from jitflow.numpy.basics import Array, broadcast, emit, fail, full
from jitflow.numpy.key_parts import Fixed, Gap, Masked, New, Part, Span, Taken, is_basic
from jitflow.numpy.keys import read_key, refuse_count
from jitflow.numpy.selection import selected
from jitflow.numpy.shaping import reshaped
from jitflow.trace import OPERATORS, detach, emit_view


def getitem(x: Array, key: Any) -> Any:
    """x[key]."""
    x, parts = read_key(x, key)
    if is_basic(parts):
        return view(x, parts)
    masks = [part for part in parts if isinstance(part, Masked)]
    if not masks:
        return _gathered(x, parts)
    if any(isinstance(part, Taken) for part in parts) or len(masks) > 1:
        refuse_count(x, masks[0].mask)
    target, mask, place = masked_view(x, parts)
    in_order = index_place(parts) == place
    return selected(target, mask, place, masks[0].mask.type.rank, in_order)


def masked_view(x: Array, parts: Sequence[Part]) -> tuple[Array, Array, int]:
    """The view that the parts beside one mask give, the mask in its shape, its first axis there."""
    at, masked = next((k, part) for k, part in enumerate(parts) if isinstance(part, Masked))
    sizes = masked.mask.type.shape
    whole = [Span(masked.axis + k, 0, n, 1, n, False) for k, n in enumerate(sizes)]
    target = view(x, [*parts[:at], *whole, *parts[at + 1 :]])
    place = sum(isinstance(part, (New, Span)) for part in parts[:at])
    axes = tuple(range(place, place + len(sizes)))
    mask = emit("broadcast", masked.mask, shape=target.type.shape, axes=axes)
    return target, mask, place


def view(x: Array, parts: Sequence[Part]) -> Array:
    """The view that parts without index arrays and masks give."""
    shape: list[Dimension] = []
    for part in parts:
        if isinstance(part, New):
            shape.append(1)
        elif isinstance(part, Span):
            shape.append(part.extent)
    x = _sliced(x, parts)
    x = _at_traced(x, parts)
    return reshaped(x, tuple(shape))


def _sliced(x: Array, parts: Sequence[Part]) -> Array:
    """A view of what integers and slices take; other axes whole, and no axis gone."""
    limits: list[tuple[Dimension, Dimension, int]] = [(0, n, 1) for n in x.type.shape]
    whole = list(limits)
    reverse = []
    for part in parts:
        if isinstance(part, Fixed):
            limits[part.axis] = part.position, part.position + 1, 1
        elif isinstance(part, Span):
            limits[part.axis] = part.limits
            if part.is_reversed:
                reverse.append(part.axis)
    if limits != whole:
        start, stop, step = zip(*limits, strict=True)
        x = emit_view("slice", x, start=start, stop=stop, step=step)
    return emit_view("reverse", x, axes=tuple(reverse)) if reverse else x


def _at_traced(x: Array, parts: Sequence[Part]) -> Array:
    """A view of one element along each axis that has a traced integer."""
    taken = {part.axis: part.index for part in parts if isinstance(part, Taken)}
    if not taken:
        return x
    starts = [taken[k] if k in taken else full((), 0, i64) for k in range(x.type.rank)]
    sizes = tuple([1 if k in taken else n for k, n in enumerate(x.type.shape)])
    return emit_view("dynamic_slice", x, *starts, sizes=sizes)


# Index arrays.


def axes_of(parts: Sequence[Fixed | Span | Taken]) -> list[int]:
    return [part.axis for part in parts]


def index_shape(taken: Sequence[Taken]) -> Shape:
    """The common shape of index arrays; an IndexError, as NumPy's, where there is none."""
    shapes = [part.index.type.shape for part in taken]
    rank = max(map(len, shapes))
    result: list[Dimension] = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        if len(sizes) > 1:
            shown = " ".join(map(str, shapes))
            fail(
                AxisError,
                "shape mismatch: indexing arrays could not be broadcast together with shapes "
                + shown,
            )
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def index_place(parts: Sequence[Part]) -> int:
    """Before which of the other axes of the result those of the index arrays stand."""
    places = [k for k, part in enumerate(parts) if not isinstance(part, (New, Gap, Span))]
    is_together = places[-1] - places[0] == len(places) - 1
    return sum(isinstance(part, (New, Span)) for part in parts[: places[0]]) if is_together else 0


def _gathered(x: Array, parts: Sequence[Part]) -> Array:
    taken = [part for part in parts if isinstance(part, Taken)]
    others = [part for part in parts if isinstance(part, (New, Span))]
    shape = index_shape(taken)
    place = index_place(parts)
    spans = [part for part in others if isinstance(part, Span)]
    fixed = [part.axis for part in parts if isinstance(part, Fixed)]
    x = _without(_sliced(x, parts), fixed)
    gone = {axis: axis - sum(f < axis for f in fixed) for axis in range(x.type.rank + len(fixed))}
    order = [gone[axis] for axis in axes_of([*taken, *spans])]
    result = gather(x, order, [part.index for part in taken], shape)
    before = sum(isinstance(part, Span) for part in others[:place])
    result = moved_in(result, len(shape), before)
    sizes = [1 if isinstance(part, New) else part.extent for part in others]
    return detach(_shaped(result, (*sizes[:place], *shape, *sizes[place:])))


def _without(x: Array, axes: Sequence[int]) -> Array:
    """x without these axes of size 1."""
    kept = [n for axis, n in enumerate(x.type.shape) if axis not in axes]
    return _shaped(x, tuple(kept))


def _shaped(x: Array, shape: Shape) -> Array:
    return x if x.type.shape == shape else emit("reshape", x, shape=shape)


def gather(x: Array, order: Sequence[int], indices: Sequence[Array], shape: Shape) -> Array:
    """Elements of x with its axes in this order, at indices (i64, in range) for the first of them.

    The indices are broadcast to `shape`; its axes come first, then those of x without an index.
    """
    if list(order) != list(range(len(order))):
        x = emit("transpose", x, axes=tuple(order))
    return emit("gather", x, *[broadcast(index, shape) for index in indices])


def moved_in(x: Array, count: int, place: int) -> Array:
    """x with its first `count` axes behind the `place` axes that follow them."""
    if not count or not place:
        return x
    rank = x.type.rank
    axes = (*range(count, count + place), *range(count), *range(count + place, rank))
    return emit("transpose", x, axes=axes)


OPERATORS["getitem"] = getitem
