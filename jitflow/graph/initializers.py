"""First values of variables: functions of shape and dtype that make nodes; nodes of random numbers.

Random nodes draw anew at each run: the same numbers for the same seed in the same run of a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from secrets import randbits
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph, get_default_graph
from jitflow.graph.nodes import constant, known_shape
from jitflow.graph.operation import Operation, Tensor
from jitflow.ir.dtypes import as_dtype
from jitflow.random import initializers
from jitflow.recording import Type
from jitflow.trace.source import fail

NodeInitializer = Callable[[Sequence[int], Any], Tensor]


class RandomOperation(Operation):
    """Random numbers, others at each run."""

    type = "Random"

    def __init__(
        self, graph: Graph, name: str, draw: initializers.Initializer, type: Type, seed: int | None
    ) -> None:
        super().__init__(graph, name, (), [type])
        self.draw = draw
        if seed is None:
            seed = randbits(63) if graph.seed is None else hash((graph.seed, self.number)) >> 1
        self.seed = seed

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        output = self.outputs[0]
        key = evaluation.key(self.seed)
        return (self.draw(key, known_shape(output.shape), output.dtype),)


def random_node(
    name: str, draw: initializers.Initializer, shape: Any, dtype: Any, seed: int | None
) -> Tensor:
    """A node of random floats; without a seed that of the graph, or one of its own."""
    known = as_dtype(dtype)
    if not known.is_float:
        fail(DtypeError, f"{name} gives floats, not {known.numpy}")
    type = Type(known.numpy, known_shape(shape))
    return RandomOperation(get_default_graph(), name, draw, type, seed).outputs[0]


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = np.float32,
    seed: int | None = None, name: str = "random_uniform",
) -> Tensor:
    """Numbers of [minval, maxval), each as likely as another."""
    return random_node(name, initializers.uniform(minval, maxval), shape, dtype, seed)


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32,
    seed: int | None = None, name: str = "random_normal",
) -> Tensor:
    """Numbers of a normal distribution."""
    return random_node(name, initializers.normal(mean, stddev), shape, dtype, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32,
    seed: int | None = None, name: str = "truncated_normal",
) -> Tensor:
    """Numbers of a normal distribution within two standard deviations of the mean."""
    return random_node(name, initializers.truncated_normal(mean, stddev), shape, dtype, seed)


def constant_initializer(value: Any = 0) -> NodeInitializer:
    """This value everywhere."""
    return lambda shape, dtype: constant(value, dtype, shape)


def zeros_initializer() -> NodeInitializer:
    return constant_initializer(0)


def ones_initializer() -> NodeInitializer:
    return constant_initializer(1)


def random_uniform_initializer(
    minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
) -> NodeInitializer:
    return lambda shape, dtype: random_uniform(shape, minval, maxval, dtype, seed)


def random_normal_initializer(
    mean: float = 0.0, stddev: float = 0.05, seed: int | None = None
) -> NodeInitializer:
    return lambda shape, dtype: random_normal(shape, mean, stddev, dtype, seed)


def truncated_normal_initializer(
    mean: float = 0.0, stddev: float = 0.05, seed: int | None = None
) -> NodeInitializer:
    return lambda shape, dtype: truncated_normal(shape, mean, stddev, dtype, seed)


def glorot_uniform_initializer(seed: int | None = None) -> NodeInitializer:
    return _drawn("glorot_uniform", initializers.glorot_uniform(), seed)


def glorot_normal_initializer(seed: int | None = None) -> NodeInitializer:
    return _drawn("glorot_normal", initializers.glorot_normal(), seed)


def he_uniform_initializer(seed: int | None = None) -> NodeInitializer:
    return _drawn("he_uniform", initializers.he_uniform(), seed)


def he_normal_initializer(seed: int | None = None) -> NodeInitializer:
    return _drawn("he_normal", initializers.he_normal(), seed)


def _drawn(name: str, draw: initializers.Initializer, seed: int | None) -> NodeInitializer:
    return lambda shape, dtype: random_node(name, draw, shape, dtype, seed)
