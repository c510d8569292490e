"""Says where a function is compiled again and again, and what differs from call to call."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from jitflow.api.signature import Call, Signature
from jitflow.errors import explain
from jitflow.runtime.entry import MAX_ROWS
from jitflow.trace.source import here


class RecompilationWarning(RuntimeWarning):
    """A function has been compiled for many signatures: that takes most of the time."""


def warn_of_many(signature: Signature, call: Call, keys: Sequence[tuple[Any, ...]]) -> None:
    """Warns at the user's line. `keys` are those of the last two signatures; `call` has the last.
    """
    what, cure = _difference(signature, call, *keys)
    name = signature.function_name
    problem = f"{name} has been compiled for {MAX_ROWS} signatures; the last two differ in {what}"
    place = here()[0]
    text = explain(problem, cure=cure)
    warnings.warn_explicit(text, RecompilationWarning, place.file or "jitflow", place.line)


def _difference(
    signature: Signature, call: Call, one: tuple[Any, ...], other: tuple[Any, ...]
) -> tuple[str, str]:
    """The first part in which two keys of calls differ, and what helps."""
    if one[:2] != other[:2]:
        return "the structure of the arguments", "pass arguments of one structure"
    parts = zip_longest(one[2], other[2])
    for number, (before, now) in enumerate(parts):
        if before != now:
            return _of_value(signature, call, number)
    return "dtypes and shapes of arguments", "bring arrays to a few shapes"


def _of_value(signature: Signature, call: Call, number: int) -> tuple[str, str]:
    """Of what code is for by value: static arguments come first, then a method's attributes."""
    if number == 0 and call.is_method:
        return "the object", "register its class (jf.register), so that it is an argument"
    if number < len(call.static):
        place = call.static[number][0]
        name = signature.name_of(place) if isinstance(place, int) else place
        return f"the static argument {name}", f"pass {name} as an argument that is not static"
    attributes = call.attributes[number - len(call.static) :]
    name = attributes[0].name if attributes else "left out"
    return f"the attribute {name}", f"pass {name} as an argument"
