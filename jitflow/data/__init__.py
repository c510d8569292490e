"""Data pipelines: elements in a reproducible order, made ready while others are used.

    dataset = Dataset.from_arrays((x, y)).shuffle(1000, seed=0).batch(64).prefetch(2)
    for x, y in dataset:
        ...

Re-exports only.
"""

from jitflow.data.dataset import Dataset, Iteration
from jitflow.data.files import DataFileError, MissingFileError

__all__ = ["DataFileError", "Dataset", "Iteration", "MissingFileError"]
