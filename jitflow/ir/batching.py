"""The forms that batching rules of rows take: an op on arrays with one more axis, the first.

`rule(b, op, operands, batched)` appends to the builder. `operands[i]` stands for the op's operand
i; where `batched[i]` is true its axis 0 is the batch, elsewhere it is the same for the whole batch.
At least one is batched. The rule gives the result, or a tuple of them, with the batch as axis 0.
Knows no op by name and imports no row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

BatchRule = Callable[[Any, Any, Sequence[Any], Sequence[bool]], Any]


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
    """A batch of equal arrays."""
    return b.broadcast(x, shape=(size, *x.type.shape), axes=shifted(range(x.type.rank)))


def _emit(b: Any, op: Any, operands: Sequence[Any], attrs: Any) -> Any:
    results = b.emit(op.row, tuple(operands), attrs).results
    return results[0] if len(results) == 1 else results
