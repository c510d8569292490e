"""The kinds of attributes that rows declare: what each takes, and in which words.

Owns no syntax: the parser reads values, the verifier checks them, both by these kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.dims import Dim
from jitflow.ir.dtypes import DType
from jitflow.ir.types import Type


class Kind(NamedTuple):
    """wanted: the kind in words. accepts(value): whether a value is of it."""

    wanted: str
    accepts: Callable[[Any], bool]


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_ints(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_int, value))


def _are_dims(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(d, Dim) or _is_int(d) for d in value)


KINDS = {
    "int": Kind("an int", _is_int),
    "ints": Kind("a list of ints", _are_ints),
    "dims": Kind("a list of dimensions", _are_dims),
    "bool": Kind("true or false", lambda value: isinstance(value, bool)),
    "str": Kind("a string", lambda value: isinstance(value, str)),
    "dtype": Kind("a dtype such as f32", lambda value: isinstance(value, DType)),
    "dense": Kind("constant data", lambda value: isinstance(value, Dense)),
    "type": Kind("the type of the result", lambda value: isinstance(value, Type)),
    "nest": Kind("a nest such as @rows", lambda value: isinstance(value, Function)),
    "nested": Kind(
        "a list of two lists of ints",
        lambda value: isinstance(value, tuple) and len(value) == 2 and all(map(_are_ints, value)),
    ),
}


def is_fact(value: Any) -> bool:
    """Whether a function's attribute may have this value: a word, a number, or a list of such."""
    if isinstance(value, tuple):
        return all(map(is_fact, value))
    return isinstance(value, (int, str, DType))
