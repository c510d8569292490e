"""What a method reads of its object, where that is no pytree: the code is for these values.

Asked are attributes of the object, or of its class, that the method's code names, or that of
methods and properties which it names; containers in them part by part. What a method sets itself is
not asked, nor containers that it changed while it was traced, nor what lies within other objects:
these are as they were then.
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


class Attribute(NamedTuple):
    """An attribute as it was at a call: its parts, where it is a container."""

    name: str
    value: Any
    tree: TreeDef
    leaves: tuple[Any, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """What code is for by value: the structure, and numbers; None for any other leaf."""
        numbers = [exact(x) if is_number(x) else None for x in self.leaves]
        return self.name, self.tree, *numbers

    def has_objects_of(self, other: Attribute) -> bool:
        """Whether the leaves that are no numbers are the same objects, where keys are equal."""
        pairs = zip(self.leaves, other.leaves, strict=True)
        return all([x is y or is_number(x) for x, y in pairs])


Attributes = tuple[Attribute, ...]

WHOLE = flatten(object())[1]
"""The structure of what is not taken apart."""


def is_number(x: Any) -> bool:
    """Whether code is for this leaf by value: numbers, texts, None."""
    return type(x) in _NUMBERS or isinstance(x, np.generic)


def exact(x: Any) -> Any:
    """Equal for values that no code can tell apart: -0.0 is not 0.0, and neither of them is 0."""
    if isinstance(x, np.generic):
        return type(x), x.dtype, x.tobytes()
    if isinstance(x, (float, complex)):
        return type(x), repr(x)
    if type(x) is tuple:
        return tuple, tuple(map(exact, x))
    return type(x), x


class Reader:
    """Finds what a function, as a method, reads of its object."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._names: WeakKeyDictionary[type, tuple[str, ...]] = WeakKeyDictionary()

    def attributes(self, x: Any) -> Attributes:
        """What it reads of x, an object or a class."""
        owner = _owner(x)
        names = self._names.get(owner)
        if names is None:
            names = self._names[owner] = _names(self._function, owner)
        found = [(name, value) for name in names if (value := _attribute(x, name)) is not _ABSENT]
        return tuple([Attribute(name, value, *_parts(value)) for name, value in found])

    def settled(self, x: Any, before: Attributes) -> Attributes:
        """What it had read before it was traced, but for containers that it changed meanwhile.

        These are asked no more.
        """
        after = {attribute.name: attribute for attribute in self.attributes(x)}
        pairs = [(was, after[was.name]) for was in before if was.name in after]
        changed = {was.name for was, now in pairs if was.value is now.value and was.key != now.key}
        if not changed:
            return before
        owner = _owner(x)
        self._names[owner] = tuple([n for n in self._names[owner] if n not in changed])
        return tuple([was for was in before if was.name not in changed])


def _owner(x: Any) -> type:
    return x if isinstance(x, type) else type(x)


def _parts(value: Any) -> tuple[TreeDef, tuple[Any, ...]]:
    try:
        leaves, tree = flatten(value)
        hash(tree)
    except TraceError:  # a container that could be no argument
        return WHOLE, (value,)
    return tree, tuple(leaves)


def _attribute(x: Any, name: str) -> Any:
    """The attribute, if it is data of the object or its class; _ABSENT otherwise."""
    own = () if isinstance(x, type) else getattr(x, "__dict__", ())
    if name in own:
        return own[name]  # type: ignore[call-overload]
    for base in _owner(x).__mro__:
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
