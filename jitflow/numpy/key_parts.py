"""The parts of a key: what one entry of x[...] says of an axis, after NumPy's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jitflow.ir.types import Dimension
from jitflow.numpy.basics import Array


class New:
    """None: an axis of size 1."""


class Gap:
    """An Ellipsis for no axis, which keeps index arrays apart all the same."""


@dataclass(frozen=True)
class Fixed:
    """An integer known now, counted from the front."""

    axis: int
    position: Dimension


@dataclass(frozen=True)
class Span:
    """A slice in ascending order: `extent` elements from start to stop; perhaps in reverse."""

    axis: int
    start: Dimension
    stop: Dimension
    step: int
    extent: Dimension
    is_reversed: bool

    @property
    def limits(self) -> tuple[Dimension, Dimension, int]:
        return self.start, self.stop, self.step


@dataclass(frozen=True)
class Taken:
    """Integers that are arrays, or traced: i64, and all of them in range."""

    axis: int
    index: Array

    @property
    def is_scalar(self) -> bool:
        return not self.index.type.shape


@dataclass(frozen=True)
class Masked:
    """A bool array whose elements are not known, for as many axes as it has."""

    axis: int
    mask: Array


Part = New | Gap | Fixed | Span | Taken | Masked
NEW = New()
GAP = Gap()


def is_basic(parts: Sequence[Part]) -> bool:
    """Whether NumPy gives a view for these parts."""
    return not any(
        isinstance(part, Masked) or isinstance(part, Taken) and not part.is_scalar
        for part in parts
    )
