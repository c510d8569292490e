"""What models are given: batches of inputs and true values, and the weights of their samples.

Inputs are an array, a dict of arrays, or a tuple of what `forward` takes one by one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jitflow.data import Dataset, Iteration
from jitflow.data.sources import plain_array
from jitflow.errors import ArgumentError, DtypeError, described
from jitflow.trace.pytree import flatten, map_tree
from jitflow.trace.source import fail


class Batch(NamedTuple):
    """Inputs as a tuple of arguments, true values, weights of the samples or None."""

    inputs: tuple[Any, ...]
    y: Any
    weights: Any

    @property
    def size(self) -> int:
        """How many samples there are."""
        return len(flatten(self.y)[0][0])


def arguments(x: Any) -> tuple[Any, ...]:
    """Inputs as what `forward` is called with."""
    return x if type(x) is tuple else (x,)


def batch_of(element: Any) -> Batch:
    """A batch of a dataset; ArgumentError for one that is no pair, and no triple with weights."""
    if not isinstance(element, (tuple, list)) or len(element) not in (2, 3):
        count = f" of {len(element)}" if isinstance(element, (tuple, list)) else ""
        problem = f"a batch is (inputs, true values), got {described(element)}{count}"
        fail(ArgumentError, problem, cure="Dataset.from_arrays((x, y))")
    x, y, *weights = element
    if not flatten(y)[0]:
        fail(ArgumentError, "a batch has no true values")
    return Batch(arguments(x), y, weights[0] if weights else None)


def batches_of(x: Any, y: Any, weights: Any, size: int, shuffle: bool, seed: int) -> Any:
    """Batches of (x, y) arrays, or x itself where it gives batches."""
    if y is None:
        if isinstance(x, Dataset) and x.is_endless:
            fail(ArgumentError, "an epoch of this dataset has no end", cure="take(steps)")
        if not isinstance(x, Iterable) or isinstance(x, (np.ndarray, Mapping)):
            problem = f"expected batches of (inputs, true values), got {described(x)}"
            fail(ArgumentError, problem, cure="fit(x, y), or a Dataset of pairs")
        if weights is not None:
            fail(ArgumentError, "sample_weight is for arrays", cure="batches of (x, y, weights)")
        return x
    tree = (as_arrays(x), as_arrays(y))
    rows = Dataset.from_arrays(tree if weights is None else (*tree, plain_array(weights)))
    return (rows.shuffle(len(rows) or 1, seed) if shuffle else rows).batch(size)


def as_arrays(x: Any) -> Any:
    """Inputs or true values with lists as arrays."""
    if isinstance(x, (tuple, dict)):
        return type(x)(map(as_arrays, x)) if type(x) is tuple else map_tree(plain_array, x)
    return plain_array(x)


def epoch_of(batches: Any, epoch: int) -> Generator[Batch]:
    """The batches of an epoch; ends the threads behind them when it is closed."""
    elements = batches.iterate(epoch=epoch) if isinstance(batches, Dataset) else iter(batches)
    try:
        for element in elements:
            yield batch_of(element)
    finally:
        if isinstance(elements, Iteration):
            elements.close()


def by_class(y: Any, weights: Any, of_classes: Mapping[int, float]) -> Any:
    """Weights of samples by their class, times those that they have."""
    y = np.asarray(y)
    if y.dtype.kind not in "iu" or y.ndim != 1:
        fail(DtypeError, "class_weight is for numbers of classes", shapes=[y.shape],
             dtypes=[y.dtype])  # fmt: skip
    classes, places = np.unique(y, return_inverse=True)
    if unknown := [int(k) for k in classes if int(k) not in of_classes]:
        fail(ArgumentError, f"class_weight has no class {unknown[0]}")
    own = np.array([of_classes[int(k)] for k in classes], np.float32)[places]
    return own if weights is None else own * weights


class Means:
    """The means of what is measured over all samples of an epoch, whatever the sizes of batches."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.measured: list[Any] = []
        self.sizes: list[list[float]] = []

    def add(self, values: Any, batch: Batch) -> None:
        """The values of a batch: the loss counts by weights, metrics by samples."""
        size = batch.size
        loss = size if batch.weights is None else float(np.sum(batch.weights))
        self.measured.append(values)
        self.sizes.append([loss, *[size] * (len(self.names) - 1)])

    def logs(self) -> dict[str, float]:
        """The means by name; ArgumentError where there was no batch."""
        if not self.measured:
            cure = "data that is not empty; a generator serves one epoch only"
            fail(ArgumentError, "no batch to train or to measure with", cure=cure)
        sizes, values = np.array(self.sizes), np.array(self.measured, np.float64)
        totals = np.sum(sizes, axis=0)
        means = np.sum(values * sizes, axis=0) / np.where(totals == 0, 1, totals)
        return dict(zip(self.names, means.tolist(), strict=True))
