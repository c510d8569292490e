"""The index space of a kernel: its axes, merged where memory allows, and each access along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jitflow.passes.lowering.access import Access, IntShape


@dataclass(frozen=True)
class Axis:
    """One loop: `first` is the original axis it stands for, the leading one where merged."""

    extent: int
    reduced: bool
    first: int


@dataclass(frozen=True)
class Space:
    """Loops of a kernel, outermost first, and per access its stride along each."""

    axes: tuple[Axis, ...]
    strides: tuple[IntShape, ...]

    @property
    def shape(self) -> IntShape:
        return tuple(axis.extent for axis in self.axes)


def merged_space(
    shape: IntShape, reduced: Sequence[int], accesses: Sequence[Access], fixed: set[int]
) -> Space:
    """Merges neighbouring axes of one kind along which every access is dense.

    Each access has `shape`. Axes of extent 1 vanish. Axes in `fixed` stay alone (iota counts
    along them), and a reduced last axis is never merged away from being last.
    """
    kept = [a for a in range(len(shape)) if shape[a] != 1]
    axes: list[Axis] = []
    strides: list[list[int]] = [[] for _ in accesses]
    for a in kept:
        axis = Axis(shape[a], a in reduced, a)
        own = [access.strides[a] for access in accesses]
        if axes and _joins(axes[-1], axis, [s[-1] for s in strides], own, fixed):
            last = axes[-1]
            axes[-1] = Axis(last.extent * axis.extent, last.reduced, last.first)
            for rows, stride in zip(strides, own, strict=True):
                rows[-1] = stride
        else:
            axes.append(axis)
            for rows, stride in zip(strides, own, strict=True):
                rows.append(stride)
    return Space(tuple(axes), tuple(tuple(rows) for rows in strides))


def _joins(
    last: Axis, axis: Axis, outer: Sequence[int], inner: Sequence[int], fixed: set[int]
) -> bool:
    if last.reduced or axis.reduced or last.first in fixed or axis.first in fixed:
        return False
    return all(o == i * axis.extent for o, i in zip(outer, inner, strict=True))
