"""The functions of `jitflow.numpy` as makers of nodes, under NumPy's names and TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import jitflow.numpy as jnp
from jitflow.graph.nodes import constant, convert
from jitflow.graph.operation import record
from jitflow.recording import as_literal
from jitflow.recording.agreement import FIRST, mixing
from jitflow.recording.application import has_operands
from jitflow.recording.queries import QUERIES
from jitflow.recording.writes import refuse_writes
from jitflow.trace.pytree import flatten, unflatten

ALIASES = {
    "reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min",
    "reduce_prod": "prod", "reduce_all": "all", "reduce_any": "any", "mul": "multiply",
    "sub": "subtract", "div": "divide", "concat": "concatenate", "neg": "negative",
    "floordiv": "floor_divide", "truediv": "divide", "clip_by_value": "clip", "bool": "bool_",
    "range": "arange", "fill": "full",
}  # fmt: skip
"""TensorFlow's names, where they are others."""

CREATION = frozenset({
    "arange", "array", "asanyarray", "asarray", "bartlett", "blackman", "diag_indices", "empty",
    "eye", "fromfunction", "full", "geomspace", "hamming", "hanning", "identity", "indices",
    "kaiser", "linspace", "logspace", "mask_indices", "ones", "tri", "tril_indices",
    "triu_indices", "zeros",
})  # fmt: skip
"""Functions that make arrays out of sizes and numbers: constants, unless they are given nodes."""


def node_function(name: str) -> Any:
    """The function that makes a node of this name, or the dtype; AttributeError for neither."""
    known = ALIASES.get(name, name)
    found = getattr(jnp, known, None) or getattr(jnp.special, known, None)
    if name.startswith("_") or found is None:
        raise AttributeError(f"module 'jitflow.graph' has no attribute '{name}'")
    if isinstance(found, type) or not callable(found):
        return found
    return _maker(name, found)


def _maker(default: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a node; numbers alone become constants first."""

    def make(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
        if function in QUERIES:
            return QUERIES[function](*map(convert, args[:1]), *args[1:], **kwargs)
        refuse_writes(function, default, kwargs)
        chosen = default if name is None else name
        if not has_operands([*args, *kwargs.values()]):
            if ALIASES.get(default, default) in CREATION:
                return _created(chosen, function, args, kwargs)
            return record(chosen, function, _with_constants(function, args), kwargs)
        return record(chosen, function, args, kwargs)

    make.__name__ = make.__qualname__ = default
    make.__doc__ = f"A node that applies `jitflow.numpy.{function.__name__}`."
    return make


def _created(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Constants of what the function gives: int32 or float32 where nothing says the dtype."""
    given = [*args, *kwargs.values()]
    is_typed = any(isinstance(x, (type, str, np.dtype)) or hasattr(x, "dtype") for x in given)
    made, tree = flatten(function(*args, **kwargs))
    short = [
        x if is_typed or x.dtype not in SHORT else as_literal(x, dtype=SHORT[x.dtype]) for x in made
    ]
    return unflatten(tree, [constant(x, name=name) for x in short])


SHORT = {
    np.dtype("i8"): np.dtype("i4"), np.dtype("f8"): np.dtype("f4"),
    np.dtype("c16"): np.dtype("c8"),
}  # fmt: skip


def _with_constants(function: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    """Arguments, constants in place of those that are arrays: of a ufunc all, else the first."""
    if isinstance(function, np.ufunc):
        return [convert(x) for x in args]
    made = list(args)
    first = next((i for i, x in enumerate(made) if not isinstance(x, str)), None)
    if first is not None and (isinstance(made[first], _NUMBERS) or hasattr(made[first], "dtype")):
        parts = made[first]
        is_sequence = mixing(function) == FIRST and isinstance(parts, (list, tuple))
        made[first] = [convert(x) for x in parts] if is_sequence else convert(parts)
    return made


_NUMBERS = (bool, int, float, complex, list, tuple)
