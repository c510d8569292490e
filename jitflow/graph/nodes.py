"""Constants, placeholders, and what becomes of Python values that stand where nodes do."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from operator import index
from typing import Any

import numpy as np

from jitflow import api
from jitflow.errors import DtypeError, ShapeError
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph, get_default_graph
from jitflow.graph.operation import (
    Constant,
    Operation,
    Tensor,
    as_tensor,
    enum_name,
    record,
    shape_text,
)
from jitflow.recording import Operand, Type, as_literal, dtype_of
from jitflow.trace.source import fail

Shape = Sequence[int | None] | None

MAX_RANK, MAX_ELEMENTS = 64, 1 << 48
"""What NumPy's arrays have at most, and more than memory has addresses for."""


class Placeholder(Operation):
    """A tensor whose value each run is given."""

    type = "Placeholder"

    def __init__(self, graph: Graph, name: str, type: Type) -> None:
        super().__init__(graph, name, (), [type])

    def facts(self) -> list[str]:
        output = self.outputs[0]
        return [f"dtype={enum_name(output.dtype)}", f"shape={shape_text(output.shape)}"]

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        return (evaluation.value(self.outputs[0]),)


def constant(value: Any, dtype: Any = None, shape: Shape = None, name: str = "Const") -> Tensor:
    """A node that has this value at each run: int32 or float32 for Python numbers.

    shape: that the value is to fill, where it is a single number, or to have. Raises DtypeError
    for what has no array form, ShapeError where the value does not fit.
    """
    array = as_literal(value, dtype=None if dtype is None else dtype_of(dtype))
    if shape is not None:
        wanted = known_shape(shape)
        if array.ndim and array.size != prod(wanted):
            fail(ShapeError, f"a value of shape {array.shape} does not fill {shape_text(wanted)}")
        array = np.broadcast_to(array, wanted) if not array.ndim else array.reshape(wanted)
    dtype_of(array.dtype)
    return Constant(get_default_graph(), name, np.array(array)).outputs[0]


def placeholder(dtype: Any, shape: Shape = None, name: str = "Placeholder") -> Tensor:
    """A node whose value each run is given by `feed_dict`.

    shape: None where not even the rank is known, else sizes, None for those that are not known.
    """
    sizes = None if shape is None else checked_shape(shape)
    type = Type(dtype_of(dtype), sizes)
    return Placeholder(get_default_graph(), name, type).outputs[0]


def checked_shape(shape: Any) -> tuple[int | None, ...]:
    """A shape as a tuple; ShapeError for what is none."""
    try:
        sizes = tuple(None if n is None else index(n) for n in shape)
    except TypeError:
        fail(ShapeError, f"{shape!r} is no shape", cure="write [3, None], or [] for a scalar")
    if any(n is not None and n < 0 for n in sizes):
        fail(ShapeError, f"negative size in {shape_text(sizes)}")
    if len(sizes) > MAX_RANK:
        fail(ShapeError, f"{len(sizes)} axes; arrays have {MAX_RANK} at most")
    if prod(n for n in sizes if n) > MAX_ELEMENTS:
        fail(ShapeError, f"{shape_text(sizes)} has more elements than memory can hold")
    return sizes


def known_shape(shape: Any) -> tuple[int, ...]:
    """A shape without unknown sizes; ShapeError for any other."""
    sizes = tuple(n for n in checked_shape(shape) if n is not None)
    if len(sizes) != len(tuple(shape)):
        fail(ShapeError, f"a size of {shape_text(checked_shape(shape))} is not known")
    return sizes


def convert(x: Any, dtype: Any = None, name: str = "Const") -> Tensor:
    """The tensor for a value: itself, that of a variable, or a new constant.

    dtype: what Python numbers become; DtypeError where a tensor has another one.
    """
    if isinstance(x, Operand):
        tensor = as_tensor(x)
        if dtype is not None and tensor.dtype != dtype:
            cure = f"cast it: g.cast(x, {dtype})"
            fail(DtypeError, f"{tensor.name} is {tensor.dtype}, not {dtype}", cure=cure)
        return tensor
    array = as_literal(x, dtype)
    dtype_of(array.dtype)
    return Constant(get_default_graph(), name, array).outputs[0]


def cast(x: Any, dtype: Any, name: str = "Cast") -> Tensor:
    """The values in another dtype."""
    wanted = dtype_of(dtype)
    return record(name, np.astype, (convert(x), wanted), {})


def identity(x: Any, name: str = "Identity") -> Tensor:
    """A node with the same value."""
    return record(name, _same, (convert(x),), {})


def stop_gradient(x: Any, name: str = "StopGradient") -> Tensor:
    """A node with the same value, which gradients do not pass."""
    return record(name, api.stop_gradient, (convert(x),), {})


def shape(x: Any, name: str = "Shape") -> Tensor:
    """The sizes of x as they are in the run: int32, a vector."""
    return record(name, _sizes, (convert(x),), {})


def size(x: Any, name: str = "Size") -> Tensor:
    """The number of elements of x as it is in the run: int32."""
    return record(name, _count, (convert(x),), {})


def rank(x: Any, name: str = "Rank") -> Tensor:
    """The number of axes of x as it is in the run: int32."""
    return record(name, _axes, (convert(x),), {})


def _same(x: Any) -> Any:
    return x


def _sizes(x: Any) -> Any:
    return np.array(x.shape, np.int32)


def _count(x: Any) -> Any:
    return np.int32(x.size)


def _axes(x: Any) -> Any:
    return np.int32(x.ndim)
