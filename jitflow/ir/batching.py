"""The forms that batching rules of rows take: an op on arrays with one more axis, the first.

`rule(b, op, operands, batched)` appends to the builder. `operands[i]` stands for the op's operand
i; where `batched[i]` is true its axis 0 is the batch, elsewhere it is the same for the whole batch.
At least one is batched. The rule gives the result, or a tuple of them, with the batch as axis 0.
Rules of ops with regions take one argument more, `whole`: `whole(region)` is the region with every
parameter and result batched. Knows no op by name and imports no row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

BatchRule = Callable[..., Any]


def batch_elementwise(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The op itself, after what is not batched is repeated."""
    return _emit(b, op, with_batch(b, operands, batched), op.attrs)


def batch_along_axes(b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The op itself with its attributes `axis` and `axes`, which count from the first, one up.

    The axes are those of the operands, which have one rank: what is not batched is repeated.
    """
    attrs = dict(op.attrs)
    if "axis" in attrs:
        attrs["axis"] += 1
    if "axes" in attrs:
        attrs["axes"] = shifted(attrs["axes"])
    return _emit(b, op, with_batch(b, operands, batched), attrs)


def batch_regions(
    b: Any, op: Any, operands: Sequence[Any], batched: Sequence[bool], whole: Any
) -> Any:
    """The op itself with every operand and its regions batched, whatever they compute."""
    regions = tuple(whole(region) for region in op.regions)
    return b.emit(op.row, tuple(with_batch(b, operands, batched)), op.attrs, regions).results


def shifted(axes: Sequence[int]) -> tuple[int, ...]:
    """Axes of an array as axes of a batch of it."""
    return tuple(axis + 1 for axis in axes)


def batch_size(operands: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The extent of the batch."""
    return next(
        x.type.shape[0] for x, is_batched in zip(operands, batched, strict=True) if is_batched
    )


def with_batch(b: Any, operands: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """The operands, each with a batch axis: one that is the same for the whole batch repeated."""
    size = batch_size(operands, batched)
    return [
        x if is_batched else repeated(b, x, size)
        for x, is_batched in zip(operands, batched, strict=True)
    ]


def repeated(b: Any, x: Any, size: Any) -> Any:
    """A batch of equal arrays; of a constant one, a constant."""
    data = x.op.attrs.get("value") if x.op is not None else None
    if data is not None and data.is_splat:
        return b.constant(data.item(), x.type.dtype, shape=(size, *x.type.shape))
    return b.broadcast(x, shape=(size, *x.type.shape), axes=shifted(range(x.type.rank)))


def _emit(b: Any, op: Any, operands: Sequence[Any], attrs: Any) -> Any:
    results = b.emit(op.row, tuple(operands), attrs).results
    return results[0] if len(results) == 1 else results
