"""Datasets: pipelines that are built step by step, and iterated over."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from jitflow.data.elements import Element, Elements, at_least, close, function_of_elements
from jitflow.data.files import Csv, npy, npz
from jitflow.data.sources import Arrays, Generated
from jitflow.data.stages import (
    Batched,
    Cached,
    Filtered,
    Repeated,
    Sharded,
    Shuffled,
    Skipped,
    Taken,
    Zipped,
)
from jitflow.data.threads import Mapped, Prefetched
from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

File = str | PathLike[str]


class Dataset:
    """Elements in a reproducible order. Each method gives a new dataset; none changes."""

    def __init__(self, elements: Elements) -> None:
        self._elements = elements

    # Where elements come from.

    @staticmethod
    def from_arrays(tree: Any) -> Dataset:
        """Rows: element i is the tree with row i of each array, which have as many rows each.

        Memory-mapped arrays are read as their rows are used.
        """
        return Dataset(Arrays(tree))

    @staticmethod
    def from_generator(make: Callable[[], Any]) -> Dataset:
        """What `make()` iterates over; called for each pass."""
        return Dataset(Generated(make))

    @staticmethod
    def from_csv(
        path: File, columns: Sequence[str] | None = None, dtype: Any = np.float64,
        header: bool = True, delimiter: str = ",",
    ) -> Dataset:
        """Rows of a CSV file in UTF-8: dicts by column, tuples where there is no header line.

        dtype: of all columns, or by column in a dict. Raises ArgumentError with file and line for a
        field that is none, a row that is short, a column that is not there.
        """
        return Dataset(Csv(Path(path), columns, dtype, header, delimiter))

    @staticmethod
    def from_npz(path: File, names: Sequence[str] | None = None) -> Dataset:
        """Rows of the arrays of an npz file, as dicts by name."""
        return Dataset(Arrays(npz(Path(path), names)))

    @staticmethod
    def from_npy(path: File) -> Dataset:
        """Rows of the array in an npy file, which is mapped into memory, not read."""
        return Dataset(Arrays(npy(Path(path))))

    @staticmethod
    def zip(*datasets: Dataset) -> Dataset:
        """Tuples of an element of each; ends with the shortest."""
        if not datasets:
            fail(ArgumentError, "zip of no dataset")
        return Dataset(Zipped([dataset._elements for dataset in datasets]))

    # What becomes of them.

    def map(
        self, function: Callable[..., Element], threads: int = 0, seed: int | None = None
    ) -> Dataset:
        """What a function makes of each element; of a tuple it takes the parts.

        threads: how many call it at a time; the order stays. 0: the thread that iterates. seed: the
        function is given `rng=` too, a generator of random numbers for this element alone.
        """
        function_of_elements("map", function)
        if seed is not None:
            at_least("seed", seed, 0)
        return Dataset(Mapped(self._elements, function, at_least("threads", threads, 0), seed))

    def filter(self, function: Callable[..., Any]) -> Dataset:
        """The elements for which a function gives True; of a tuple it takes the parts."""
        return Dataset(Filtered(self._elements, function_of_elements("filter", function)))

    def shuffle(self, buffer: int, seed: int = 0, reshuffle: bool = True) -> Dataset:
        """Draws each element from a buffer of so many; `seed` fixes the order.

        reshuffle: each epoch has an order of its own. A loop over the dataset is epoch 0 each time,
        `iterate(epoch=n)` another one; `repeat` and `fit` count them.
        """
        size = at_least("buffer", buffer, 1)
        return Dataset(Shuffled(self._elements, size, at_least("seed", seed, 0), reshuffle))

    def batch(self, size: int, drop_remainder: bool = False) -> Dataset:
        """So many elements stacked along a new first axis; the last batch may be smaller."""
        return Dataset(Batched(self._elements, at_least("size", size, 1), drop_remainder))

    def repeat(self, count: int | None = None) -> Dataset:
        """The elements so many times, without end for None; each time is another epoch."""
        if count is not None:
            at_least("count", count, 0)
        return Dataset(Repeated(self._elements, count))

    def take(self, count: int) -> Dataset:
        """The first elements."""
        return Dataset(Taken(self._elements, at_least("count", count, 0)))

    def skip(self, count: int) -> Dataset:
        """What comes behind the first elements."""
        return Dataset(Skipped(self._elements, at_least("count", count, 0)))

    def shard(self, count: int, index: int) -> Dataset:
        """Every `count`-th element from `index` on: the part of one of `count` readers."""
        if at_least("index", index, 0) >= at_least("count", count, 1):
            fail(ArgumentError, f"index {index} of {count} shards")
        return Dataset(Sharded(self._elements, count, index))

    def cache(self) -> Dataset:
        """Keeps the elements of the first whole pass in memory, and gives copies of them."""
        return Dataset(Cached(self._elements))

    def prefetch(self, count: int) -> Dataset:
        """Has a thread make up to so many elements before they are asked for."""
        return Dataset(Prefetched(self._elements, at_least("count", count, 1)))

    # Iterating.

    def __iter__(self) -> Iteration:
        return self.iterate()

    def iterate(self, state: dict[str, int] | None = None, epoch: int = 0) -> Iteration:
        """A pass over the elements; `state` is that of another one, where it then goes on.

        epoch: which one it is, where no state is given.
        """
        if state is None:
            return Iteration(self._elements, 0, at_least("epoch", epoch, 0))
        if set(state) != {"position", "epoch"}:
            fail(ArgumentError, f"{state} is no state of an iteration")
        position, epoch = (at_least(name, state[name], 0) for name in ("position", "epoch"))
        return Iteration(self._elements, position, epoch)

    @property
    def is_endless(self) -> bool:
        """Whether it is known to have no end, as `repeat()` makes it."""
        return self._elements.is_endless

    def __len__(self) -> int:
        """TypeError where the number of elements is not known before the end."""
        if self._elements.length is None:
            raise TypeError("the number of elements is not known before the end")
        return self._elements.length


class Iteration:
    """One pass over a dataset: an iterator that knows its position.

    In a process that was forked off it goes on from there with threads of its own.
    """

    def __init__(self, elements: Elements, position: int, epoch: int) -> None:
        self._source = elements
        self._position = position
        self._epoch = epoch
        self._elements: Any = None
        self._process = os.getpid()
        self._error: BaseException | None = None

    def __iter__(self) -> Iteration:
        return self

    def __next__(self) -> Element:
        if self._error is not None:
            raise self._error
        if self._elements is None or self._process != os.getpid():
            self._elements = self._source.start(self._position, self._epoch)
            self._process = os.getpid()
        try:
            element = next(self._elements)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error  # asked again, it is no end
            raise
        self._position += 1
        return element

    def state(self) -> dict[str, int]:
        """Where the next element is: for `Dataset.iterate`, now or in another process."""
        return {"position": self._position, "epoch": self._epoch}

    checkpoint_state = state

    def restore_state(self, state: dict[str, int]) -> None:
        """Goes on where another iteration over these elements gave its `state`."""
        self.close()
        self._position, self._epoch, self._elements = state["position"], state["epoch"], None
        self._error = None

    def close(self) -> None:
        """Ends the threads behind it; so does its end, an error, and forgetting it."""
        close(self._elements)
        self._elements = iter(())

    def __enter__(self) -> Iteration:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
