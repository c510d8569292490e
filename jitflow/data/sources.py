"""Where elements come from: arrays in memory or on disk, generators, CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jitflow.data.elements import Element, Elements, name_of, noted
from jitflow.errors import ArgumentError, ShapeError
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail
from jitflow.trace.walkers import builder


class Arrays(Elements):
    """Rows of arrays of one length: element i is the tree of rows i. Nothing is copied before."""

    def __init__(self, tree: Any) -> None:
        leaves, self.tree = flatten(tree)
        self.leaves = [x if isinstance(x, np.ndarray) else np.asarray(x) for x in leaves]
        lengths = [x.shape[:1] for x in self.leaves]
        if not lengths or not lengths[0]:
            fail(ShapeError, "a dataset needs an array with rows")
        if len(set(lengths)) > 1:
            shapes = [x.shape for x in self.leaves]
            fail(ShapeError, "arrays of a dataset have as many rows each", shapes=shapes)
        self.length = lengths[0][0]
        self._build = builder(self.tree) or partial(unflatten, self.tree)

    def at(self, position: int) -> Element:
        """The element at a position."""
        return self._build([x[position] for x in self.leaves])

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


class Csv(Elements):
    """The rows of a CSV file as dicts of scalars, or tuples where there is no header."""

    def __init__(
        self, path: Path, columns: Sequence[str] | None, dtype: Any, header: bool, delimiter: str
    ) -> None:
        self.path = path
        self.header = header
        self.delimiter = delimiter
        self.kind: Any = dtype if isinstance(dtype, dict) else None
        self.dtype = np.dtype(np.float64 if self.kind is not None else dtype)
        self.names = self._names()
        self.columns = list(self.names if columns is None else columns)
        if unknown := [name for name in self.columns if name not in self.names]:
            known = ", ".join(self.names)
            raise ArgumentError(f"{path} has no column {unknown[0]!r}; it has {known}")
        self.places = [self.names.index(name) for name in self.columns]

    def _names(self) -> list[str]:
        with self.path.open(newline="", encoding="utf-8") as file:
            first = next(csv.reader(file, delimiter=self.delimiter), None)
        if first is None:
            raise ArgumentError(f"{self.path} is empty")
        if not self.header:
            return list(map(str, range(len(first))))
        return [name.strip() for name in first]

    def all(self, epoch: int) -> Iterator[Element]:
        types = [np.dtype((self.kind or {}).get(name, self.dtype)).type for name in self.columns]
        with self.path.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file, delimiter=self.delimiter)
            if self.header:
                next(lines)
            for line in lines:
                if line:
                    yield self._row(line, types, lines.line_num)

    def _row(self, line: list[str], types: list[Any], number: int) -> Element:
        if len(line) != len(self.names):
            wanted = len(self.names)
            raise ArgumentError(f"{self.path}:{number}: {len(line)} fields, not {wanted}")
        try:
            values = [t(line[place]) for t, place in zip(types, self.places, strict=True)]
        except ValueError as error:
            raise ArgumentError(f"{self.path}:{number}: {error}") from None
        return dict(zip(self.columns, values, strict=True)) if self.header else tuple(values)
