"""Where elements come from: arrays in memory or on disk, generators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from jitflow.data.elements import Element, Elements, name_of, noted, owned
from jitflow.errors import ArgumentError, ShapeError
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail
from jitflow.trace.walkers import builder


def plain_array(x: Any) -> np.ndarray[Any, Any]:
    """Anything as an array; ArgumentError for a masked one, whose mask would be lost."""
    if isinstance(x, np.ma.MaskedArray):
        fail(ArgumentError, "a masked array is more than its numbers", cure="x.filled(value)")
    return np.asarray(x)


class Arrays(Elements):
    """Rows of arrays of one length: element i is the tree of rows i, as copies."""

    def __init__(self, tree: Any) -> None:
        leaves, self.tree = flatten(tree)
        self.leaves = [plain_array(x) for x in leaves]
        lengths = [x.shape[:1] for x in self.leaves]
        if not lengths or not lengths[0]:
            cure = "np.asarray(x): lists are trees of their elements"
            fail(ShapeError, "a dataset needs arrays with rows", cure=cure)
        if len(set(lengths)) > 1:
            shapes = [x.shape for x in self.leaves]
            fail(ShapeError, "arrays of a dataset have as many rows each", shapes=shapes)
        self.length = lengths[0][0]
        self._build = builder(self.tree) or partial(unflatten, self.tree)

    def at(self, position: int) -> Element:
        """The element at a position."""
        return self._build([owned(x[position]) for x in self.leaves])

    def many(self, positions: Any) -> Element:
        """The elements at positions, stacked: one copy."""
        return self._build([x.take(positions, 0) for x in self.leaves])

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        assert self.length is not None
        return map(self.at, range(position, self.length))


class Generated(Elements):
    """What a function's iterator gives: it is called for each pass."""

    def __init__(self, make: Callable[[], Any]) -> None:
        if not callable(make):
            fail(ArgumentError, "pass the generator function itself: each pass calls it anew")
        self.make = make

    def all(self, epoch: int) -> Iterator[Element]:
        position = 0
        try:
            for position, element in enumerate(self.make()):  # noqa: B007
                yield element
        except Exception as error:
            noted(error, f"the generator {name_of(self.make)}", position + 1)
            raise
