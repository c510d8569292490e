"""Which attributes code may read: the names in a function, and in all code that it leads to.

That is methods and properties of the classes that are met, where they are named, their special
methods, and the user's functions, classes and modules that the code names from around it. Values
are not looked at; what is computed at run time (`getattr(x, "w" + n)`) is not known.
"""

from __future__ import annotations

import dis
import sys
import weakref
from collections.abc import Iterator
from functools import partial
from inspect import getattr_static
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from jitflow.forks import forked_lock
from jitflow.trace.source import is_users, is_users_module

FUNCTIONS = FunctionType, MethodType, partial
_BY_TEXT = {"getattr", "hasattr", "setattr"}

_AROUND = "LOAD_GLOBAL", "LOAD_NAME"
_UNCALLED = {"__init__", "__new__", "__init_subclass__", "__class_getitem__", "__del__"}
_SHOWING = {"__repr__", "__str__", "__reduce__", "__getstate__", "__setstate__"}


class Names:
    """The names that a function's code, and what it leads to, reads of objects; they only grow."""

    def __init__(self, function: Any) -> None:
        self.read: tuple[str, ...] = ()
        """All of them, in the order in which they were found."""

        self.stored: set[str] = set()
        """Those that the code sets."""

        self.optional: set[str] = set()
        """Those that objects may be without."""

        self._package = _package_of(_function(function))
        self._classes: list[weakref.ref[Any]] = []
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = forked_lock()
        self._go_on([function])

    def learn(self, met: list[Any]) -> None:
        """Goes on from these functions and classes, once another thread that does has ended."""
        with self._lock:
            self._go_on([x for x in met if x not in self._known])

    def _go_on(self, pending: list[Any]) -> None:
        while pending:
            pending += self._follow(pending.pop())

    def _follow(self, x: Any) -> list[Any]:
        """What a function, class or module leads to by what is known so far."""
        found: list[Any] = []
        if isinstance(x, (type, ModuleType)):
            if x not in self._known:
                self._known.add(x)
                self._classes.append(weakref.ref(x))
                for name in (*self.read, *_special(x)):
                    found += self._named(x, name)
            return found
        function = _function(x)
        is_known = not isinstance(function, FunctionType) or function in self._known
        self._known.update([y for y in (x, function) if isinstance(y, (FunctionType, partial))])
        return found if is_known else self._from_function(function)

    def _from_function(self, function: FunctionType) -> list[Any]:
        codes = [code for code in _codes(function) if is_users(code.co_filename)]
        steps = [step for code in codes for step in dis.get_instructions(code)]
        self.stored |= {step.argval for step in steps if step.opname == "STORE_ATTR"}
        around = {step.argval for step in steps if step.opname in _AROUND}
        names = dict.fromkeys([
            step.argval for step in steps
            if step.opcode in dis.hasname and step.opname not in (*_AROUND, "STORE_ATTR")
        ])
        if "AttributeError" in around:
            self.optional |= names.keys()
        if around & _BY_TEXT:
            texts = [text for code in codes for text in _texts(code.co_consts)]
            self.optional.update(texts)
            self.stored.update(texts if "setattr" in around else ())
            names |= dict.fromkeys(texts)
        if "vars" in around or "getattr" in around and _makes_names(steps):
            names["__dict__"] = None
        around.update(*[code.co_freevars for code in codes])
        found = [x for x in _values(function, around) if self._is_followed(x)]
        return found + self._learned([name for name in names if name not in self.read])

    def _learned(self, new: list[str]) -> list[Any]:
        """What has these names in the classes and modules that are known."""
        if new:
            self.read = (*self.read, *new)
        owners = [owner for owner in [ref() for ref in self._classes] if owner is not None]
        return [x for owner in owners for name in new for x in self._named(owner, name)]

    def _named(self, owner: Any, name: str) -> Iterator[Any]:
        """Functions, and what holds some, that have this name in a class or a module."""
        for base in getattr(owner, "__mro__", (owner,)):
            if name in vars(base):
                x = vars(base)[name]
                if isinstance(owner, ModuleType):
                    if self._is_followed(x):
                        yield x
                elif not isinstance(x, (type, ModuleType)):
                    yield x

    def _is_followed(self, x: Any) -> bool:
        """Whether what code names from around it may have code, of the user's or of its package."""
        if isinstance(x, ModuleType):
            module: Any = x
        elif isinstance(x, type) or isinstance(_function(x), FunctionType):
            module = sys.modules.get(getattr(x, "__module__", None) or "")
        else:
            return False
        if module is None:
            return False
        return is_users_module(module) or module.__name__.partition(".")[0] == self._package


def _makes_names(steps: list[dis.Instruction]) -> bool:
    """Whether an f-string is what getattr and its like take: the last argument but a default."""
    for place, step in enumerate(steps):
        if step.opname == "BUILD_STRING":
            calls = [x.arg for x in steps[place + 1 : place + 4] if x.opname == "CALL"]
            if calls and calls[0] in (2, 3):
                return True
    return False


def _texts(constants: tuple[Any, ...]) -> Iterator[str]:
    """What may be names of attributes among the constants of code."""
    for x in constants:
        if isinstance(x, tuple):
            yield from _texts(x)
        elif isinstance(x, str) and x.isidentifier():
            yield x


def _special(owner: Any) -> list[str]:
    """Special methods that a class of the user's has: operators, items, calls, attributes."""
    special: set[str] = set()
    for base in getattr(owner, "__mro__", ()):
        if is_users_class(base):
            special |= {x for x in vars(base) if x.startswith("__") and x.endswith("__")}
    return sorted(special - _UNCALLED - _SHOWING)


def is_users_class(cls: type) -> bool:
    """Whether a user wrote this class: not a part of jitflow, NumPy or the standard library."""
    return cls.__module__.partition(".")[0] not in _LIBRARIES


_LIBRARIES = sys.stdlib_module_names | {"jitflow", "numpy"}


def _package_of(x: Any) -> str:
    """The package of a function's or an object's class; none for what is not the user's."""
    module = (x if isinstance(x, FunctionType) else type(x)).__module__
    package = module.partition(".")[0] if isinstance(module, str) else ""
    return "" if package in _LIBRARIES else package


def _values(function: Any, names: set[str]) -> Iterator[Any]:
    """What these names stand for around a function."""
    around = function.__globals__
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name in sorted(names):
        if name in cells:
            try:
                yield cells[name].cell_contents
            except ValueError:  # not set yet
                continue
        elif name in around:
            yield around[name]


def _function(x: Any) -> Any:
    """The function behind a property or another descriptor, a bound method or a decorator."""
    while True:
        if isinstance(x, FunctionType) and "__wrapped__" not in vars(x):
            return x
        wrapped = getattr_static(x, "__wrapped__", None)
        if isinstance(x, (MethodType, staticmethod, classmethod)):
            x = x.__func__
        elif isinstance(func := getattr_static(x, "func", None), FUNCTIONS):
            x = func  # of a partial, or a property that is computed once
        elif isinstance(x, property):
            x = x.fget
        elif wrapped is not None:
            x = wrapped
        else:
            found = getattr_static(type(x), "__get__", None)
            return found if isinstance(found, FunctionType) else x


def _codes(function: Any) -> Iterator[CodeType]:
    """The code of a function in Python, and of those that are defined in it."""
    pending = [function.__code__] if isinstance(function, FunctionType) else []
    while pending:
        code = pending.pop()
        yield code
        pending += [x for x in code.co_consts if isinstance(x, CodeType)]
