"""Values for placeholders: what a run takes under which keys, and the errors of what it does not.

Values are looked at twice: when they are given, as arrays or numbers; and when a run with their
dtypes and shapes is traced, against those of the placeholders.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from jitflow.errors import described
from jitflow.graph.errors import InvalidArgumentError
from jitflow.graph.graph import Graph
from jitflow.graph.nodes import Placeholder
from jitflow.graph.operation import Operation, Tensor, may_be, shape_text
from jitflow.numpy.basics import emit_check
from jitflow.trace.lift import refusal

_NUMBERS = "biufcV"
"""Kinds of dtypes; NumPy has bfloat16 among those that it does not know."""

_INT64 = range(-(2**63), 2**63)


def placeholder_of(key: Any, graph: Graph) -> Tensor:
    """The placeholder, or the one of this name; InvalidArgumentError where it is none of these."""
    if isinstance(key, str):
        key = graph.get_tensor(key)
    if not isinstance(key, Tensor) or not isinstance(key.op, Placeholder):
        raise InvalidArgumentError(f"{key!r} cannot be fed: it is no placeholder")
    if key.graph is not graph:
        raise InvalidArgumentError(f"{key!r} is a placeholder of another graph")
    return key


def missing(operation: Operation) -> InvalidArgumentError:
    """The error of a run that needs a placeholder that is not fed."""
    dtype = str(operation.outputs[0].dtype)
    name = {"float32": "float", "float64": "double"}.get(dtype, dtype)
    return InvalidArgumentError(
        f"You must feed a value for placeholder tensor '{operation.name}' with dtype {name}\n"
        f"{operation.node_text}\n  made at: {operation.place[0]}"
    )


def as_feed(tensor: Tensor, x: Any) -> Any:
    """A value as an array or a number; InvalidArgumentError for what is neither."""
    if type(x) in (float, complex, bool) or (type(x) is int and x in _INT64):
        return x
    try:
        array = x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x)
    except ValueError as error:
        _refuse(tensor, _what(x), f": {error}")
    if array is not x and array.dtype.kind not in _NUMBERS:
        is_large = isinstance(x, int)
        _refuse(tensor, _what(x), ": it is out of range" if is_large else ": it has no numbers")
    problem, cure = refusal(array)
    if problem:
        _refuse(tensor, _what(x), f": {problem}", cure)
    if not (type(array) is np.ndarray or isinstance(array, (np.generic, np.memmap))):
        _refuse(tensor, _what(x), ": it is no plain NumPy array", "feed np.asarray(x)")
    return array


def fitted(tensor: Tensor, value: Any) -> Any:
    """A feed in its placeholder's dtype; InvalidArgumentError where it does not fit."""
    x = value if hasattr(value, "dtype") else np.asarray(value)
    shape = tuple(np.shape(x))
    if not may_be(shape, tensor.shape):
        why = f", which has shape {shape_text(tensor.shape)}"
        _refuse(tensor, f"a value of shape {shape}", why)
    are_integers = x.dtype.kind in "iu" and tensor.dtype.kind in "iu"
    if not are_integers and not np.can_cast(x.dtype, tensor.dtype, "same_kind"):
        cure = f"feed x.astype({str(tensor.dtype)!r}), if that is meant"
        _refuse(tensor, str(x.dtype), f", which is {tensor.dtype}", cure)
    if tensor.dtype.kind in "iu" and not np.can_cast(x.dtype, tensor.dtype):
        _check_range(x, tensor)
    return x.astype(tensor.dtype)


def _check_range(x: Any, tensor: Tensor) -> None:
    """Integers of a wider dtype must fit that of the placeholder: the run asks, and may fail."""
    own, wanted = np.iinfo(x.dtype), np.iinfo(tensor.dtype)
    low, high = max(own.min, wanted.min), min(own.max, wanted.max)
    fits: Any = np.all(np.logical_and(x >= low, x <= high))
    emit_check(fits, f"integers fed for tensor '{tensor.name}' do not fit {tensor.dtype}")


def _what(x: Any) -> str:
    return "an array" if type(x) is np.ndarray else described(x)


def _refuse(tensor: Tensor, what: str, why: str, cure: str = "") -> NoReturn:
    lines = [f"cannot feed {what} for tensor '{tensor.name}'{why}"]
    lines.append(f"  made at: {tensor.op.place[0]}")
    lines += [f"  cure: {cure}"] if cure else []
    raise InvalidArgumentError("\n".join(lines)) from None
