"""What a method reads of its object, where that is no pytree: the code is for these values.

Asked are attributes of the object, or of its class, that `api/names.py` finds in the method's code
and in what that leads to; containers in them part by part, and of objects in them the attributes of
these names. What a trace itself changes is not asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from functools import partial
from types import MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from jitflow.api.names import FUNCTIONS, Names, is_users_class
from jitflow.errors import TraceError
from jitflow.trace.exact import exact
from jitflow.trace.pytree import TreeDef, flatten
from jitflow.trace.source import fail

_NUMBERS = {bool, int, float, complex, str, bytes, type(None)}

ABSENT = object()
"""The value of an attribute that an object is without, where its code may do without it."""

CONTENTS = "contents()"
"""In place of a name: what a container has that is no pytree."""

MOST_OBJECTS = 10_000
"""How many are asked for attributes at a call; asking takes some microseconds each."""

_HIDDEN = object()
_BOUND = ("__self__",), ("func", "args", "keywords")
"""What a method binds, and a partial."""

_CONTAINERS = (dict, list, tuple, set, deque)
_PYTHON_CLASS = 1 << 9
"""CPython's flag of classes that are made while it runs."""

WHOLE = flatten(object())[1]
"""The structure of what is not taken apart."""


class Attribute(NamedTuple):
    """An attribute of an object as it was at a call, with the parts of its value."""

    holder: Any
    """The method's object, or a leaf of an attribute before this one."""

    name: str
    value: Any
    tree: TreeDef
    leaves: tuple[Any, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        """The structure, and numbers by value; None for any other leaf."""
        numbers = [exact(x) if is_number(x) else None for x in self.leaves]
        return (self.name, self.tree.exact, *numbers)

    def has_objects_of(self, other: Attribute) -> bool:
        """Whether the leaves that are no numbers are the same objects, where keys are equal."""
        pairs = zip(self.leaves, other.leaves, strict=True)
        return all([x is y or is_number(x) for x, y in pairs])


Attributes = tuple[Attribute, ...]


def is_number(x: Any) -> bool:
    """Whether code is for this leaf by value: numbers, texts, None."""
    return type(x) in _NUMBERS or isinstance(x, np.generic)


def bound_to(function: Any) -> Any:
    """The object whose method a function is, or which it is itself; None where it is another's."""
    x = function.__self__ if isinstance(function, MethodType) else function
    return x if _has_attributes(x) and not isinstance(x, type) else None


class Reader:
    """Finds what a function, as a method, reads of its object."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._names: WeakKeyDictionary[type, Names] = WeakKeyDictionary()
        self._unasked: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
        """What traces have changed, by the class of its object."""

    def attributes(self, x: Any) -> Attributes:
        """What it reads of x, an object or a class."""
        owner = _owner(x)
        names = self._names.get(owner)
        if names is None:
            names = self._names.setdefault(owner, Names(self._function))
        while True:
            read, met = names.read, [owner]
            found = self._read(x, read, names.optional, met)
            names.learn([y for y in met if not isinstance(y, type) or is_users_class(y)])
            if names.read is read:
                return found

    def _read(
        self, root: Any, names: tuple[str, ...], optional: Collection[str], met: list[Any]
    ) -> Attributes:
        """By the names that are known; `met` takes functions, and classes of objects."""
        found: list[Attribute] = []
        objects, seen = [root], {id(root)}
        for x in objects:
            for name in self._names_of(x, names):
                attribute = _attribute(x, name, name in optional)
                if attribute is not None:
                    found.append(attribute)
                    met += [kind.type for kind, *_ in attribute.tree.nodes if kind is not None]
                    leaves = [y for y in attribute.leaves if type(y) not in _NUMBERS]
                    new = {id(y): y for y in leaves if id(y) not in seen and _has_parts(y)}
                    seen |= new.keys()
                    objects += new.values()
                    met += [_with_code(y) for y in new.values()]
            if len(objects) > MOST_OBJECTS:
                fail(
                    TraceError,
                    f"the attributes of a {_owner(root).__name__} lead to more than "
                    f"{MOST_OBJECTS} objects that code may be for",
                    cure="pass what the method reads as arguments",
                )
        return tuple(found)

    def _names_of(self, x: Any, names: tuple[str, ...]) -> tuple[str, ...]:
        if isinstance(x, (MethodType, partial)):
            return _BOUND[isinstance(x, partial)]
        own = (CONTENTS,) if isinstance(x, _CONTAINERS) else ()
        if not _has_attributes(x):
            return own
        unasked = self._unasked.get(_owner(x), ())
        return own + tuple([name for name in names if name not in unasked])

    def settled(self, x: Any, before: Attributes) -> tuple[Attributes, bool]:
        """What it had read before it was traced, but for what tracing has changed.

        That is what the code sets, and containers that have other parts now: these are asked no
        more. And whether all else is as it was: not where another thread has set some of it, or the
        code has set it for the first time, in place of None.
        """
        stored, is_same = self._names[_owner(x)].stored, True
        now = {(id(found.holder), found.name): found for found in self.attributes(x)}
        for place, was in enumerate(before):
            found = now.get((id(was.holder), was.name))
            if found is not None and _is_changed(was, found, was.name in stored):
                named = _attribute_with(before[: place + 1])
                self._unasked.setdefault(_owner(named.holder), set()).add(named.name)
        kept = self._asked(x, before)
        for was in kept:
            found = now.get((id(was.holder), was.name))
            is_same = is_same and found is not None and not _differ(was, found)
        return kept, is_same

    def _asked(self, x: Any, attributes: Attributes) -> Attributes:
        kept, reached = [], {id(x)}
        for attribute in attributes:
            unasked = self._unasked.get(_owner(attribute.holder), ())
            if id(attribute.holder) in reached and attribute.name not in unasked:
                kept.append(attribute)
                reached.update(map(id, attribute.leaves))
        return tuple(kept)


def _attribute_with(attributes: Attributes) -> Attribute:
    """The last one, or the one that leads to it where it is what a container has."""
    found = attributes[-1]
    for before in reversed(attributes):
        if found.name == CONTENTS and any([x is found.holder for x in before.leaves]):
            found = before
    return found


def _is_changed(was: Attribute, now: Attribute, is_stored: bool) -> bool:
    """Whether a trace has changed an attribute; another thread may have set it meanwhile."""
    if now.value is not was.value and was.name != CONTENTS:
        if not is_stored or was.value is None or was.value is ABSENT:
            return False
    return _differ(was, now)


def _differ(was: Attribute, now: Attribute) -> bool:
    return now.key != was.key or not now.has_objects_of(was)


def _has_attributes(x: Any) -> bool:
    """Whether x is an object of a class that a user wrote, or such a class."""
    kind = _owner(x)
    return kind is SimpleNamespace or bool(kind.__flags__ & _PYTHON_CLASS and is_users_class(kind))


def _has_parts(x: Any) -> bool:
    return isinstance(x, (*_CONTAINERS, *FUNCTIONS)) or _has_attributes(x)


def _with_code(x: Any) -> Any:
    """The function that x is or binds, or its class."""
    if isinstance(x, MethodType):
        return x.__func__
    return x if isinstance(x, FUNCTIONS) else _owner(x)


def _owner(x: Any) -> type:
    return x if isinstance(x, type) else type(x)


def contents(x: Any) -> tuple[Any, ...]:
    """What a list, dict, set or the like has, keys too."""
    if isinstance(x, dict):
        return tuple([y for item in list(dict.items(x)) for y in item])
    kind: Any = next(kind for kind in _CONTAINERS if isinstance(x, kind))
    return tuple(kind.__iter__(x))


def parts(value: Any) -> tuple[TreeDef, tuple[Any, ...]]:
    """The structure and the leaves of an attribute's value."""
    try:
        leaves, tree = flatten(value)
        hash(tree)
    except TraceError:  # a container that could be no argument
        return WHOLE, (value,)
    return tree, tuple(leaves)


def _attribute(x: Any, name: str, is_optional: bool) -> Attribute | None:
    """The attribute, if it is data of the object or its class, or may be missed there."""
    if name == CONTENTS:
        leaves = contents(x)
        return Attribute(x, name, leaves, flatten((0,) * len(leaves))[1], leaves)
    value = getattr(x, name) if isinstance(x, (MethodType, partial)) else _value(x, name)
    if value is ABSENT and (not is_optional or hasattr(_owner(x), "__getattr__")):
        return None
    return None if value is _HIDDEN else Attribute(x, name, value, *parts(value))


def _value(x: Any, name: str) -> Any:
    """_HIDDEN for what Python computes, by code that names what it reads."""
    inherited = ABSENT
    for base in _owner(x).__mro__:
        if name in vars(base):
            inherited = vars(base)[name]
            break
    if not isinstance(x, type):
        if name == "__dict__" or type(inherited) is MemberDescriptorType:
            return getattr(x, name, ABSENT)
        if hasattr(type(inherited), "__set__"):
            return _HIDDEN
        own = getattr(x, "__dict__", {})
        if name in own:
            return own[name]
    return _HIDDEN if hasattr(type(inherited), "__get__") else inherited
