"""First values of variables: functions of shape and dtype that make nodes.

Fan-in and fan-out as in Glorot and Bengio 2010 and He et al. 2015. Random ones draw anew at each
run: the same numbers for the same seed in the same run of a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from secrets import randbits
from typing import Any

import numpy as np

from jitflow import random
from jitflow.errors import DtypeError
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph, get_default_graph
from jitflow.graph.nodes import constant as constant_node
from jitflow.graph.nodes import known_shape
from jitflow.graph.operation import Operation, Tensor
from jitflow.ir.dtypes import as_dtype
from jitflow.recording import Type
from jitflow.trace.source import fail

Initializer = Callable[[Sequence[int], Any], Tensor]
Draw = Callable[[Any, Sequence[int], Any], Any]

_SHRINK = 0.87962566103423978
"""Standard deviation of a normal distribution cut off at two of its own."""


class RandomOperation(Operation):
    """Random numbers, others at each run."""

    type = "Random"

    def __init__(self, graph: Graph, name: str, draw: Draw, type: Type, seed: int | None) -> None:
        super().__init__(graph, name, (), [type])
        self.draw = draw
        if seed is None:
            seed = randbits(63) if graph.seed is None else hash((graph.seed, self.number)) >> 1
        self.seed = seed

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        output = self.outputs[0]
        return (self.draw(evaluation.key(self.seed), known_shape(output.shape), output.dtype),)


def random_node(name: str, draw: Draw, shape: Any, dtype: Any, seed: int | None) -> Tensor:
    """A node of random floats: `draw(key, shape, dtype)`."""
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

    def draw(key: Any, shape: Any, dtype: Any) -> Any:
        return random.uniform(key, shape, dtype, minval, maxval)

    return random_node(name, draw, shape, dtype, seed)


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32,
    seed: int | None = None, name: str = "random_normal",
) -> Tensor:
    """Numbers of a normal distribution."""

    def draw(key: Any, shape: Any, dtype: Any) -> Any:
        return random.normal(key, shape, dtype) * stddev + mean

    return random_node(name, draw, shape, dtype, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32,
    seed: int | None = None, name: str = "truncated_normal",
) -> Tensor:
    """Numbers of a normal distribution within two standard deviations of the mean."""

    def draw(key: Any, shape: Any, dtype: Any) -> Any:
        return random.truncated_normal(key, -2.0, 2.0, shape, dtype) * stddev + mean

    return random_node(name, draw, shape, dtype, seed)


def constant_initializer(value: Any = 0) -> Initializer:
    """This value everywhere."""
    return lambda shape, dtype: constant_node(value, dtype, shape, "Const")


def zeros_initializer() -> Initializer:
    return constant_initializer(0)


def ones_initializer() -> Initializer:
    return constant_initializer(1)


def random_uniform_initializer(
    minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
) -> Initializer:
    return lambda shape, dtype: random_uniform(shape, minval, maxval, dtype, seed)


def random_normal_initializer(
    mean: float = 0.0, stddev: float = 0.05, seed: int | None = None
) -> Initializer:
    return lambda shape, dtype: random_normal(shape, mean, stddev, dtype, seed)


def truncated_normal_initializer(
    mean: float = 0.0, stddev: float = 0.05, seed: int | None = None
) -> Initializer:
    return lambda shape, dtype: truncated_normal(shape, mean, stddev, dtype, seed)


def glorot_uniform_initializer(seed: int | None = None) -> Initializer:
    """Uniform, with the variance 2 / (fan-in + fan-out)."""

    def fill(shape: Sequence[int], dtype: Any) -> Tensor:
        limit = sqrt(6.0 / max(1, sum(fans(shape))))
        return random_uniform(shape, -limit, limit, dtype, seed)

    return fill


def glorot_normal_initializer(seed: int | None = None) -> Initializer:
    """Truncated normal, with the variance 2 / (fan-in + fan-out)."""

    def fill(shape: Sequence[int], dtype: Any) -> Tensor:
        scale = sqrt(2.0 / max(1, sum(fans(shape)))) / _SHRINK
        return truncated_normal(shape, 0.0, scale, dtype, seed)

    return fill


def he_uniform_initializer(seed: int | None = None) -> Initializer:
    """Uniform, with the variance 2 / fan-in."""

    def fill(shape: Sequence[int], dtype: Any) -> Tensor:
        limit = sqrt(6.0 / max(1, fans(shape)[0]))
        return random_uniform(shape, -limit, limit, dtype, seed)

    return fill


def he_normal_initializer(seed: int | None = None) -> Initializer:
    """Truncated normal, with the variance 2 / fan-in."""

    def fill(shape: Sequence[int], dtype: Any) -> Tensor:
        scale = sqrt(2.0 / max(1, fans(shape)[0])) / _SHRINK
        return truncated_normal(shape, 0.0, scale, dtype, seed)

    return fill


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input: of a kernel's last two axes."""
    if len(shape) < 2:
        size = prod(shape)
        return size, size
    field = prod(shape[:-2])
    return field * shape[-2], field * shape[-1]
