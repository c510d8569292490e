"""The layers. Inputs have samples along the first axis and features along the last."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from jitflow import random
from jitflow.data.elements import at_least
from jitflow.errors import ArgumentError, DtypeError, ShapeError
from jitflow.ir.dtypes import as_dtype
from jitflow.nn.layer import Layer
from jitflow.nn.losses import within
from jitflow.optim.settings import as_like, number, slot_dtype
from jitflow.random import initializers
from jitflow.random.initializers import Initializer
from jitflow.recording import Operand
from jitflow.trace.source import fail

Function = Callable[[Any], Any]


def function(name: str, value: Any) -> Any:
    """The function; ArgumentError where it is none."""
    if not callable(value):
        cure = "give the function itself, as nn.relu is" if name == "activation" else ""
        fail(ArgumentError, f"{name} is {value!r}; it must be a function", cure=cure)
    return value


class Dense(Layer):
    """activation(x @ kernel + bias), with `units` features."""

    def __init__(
        self, units: int, activation: Function | None = None, use_bias: bool = True,
        kernel: Initializer | None = None, bias: Initializer | None = None,
    ) -> None:
        self.units = at_least("units", units, 1)
        self.activation = function("activation", activation) if activation else None
        self.use_bias = use_bias
        self.kernel = function("kernel", kernel or initializers.glorot_uniform())
        self.bias = function("bias", bias or initializers.zeros())

    def forward(self, x: Any) -> Any:
        require_features(self.name, x)
        y = x @ self.param("kernel", (x.shape[-1], self.units), self.kernel, x.dtype)
        if self.use_bias:
            y = y + self.param("bias", (self.units,), self.bias, x.dtype)
        y = as_like(y, x.dtype)
        return y if self.activation is None else self.activation(y)


def require_features(name: str, x: Any) -> None:
    """ShapeError for an input without axes, DtypeError for one that is no float."""
    if not x.shape:
        fail(ShapeError, f"{name} takes arrays with features along the last axis", shapes=[()])
    if not as_dtype(x.dtype).is_inexact:
        fail(DtypeError, f"{name} takes floats, not {x.dtype}", cure="x.astype(np.float32)")


class Activation(Layer):
    """A function as a layer."""

    def __init__(self, activation: Function) -> None:
        self.activation = function("activation", activation)

    def forward(self, x: Any) -> Any:
        return self.activation(x)


class Flatten(Layer):
    """All axes but the first as one."""

    def forward(self, x: Any) -> Any:
        return np.reshape(x, (x.shape[0], prod(x.shape[1:])))


class Dropout(Layer):
    """In training, elements are 0 with this probability, and the others as much larger.

    N. Srivastava et al., 2014; the mean stays.
    """

    def __init__(self, rate: float) -> None:
        self.rate = number("rate", rate, below=1)

    def forward(self, x: Any) -> Any:
        if not self.training or self.rate == 0:
            return x
        return dropped(x, self.key(), self.rate)


def dropped(x: Any, key: Any, rate: float) -> Any:
    """x with some elements 0; in graphs a node, whose key may be fed anew for each run."""
    for part in (x, key):
        if isinstance(part, Operand):
            return part._record("dropout", dropped, (x, key, rate), {})
    keep = random.uniform(key, x.shape, np.float32) >= np.float32(rate)
    return as_like(np.where(keep, x / (1 - rate), np.zeros_like(x)), x.dtype)


class BatchNorm(Layer):
    """Features with the mean and variance of the batch taken out (Ioffe and Szegedy 2015).

    momentum: of the moving mean and variance, which stand for the batch's outside of training. The
    variance is that of the batch itself, divided by its size.
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3) -> None:
        self.momentum = number("momentum", momentum)
        self.epsilon = number("epsilon", epsilon)

    def forward(self, x: Any) -> Any:
        require_features(self.name, x)
        shape = x.shape[-1:]
        scale = self.param("scale", shape, initializers.ones(), x.dtype)
        offset = self.param("offset", shape, initializers.zeros(), x.dtype)
        mean = self.variable("mean", shape, initializers.zeros(), slot_dtype(x))
        variance = self.variable("variance", shape, initializers.ones(), slot_dtype(x))
        if self.training:
            axes, wide = tuple(range(x.ndim - 1)), as_like(x, slot_dtype(x))
            batch_mean, batch_variance = np.mean(wide, axes), np.var(wide, axes)
            self.update("mean", self.momentum * mean + (1 - self.momentum) * batch_mean)
            self.update(
                "variance", self.momentum * variance + (1 - self.momentum) * batch_variance
            )
            mean, variance = batch_mean, batch_variance
        return normalized(x, mean, variance + self.epsilon, scale, offset)


class LayerNorm(Layer):
    """Each sample's features with their own mean and variance taken out (Ba et al. 2016)."""

    def __init__(self, epsilon: float = 1e-3) -> None:
        self.epsilon = number("epsilon", epsilon)

    def forward(self, x: Any) -> Any:
        require_features(self.name, x)
        scale = self.param("scale", x.shape[-1:], initializers.ones(), x.dtype)
        offset = self.param("offset", x.shape[-1:], initializers.zeros(), x.dtype)
        wide = as_like(x, slot_dtype(x))
        mean = np.mean(wide, axis=-1, keepdims=True)
        variance = np.var(wide, axis=-1, keepdims=True)
        return normalized(x, mean, variance + self.epsilon, scale, offset)


def normalized(x: Any, mean: Any, variance: Any, scale: Any, offset: Any) -> Any:
    """x with mean and variance taken out, scaled and moved; 16 bits are rounded at the end."""
    wide, scale, offset = (as_like(part, slot_dtype(x)) for part in (x, scale, offset))
    return as_like((wide - mean) / np.sqrt(variance) * scale + offset, x.dtype)


class Embedding(Layer):
    """A row of features for each integer from 0 on and below `count`."""

    def __init__(
        self, count: int, features: int, table: Initializer | None = None, dtype: Any = np.float32
    ) -> None:
        self.count = at_least("count", count, 1)
        self.features = at_least("features", features, 1)
        self.table = table or initializers.uniform()
        self.dtype = dtype

    def forward(self, x: Any) -> Any:
        if x.dtype.kind not in "iu":
            fail(DtypeError, f"an embedding takes integers, not {x.dtype}")
        table = self.param("table", (self.count, self.features), self.table, self.dtype)
        return np.take(table, within(x, self.count, "an index of an embedding"), axis=0)
