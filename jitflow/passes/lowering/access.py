"""Where an array's elements stand in a buffer: an affine map from indices to memory.

View rows change the map and move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType
from jitflow.ir.types import Shape, c_strides

IntShape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """Element (i, j, ..) stands at `offset + i * strides[0] + j * strides[1] ..` of `base`."""

    base: Value
    offset: int
    shape: IntShape
    strides: IntShape

    @classmethod
    def whole(cls, base: Value) -> Access:
        return cls(base, 0, base.type.shape, base.type.strides)

    @property
    def is_contiguous(self) -> bool:
        return self.strides == c_strides(self.shape)

    @property
    def has_overlap(self) -> bool:
        """Whether several indices lead to one element."""
        return any(n > 1 and not s for n, s in zip(self.shape, self.strides, strict=True))

    def moved(self, offset: int, shape: Shape, strides: Shape) -> Access:
        return Access(self.base, self.offset + offset, shape, strides)  # type: ignore[arg-type]

    def part(self, index: int) -> Access:
        """The real (0) or imaginary (1) parts of complex numbers, whose last axis is that of parts.
        """
        offset = index * self.strides[-1]
        return self.moved(offset, self.shape[:-1], self.strides[:-1])

    def parts(self, dtype: DType) -> list[Access]:
        """What makes an element of an array of this dtype: itself, or two parts."""
        return [self.part(0), self.part(1)] if dtype.kind == "c" else [self]


def viewed(access: Access, op: Op) -> Access | None:
    """The access of a view op's result; None where the elements must be copied."""
    return _VIEWS[op.row.name](access, op)


def _broadcast(access: Access, op: Op) -> Access:
    shape = op.attrs["shape"]
    strides = [0] * len(shape)
    for k, axis in enumerate(op.attrs["axes"]):
        strides[axis] = access.strides[k] if access.shape[k] == shape[axis] else 0
    return access.moved(0, shape, tuple(strides))


def _transpose(access: Access, op: Op) -> Access:
    axes = op.attrs["axes"]
    shape = tuple(access.shape[a] for a in axes)
    return access.moved(0, shape, tuple(access.strides[a] for a in axes))


def _reverse(access: Access, op: Op) -> Access:
    return reversed_along(access, op.attrs["axes"])


def reversed_along(access: Access, axes: Sequence[int]) -> Access:
    """The same elements, from the last to the first one along the axes."""
    offset, strides = 0, list(access.strides)
    for axis in axes:
        offset += max(access.shape[axis] - 1, 0) * strides[axis]
        strides[axis] = -strides[axis]
    return access.moved(offset, access.shape, tuple(strides))


def _slice(access: Access, op: Op) -> Access:
    start, step = op.attrs["start"], op.attrs["step"]
    shape = op.result.type.shape
    offset = 0
    if 0 not in shape:
        offset = sum(s * t for s, t in zip(start, access.strides, strict=True))
    strides = tuple(s * k for s, k in zip(access.strides, step, strict=True))
    return access.moved(offset, shape, strides)


def _reshape(access: Access, op: Op) -> Access | None:
    shape = op.attrs["shape"]
    if access.is_contiguous or 0 in shape:
        return access.moved(0, shape, c_strides(shape))
    strides = split_strides(access.shape, access.strides, shape)
    return None if strides is None else access.moved(0, shape, strides)


def split_strides(old: IntShape, strides: IntShape, new: IntShape) -> IntShape | None:
    """Strides under which the elements of `old` read as `new` without a copy, or None.

    Runs of old axes that lie dense in memory may be cut anew; walks both shapes once.
    """
    old_axes = [(n, s) for n, s in zip(old, strides, strict=True) if n != 1]
    result: list[int] = []
    at, left, stride = len(old_axes), 1, 0
    for extent in reversed(new):
        if extent == 1:
            result.append(0)
            continue
        if left == 1:
            at -= 1
            left, stride = old_axes[at]
            while left % extent and at and old_axes[at - 1][1] == stride_above(old_axes, at):
                at -= 1
                left *= old_axes[at][0]
        if left % extent:
            return None
        result.append(stride)
        left //= extent
        stride *= extent
    return tuple(reversed(result))


def stride_above(axes: list[tuple[int, int]], at: int) -> int:
    """The stride that the axis before `at` has where both lie dense in memory."""
    extent, stride = axes[at]
    return extent * stride


_VIEWS: dict[str, Callable[[Access, Op], Any]] = {
    "broadcast": _broadcast,
    "transpose": _transpose,
    "reverse": _reverse,
    "slice": _slice,
    "reshape": _reshape,
    "real": lambda access, op: access.part(0),
    "imag": lambda access, op: access.part(1),
}
