"""Stages of a pipeline that need no threads: which elements, in which order, how many together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from jitflow.data.elements import Element, Elements, applied, close, copied, name_of, noted
from jitflow.data.sources import Arrays
from jitflow.errors import ArgumentError, JitflowError, ShapeError
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail


class Taken(Elements):
    """The first `count` elements."""

    is_endless = False

    def __init__(self, source: Elements, count: int) -> None:
        self.source, self.count = source, count
        self.length = None if source.length is None else min(count, source.length)

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        elements = self.source.start(position, epoch)
        try:
            yield from islice(elements, max(0, self.count - position))
        finally:
            close(elements)


class Skipped(Elements):
    """All but the first `count` elements."""

    def __init__(self, source: Elements, count: int) -> None:
        self.source, self.count = source, count
        self.length = None if source.length is None else max(0, source.length - count)

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        return self.source.start(position + self.count, epoch)


class Filtered(Elements):
    """The elements for which a function gives True."""

    def __init__(self, source: Elements, function: Callable[..., Any]) -> None:
        self.source, self.function = source, function

    def all(self, epoch: int) -> Iterator[Element]:
        elements = self.source.start(0, epoch)
        try:
            for position, element in enumerate(elements):
                try:
                    is_wanted = bool(applied(self.function, element))
                except Exception as error:
                    noted(error, f"filter({name_of(self.function)})", position)
                    raise
                if is_wanted:
                    yield element
        finally:
            close(elements)


_DRAWN = 1024
"""Random places that are drawn together."""


class Shuffled(Elements):
    """The elements in an order that the seed and the epoch fix.

    Each is drawn from a buffer of `size` elements, which the next one fills up again; a buffer of
    all elements makes each order as likely as another.
    """

    def __init__(self, source: Elements, size: int, seed: int, reshuffles: bool) -> None:
        self.source, self.size, self.seed, self.reshuffles = source, size, seed, reshuffles
        self.length = source.length

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox([self.seed, epoch * self.reshuffles]))

    def all(self, epoch: int) -> Iterator[Element]:
        return self._drawn(self.source.start(0, epoch), epoch)

    def _drawn(self, elements: Iterator[Any], epoch: int) -> Iterator[Any]:
        rng = self._generator(epoch)
        try:
            buffer = list(islice(elements, self.size))
            for element, place in zip(elements, self._places(rng), strict=False):
                ready, buffer[place] = buffer[place], element
                yield ready
        finally:
            close(elements)
        for place in rng.permutation(len(buffer)):
            yield buffer[place]

    def _places(self, rng: np.random.Generator) -> Iterator[int]:
        """Places of a full buffer, without end; many are drawn at once."""
        while True:
            yield from rng.integers(self.size, size=_DRAWN).tolist()

    def order(self, epoch: int) -> Any:
        """The positions in a source that has a length, as an array."""
        length = self.source.length or 0
        if self.size >= length:
            return self._generator(epoch).permutation(length)
        drawn = self._drawn(iter(range(length)), epoch)
        return np.fromiter(drawn, np.int64, length)

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        if isinstance(self.source, Arrays):
            return map(self.source.at, self.order(epoch)[position:])
        return super().start(position, epoch)


class Batched(Elements):
    """`size` elements together, stacked along a new first axis."""

    def __init__(self, source: Elements, size: int, drop_remainder: bool) -> None:
        self.source, self.size, self.drops = source, size, drop_remainder
        if source.length is not None:
            whole, rest = divmod(source.length, size)
            self.length = whole + (rest > 0 and not drop_remainder)

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        first = position * self.size
        if isinstance(self.source, Arrays):
            return self._sliced(self.source, first)
        if isinstance(self.source, Shuffled) and isinstance(self.source.source, Arrays):
            return self._gathered(self.source.source, self.source.order(epoch)[first:])
        return self._stacked(self.source.start(first, epoch), position)

    def _is_wanted(self, count: int) -> bool:
        return count == self.size or (count > 0 and not self.drops)

    def _sliced(self, source: Arrays, first: int) -> Iterator[Element]:
        for start in range(first, source.length or 0, self.size):
            if self._is_wanted(min(self.size, (source.length or 0) - start)):
                yield unflatten(
                    source.tree, [x[start : start + self.size].copy() for x in source.leaves]
                )

    def _gathered(self, source: Arrays, order: Any) -> Iterator[Element]:
        for start in range(0, len(order), self.size):
            places = order[start : start + self.size]
            if self._is_wanted(len(places)):
                yield source.many(places)

    def _stacked(self, elements: Iterator[Element], position: int) -> Iterator[Element]:
        try:
            while self._is_wanted(len(parts := list(islice(elements, self.size)))):
                try:
                    batch = stacked(parts)
                except JitflowError as error:
                    noted(error, f"batch({self.size})", position)
                    raise
                yield batch
                position += 1
        finally:
            close(elements)


def stacked(parts: Sequence[Element]) -> Element:
    """Elements of one structure and shape as one; ShapeError where they differ."""
    flat = [flatten(part) for part in parts]
    tree = flat[0][1]
    if any(other != tree for _, other in flat):
        fail(ArgumentError, "elements of a batch have different structures")
    try:
        columns = [np.stack(column) for column in zip(*(leaves for leaves, _ in flat), strict=True)]
    except ValueError:
        shapes = sorted({str([np.shape(x) for x in leaves]) for leaves, _ in flat})[:3]
        fail(ShapeError, "elements of a batch have different shapes", shapes=shapes)
    return unflatten(tree, columns)


class Repeated(Elements):
    """The elements `count` times, without end for None; each time is an epoch of its own."""

    def __init__(self, source: Elements, count: int | None) -> None:
        self.source, self.count = source, count
        known = source.length
        self.length = None if count is None or known is None else known * count

    @property
    def is_endless(self) -> bool:
        return self.count is None and self.source.length != 0

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        length = self.source.length
        if not length:
            return super().start(position, epoch)
        rounds, rest = divmod(position, length)
        return self._rounds(epoch, rounds, rest)

    def all(self, epoch: int) -> Iterator[Element]:
        return self._rounds(epoch, 0, 0)

    def _rounds(self, epoch: int, done: int, position: int) -> Iterator[Element]:
        while self.count is None or done < self.count:
            elements = self.source.start(position, epoch * (self.count or 1) + done)
            is_empty = position == 0
            try:
                for element in elements:
                    is_empty = False
                    yield element
            finally:
                close(elements)
            if is_empty:
                return
            done, position = done + 1, 0


class Sharded(Elements):
    """Every `count`-th element, from `index` on."""

    def __init__(self, source: Elements, count: int, index: int) -> None:
        self.source, self.count, self.index = source, count, index
        if source.length is not None:
            self.length = len(range(index, source.length, count))

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        elements = self.source.start(position * self.count + self.index, epoch)
        try:
            yield from islice(elements, 0, None, self.count)
        finally:
            close(elements)


class Zipped(Elements):
    """Tuples of one element from each; ends with the shortest."""

    def __init__(self, sources: Sequence[Elements]) -> None:
        self.sources = sources
        lengths = [source.length for source in sources]
        known = [n for n in lengths if n is not None]
        self.length = min(known) if len(known) == len(lengths) else None

    @property
    def is_endless(self) -> bool:
        return all(source.is_endless for source in self.sources)

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        parts = [source.start(position, epoch) for source in self.sources]
        try:
            yield from zip(*parts, strict=False)
        finally:
            for part in parts:
                close(part)


class Cached(Elements):
    """The elements of the first whole pass, kept in memory; who uses one gets a copy."""

    def __init__(self, source: Elements) -> None:
        self.source = source
        self.length = source.length
        self._kept: list[Element] | None = None

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        if self._kept is not None:
            return map(copied, self._kept[position:])
        return super().start(position, epoch)

    def all(self, epoch: int) -> Iterator[Element]:
        kept = []
        elements = self.source.start(0, epoch)
        try:
            for element in elements:
                kept.append(copied(element))
                yield element
        finally:
            close(elements)
        self._kept = kept
