"""What a jitted function uses from outside: arrays and numbers of globals and closures."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jitflow.trace.lift import WEAK


class Captured(NamedTuple):
    """One thing that a jitted function uses from outside; `name` is "" where it has none."""

    name: str
    value: str
    when: str


def describe_captured(function: Any, arrays: Sequence[Any]) -> tuple[Captured, ...]:
    """Arrays by the variable that holds them, then numbers, each once."""
    variables = _outer_variables(function)
    names = {id(x): name for name, x in variables.items()}
    unique = {id(x): x for x in arrays}
    found = [
        Captured(names.get(key, ""), f"{x.dtype}{list(x.shape)}", "read at each call")
        for key, x in unique.items()
    ]
    found += [
        Captured(name, repr(x), "frozen when traced")
        for name, x in variables.items()
        if type(x) in WEAK or isinstance(x, np.generic)
    ]
    return tuple(found)


def _outer_variables(function: Any) -> dict[str, Any]:
    if not inspect.isfunction(function):
        return {}
    outside = inspect.getclosurevars(function)
    return {**outside.globals, **outside.nonlocals}
