"""What a method reads of its object, where that is no pytree: the code is for these values.

Asked are attributes of the object, or of its class, that the method's code names, or that of
methods and properties which it names; containers in them part by part. What a method sets itself is
not asked, nor what lies within other objects: these are as they were when the method was traced.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import partial
from inspect import unwrap
from types import CodeType, MemberDescriptorType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from jitflow.errors import TraceError
from jitflow.trace.pytree import TreeDef, flatten

_NUMBERS = (bool, int, float, complex, str, bytes, type(None))
_ABSENT = object()


class Attributes(NamedTuple):
    """The attributes of one object that its method reads, at a call."""

    names: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    trees: tuple[TreeDef, ...] = ()
    leaves: tuple[Any, ...] = ()

    @property
    def numbers(self) -> list[Any]:
        """The leaves that code is for by value, with None in the place of any other."""
        return [x if is_number(x) else None for x in self.leaves]

    def are(self, others: Attributes) -> bool:
        """Whether the leaves that are no numbers are the same objects, in the same places."""
        pairs = zip(self.leaves, others.leaves, strict=False)
        return all(x is y or is_number(x) for x, y in pairs)


NONE = Attributes()
WHOLE = flatten(object())[1]
"""The structure of what is not taken apart."""


def is_number(x: Any) -> bool:
    """Whether code is for this leaf by value: numbers, texts, None."""
    return type(x) in _NUMBERS or isinstance(x, np.generic)


class Reader:
    """Finds what a function, as a method, reads of its object."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._names: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()

    def attributes(self, x: Any) -> Attributes:
        """What it reads of x, an object or a class."""
        owner = x if isinstance(x, type) else type(x)
        names = self._names.get(owner)
        if names is None:
            names = self._names[owner] = _names(self._function, owner)
        found = [(name, value) for name in names if (value := _attribute(x, name)) is not _ABSENT]
        if not found:
            return NONE
        parts = [_parts(value) for _, value in found]
        return Attributes(
            tuple([name for name, _ in found]), tuple([value for _, value in found]),
            tuple([tree for _, tree in parts]), tuple([x for leaves, _ in parts for x in leaves]),
        )


def _parts(value: Any) -> tuple[list[Any], TreeDef]:
    try:
        leaves, tree = flatten(value)
        hash(tree)
    except TraceError:  # a container that could be no argument
        return [value], WHOLE
    return leaves, tree


def _attribute(x: Any, name: str) -> Any:
    """The attribute, if it is data of the object or its class; _ABSENT otherwise."""
    own = () if isinstance(x, type) else getattr(x, "__dict__", ())
    if name in own:
        return own[name]  # type: ignore[call-overload]
    for base in (x if isinstance(x, type) else type(x)).__mro__:
        if name in vars(base):
            value = vars(base)[name]
            if type(value) is MemberDescriptorType and not isinstance(x, type):
                return getattr(x, name, _ABSENT)
            return _ABSENT if hasattr(type(value), "__get__") else value
    return _ABSENT


def _names(function: Any, owner: type) -> tuple[str, ...]:
    """Names in the code of a method, and of methods that it names, but for those that are set."""
    read: dict[str, None] = {}
    written: set[str] = set()
    pending = [function]
    while pending:
        for code in _codes(_function(pending.pop())):
            written |= {x.argval for x in dis.get_instructions(code) if x.opname == "STORE_ATTR"}
            for name in code.co_names:
                if name not in read:
                    read[name] = None
                    pending += [vars(base)[name] for base in owner.__mro__ if name in vars(base)]
    return tuple([name for name in read if name not in written])


def _function(x: Any) -> Any:
    """The function behind a property, a static or class method, a partial or a decorator."""
    while True:
        if isinstance(x, partial):
            x = x.func
        elif isinstance(x, property):
            x = x.fget
        elif isinstance(x, (staticmethod, classmethod)):
            x = x.__func__
        elif unwrap(x) is not x:
            x = unwrap(x)
        else:
            return x


def _codes(function: Any) -> Iterator[CodeType]:
    """The code of a function, and of those that are defined in it."""
    pending = [getattr(function, "__code__", None)]
    while pending:
        code = pending.pop()
        if isinstance(code, CodeType):
            yield code
            pending += code.co_consts
