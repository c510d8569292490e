"""What a method reads of its object, where that is no pytree: the code is for these values.

Asked are attributes of the object, or of its class, that the method's code names, or that of
methods and properties which it names; containers in them part by part, and of objects in them the
attributes that the code names, or that of their own methods which it names. What a method sets
itself is not asked, nor containers that it changed while it was traced.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from inspect import unwrap
from itertools import chain
from types import CodeType, MemberDescriptorType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from jitflow.errors import TraceError
from jitflow.trace.pytree import TreeDef, flatten

_NUMBERS = (bool, int, float, complex, str, bytes, type(None))
_ABSENT = object()


class Attribute(NamedTuple):
    """An attribute as it was at a call: its parts, and what is read of each of them."""

    name: str
    value: Any
    tree: TreeDef
    leaves: tuple[Any, ...]
    inner: tuple[tuple[Attribute, ...], ...]

    @property
    def own_key(self) -> tuple[Any, ...]:
        """The structure, and numbers by value; None for any other leaf."""
        numbers = [exact(x) if is_number(x) else None for x in self.leaves]
        return self.name, self.tree, *numbers

    @property
    def key(self) -> tuple[Any, ...]:
        """All that code is for by value, in the leaves too."""
        return *self.own_key, *[tuple([part.key for part in parts]) for parts in self.inner]

    def has_objects_of(self, other: Attribute) -> bool:
        """Whether the leaves that are no numbers are the same objects, where keys are equal."""
        pairs = zip(self.leaves, other.leaves, strict=True)
        if not all([x is y or is_number(x) for x, y in pairs]):
            return False
        inner = zip(chain(*self.inner), chain(*other.inner), strict=True)
        return all([mine.has_objects_of(others) for mine, others in inner])


Attributes = tuple[Attribute, ...]

MOST_OBJECTS = 64
"""How many are asked for attributes at a call; what lies in further ones is as it was."""

_LIBRARIES = sys.stdlib_module_names | {"jitflow", "numpy"}
"""Objects of their classes are not asked."""

_PYTHON_CLASS = 1 << 9
"""CPython's flag of classes that are made while it runs."""

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
        self._names: WeakKeyDictionary[type, dict[Any, tuple[str, ...]]] = WeakKeyDictionary()
        self._unasked: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
        """Containers that have changed while the function was traced."""

    def attributes(self, x: Any) -> Attributes:
        """What it reads of x, an object or a class."""
        return self._read(x, (), {id(x)})

    def _read(self, x: Any, named: tuple[str, ...], seen: set[int]) -> Attributes:
        """named: by the code that leads to x; seen: objects that are asked already."""
        found = []
        for name in (names := self._names_for(_owner(x), named)):
            value = _attribute(x, name)
            if value is not _ABSENT:
                tree, leaves = _parts(value)
                inner = tuple([self._within(leaf, names, seen) for leaf in leaves])
                found.append(Attribute(name, value, tree, leaves, inner))
        return tuple(found)

    def _within(self, leaf: Any, named: tuple[str, ...], seen: set[int]) -> Attributes:
        if not _has_attributes(leaf) or id(leaf) in seen or len(seen) >= MOST_OBJECTS:
            return ()
        seen.add(id(leaf))
        return self._read(leaf, named, seen)

    def _names_for(self, owner: type, named: tuple[str, ...]) -> tuple[str, ...]:
        known = self._names.setdefault(owner, {})
        if named not in known:
            known[named] = _names(None if named else self._function, owner, named)
        unasked = self._unasked.get(owner, ())
        return tuple([name for name in known[named] if name not in unasked])

    def settled(self, x: Any, before: Attributes) -> Attributes:
        """What it had read before it was traced, but for what tracing has changed.

        That is containers that have other parts now: these are asked no more.
        """
        self._note_changes(x, before, self.attributes(x))
        return self._asked(x, before)

    def _note_changes(self, x: Any, before: Attributes, after: Attributes) -> None:
        now = {attribute.name: attribute for attribute in after}
        for was in before:
            found = now.get(was.name)
            if found is None or found.value is not was.value:  # perhaps set by another thread
                continue
            if found.own_key != was.own_key:
                self._unasked.setdefault(_owner(x), set()).add(was.name)
            else:
                for leaf, *parts in zip(was.leaves, was.inner, found.inner, strict=True):
                    self._note_changes(leaf, *parts)

    def _asked(self, x: Any, attributes: Attributes) -> Attributes:
        unasked = self._unasked.get(_owner(x), ())
        kept = []
        for attribute in attributes:
            if attribute.name not in unasked:
                pairs = zip(attribute.leaves, attribute.inner, strict=True)
                inner = tuple([self._asked(leaf, parts) for leaf, parts in pairs])
                kept.append(attribute._replace(inner=inner))
        return tuple(kept)


def _has_attributes(x: Any) -> bool:
    """Whether x is an object of a class that a user wrote."""
    kind = type(x)
    if isinstance(x, type) or not kind.__flags__ & _PYTHON_CLASS:
        return False
    return kind.__module__.partition(".")[0] not in _LIBRARIES


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


def _names(function: Any, owner: type, named: Sequence[str]) -> tuple[str, ...]:
    """Names in the code of a method, and of methods that it names, but for those that are set.

    function: None for an object within another one: methods are those that are named.
    """
    read = dict.fromkeys(named)
    written: set[str] = set()
    pending = [function]
    if function is None:
        pending = [x for name in (*named, "__call__") for x in _defined(owner, name)]
    while pending:
        for code in _codes(_function(pending.pop())):
            written |= {x.argval for x in dis.get_instructions(code) if x.opname == "STORE_ATTR"}
            for name in code.co_names:
                if name not in read:
                    read[name] = None
                    pending += _defined(owner, name)
    return tuple([name for name in read if name not in written])


def _defined(owner: type, name: str) -> list[Any]:
    return [vars(base)[name] for base in owner.__mro__ if name in vars(base)]


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
