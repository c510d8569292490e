"""How functions enter the namespace: under NumPy's name and signature, for traced arguments.

`@numpy_function(np.sum)` binds a call by NumPy's own signature, so that an implementation declares
only the parameters that it supports; the others are refused by name unless they have NumPy's
default. Knows no implementation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np

from jitflow.errors import TraceError
from jitflow.numpy.basics import Array, fail
from jitflow.trace import FUNCTIONS, METHODS, OPERATORS, detach

Implementation = Callable[..., Any]

_INERT = {
    "order": ("C", "K", "A", None),
    "subok": (True, False),
    "casting": ("same_kind", "safe"),
    "device": (None, "cpu"),
}
"""Options without a meaning here, with the values that ask for what happens anyway."""


_VIEWS = frozenset((
    np.atleast_1d, np.atleast_2d, np.atleast_3d, np.array_split, np.broadcast_arrays, np.dsplit,
    np.broadcast_to, np.diff, np.einsum, np.expand_dims, np.flip, np.fliplr, np.flipud, np.hsplit,
    np.ix_, np.matrix_transpose, np.moveaxis, np.nan_to_num, np.permute_dims, np.ravel, np.require,
    np.reshape, np.rollaxis,
    np.rot90, np.split, np.squeeze, np.swapaxes, np.transpose, np.unstack, np.vsplit,
    np.lib.stride_tricks.sliding_window_view, np.astype, np.diag, np.diagonal, np.imag,
    np.linalg.diagonal, np.linalg.matrix_power, np.linalg.matrix_transpose, np.meshgrid, np.real,
    np.real_if_close,
))  # fmt: skip
"""Functions whose result shares memory with their argument; that of any other is new memory."""


def numpy_function(*functions: Any, method: str = "") -> Callable[[Implementation], Implementation]:
    """Decorator: the function stands for these NumPy functions, and for the array method."""

    def enter(implementation: Implementation) -> Implementation:
        for function in functions:
            FUNCTIONS[function] = _bound(function, implementation)
        if method:
            METHODS[method] = _bound(functions[0], implementation)
        return implementation

    return enter


def _bound(function: Any, implementation: Implementation) -> Implementation:
    name = function.__name__
    finish = strong if function in _VIEWS else fresh

    @wraps(implementation)
    def call(*args: Any, **kwargs: Any) -> Any:
        signature, plain = _signatures(function, implementation)
        if signature is None or plain:
            return finish(implementation(*args, **kwargs))
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            fail(TraceError, str(error), op=name)
        out = bound.arguments.pop("out", None)
        arguments = _supported(name, signature, bound, implementation)
        result = finish(implementation(*arguments[0], **arguments[1]))
        return result if out is None else OPERATORS["out"](f"np.{name}", result, out)

    return call


@cache
def _signatures(function: Any, implementation: Implementation) -> tuple[Any, bool]:
    """NumPy's signature, None where it has none; and whether the implementation takes the same."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return None, False
    own = inspect.signature(implementation).parameters
    return signature, list(own) == list(signature.parameters)


@cache
def _parameters(implementation: Implementation) -> tuple[frozenset[str], bool]:
    """Their names, and whether any other name is taken, too."""
    own = inspect.signature(implementation).parameters
    return frozenset(own), any(p.kind is p.VAR_KEYWORD for p in own.values())


def _supported(
    name: str, signature: inspect.Signature, bound: Any, implementation: Implementation
) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of the implementation, by position and name; TraceError for what it lacks."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for key, value in bound.arguments.items():
        parameter = signature.parameters[key]
        if parameter.kind is parameter.VAR_KEYWORD:
            keywords.update(value)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif value is np._NoValue or value is parameter.default:
            continue
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            keywords[key] = value
    drop_inert(name, implementation, keywords)
    return positional, keywords


def drop_inert(name: str, implementation: Implementation, keywords: dict[str, Any]) -> None:
    """Takes out keywords that the implementation lacks; TraceError where they mean something."""
    own, takes_all = _parameters(implementation)
    for key in list(keywords):
        if key not in own and not takes_all:
            _refuse_unless_inert(name, key, keywords.pop(key))


def _refuse_unless_inert(name: str, key: str, value: Any) -> None:
    if type(value) is not Array and value in _INERT.get(key, (None,)):
        return
    fail(
        TraceError,
        f"{key}= is not supported under @jit",
        op=f"np.{name}",
        cure=f"leave {key} out",
    )


def fresh(result: Any) -> Any:
    """Like `strong`, as new memory: a function may give its argument back, or a view of it."""
    if type(result) is Array:
        result = detach(result)
        result.weak = False
        return result
    if type(result) in (tuple, list):
        return type(result)(map(fresh, result))
    return result


def strong(result: Any) -> Any:
    """A function's result, or tuple of them: of NumPy's dtype, never weak."""
    if type(result) is Array:
        if result.weak:
            result = detach(result)
            result.weak = False
        return result
    if type(result) in (tuple, list):
        return type(result)(map(strong, result))
    return result
