"""A function's parameters, which of them are static, and calls taken apart by them.

Owns what an error calls an argument, and the keys of static values. Knows no array.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from jitflow.api.attributes import Attributes, Reader, bound_to
from jitflow.errors import TraceError, described
from jitflow.trace.arrays import TracedArray
from jitflow.trace.exact import exact
from jitflow.trace.pytree import TreeDef, flatten, paths, unflatten
from jitflow.trace.source import fail

_PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Call(NamedTuple):
    """One call taken apart: the leaves of its dynamic arguments, and what else there is to it."""

    leaves: list[Any]
    tree: TreeDef
    """Of the dynamic positional arguments, or of (positional, keyword) where there are keywords."""

    has_keywords: bool
    static: tuple[tuple[int | str, Any], ...]
    """(position or name, value) of each static argument."""

    holder: Any = None
    """The object of a method: the first static argument, or what the function is bound to."""

    attributes: Attributes = ()
    """What a method reads of its object."""

    is_alone: bool = False
    """Whether that changed while the call was traced: its code is for no other call."""

    @property
    def is_method(self) -> bool:
        """Whether the holder is the first argument."""
        return bool(self.static) and self.static[0][0] == 0 and self.static[0][1] is self.holder


class Signature:
    """The parameters of a function and which of them are static."""

    def __init__(self, function: Callable[..., Any], numbers: Any, names: Any) -> None:
        self.function = function
        self._reader = Reader(function)
        self.bound_to = bound_to(function)
        self.function_name = getattr(function, "__name__", type(function).__name__)
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        self.parameters = parameters
        self.positional = [p.name for p in parameters if p.kind in _PLAIN]
        self.numbers, self.names = self.resolve("static", numbers, names)
        self.has_static = bool(self.numbers or self.names)
        self._sees_names = _sees_names(function)

    def resolve(
        self, option: str, chosen_numbers: Any, chosen_names: Any
    ) -> tuple[frozenset[int], frozenset[str]]:
        """The positions and names of `option`_argnums and _argnames, completed by each other."""
        numbers = _listed(f"{option}_argnums", chosen_numbers, int)
        names = _listed(f"{option}_argnames", chosen_names, str)
        known = [p.name for p in self.parameters]
        takes_more = {p.kind for p in self.parameters}
        count = len(self.positional)
        for name in names:
            if known and name not in known and inspect.Parameter.VAR_KEYWORD not in takes_more:
                self._refuse(f"{option}_argnames", repr(name))
        for number in numbers:
            if known and not -count <= number < count and (
                number < 0 or inspect.Parameter.VAR_POSITIONAL not in takes_more
            ):
                self._refuse(f"{option}_argnums", str(number))
        positions = {n + count if n < 0 else n for n in numbers}
        all_names = set(names) | {self.positional[n] for n in positions if n < count}
        positions |= {self.positional.index(n) for n in names if n in self.positional}
        return frozenset(positions), frozenset(all_names)

    def _refuse(self, option: str, value: str) -> NoReturn:
        known = ", ".join(p.name for p in self.parameters) or "none"
        fail(
            TraceError,
            f"{option} names {value}, which {self.function_name} does not take",
            cure=f"its parameters are {known}",
        )

    def ordered(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Keywords in the order that the function sees, sorted where it sees none."""
        return kwargs if self._sees_names else {name: kwargs[name] for name in sorted(kwargs)}

    def take_apart(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], has_self: bool = False
    ) -> Call:
        """The call's parts; `has_self`: the first argument is static, whatever else is."""
        static: tuple[tuple[int | str, Any], ...] = ()
        holder = args[0] if has_self and self.bound_to is None else self.bound_to
        attributes = () if holder is None else self._reader.attributes(holder)
        if self.has_static or has_self:
            numbers = self.numbers | {0} if has_self else self.numbers
            static = (
                *((i, args[i]) for i in sorted(numbers) if i < len(args)),
                *((n, kwargs[n]) for n in sorted(self.names & kwargs.keys())),
            )
            args = tuple(x for i, x in enumerate(args) if i not in numbers)
            kwargs = {n: x for n, x in kwargs.items() if n not in self.names}
        leaves, tree = flatten((args, self.ordered(kwargs)) if kwargs else args)
        return Call(leaves, tree, bool(kwargs), static, holder, attributes)

    def settled(self, call: Call) -> Call:
        """The call as the next one like it is seen, now that it was traced."""
        if not call.attributes:
            return call
        found, is_same = self._reader.settled(call.holder, call.attributes)
        return call._replace(attributes=found, is_alone=not is_same)

    def put_together(
        self, call: Call, leaves: Sequence[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The (args, kwargs) of a call with these leaves in place of its own."""
        tree = unflatten(call.tree, leaves)
        args, kwargs = tree if call.has_keywords else (tree, {})
        if call.static:
            whole = list(args)
            for place, value in call.static:
                if isinstance(place, int):
                    whole.insert(place, value)
            args = tuple(whole)
            kwargs = kwargs | {n: value for n, value in call.static if isinstance(n, str)}
        return args, kwargs

    def leaf_names(self, call: Call) -> list[str]:
        """What errors call each leaf: `argument params['w']`."""
        tree = unflatten(call.tree, call.leaves)
        args, kwargs = tree if call.has_keywords else (tree, {})
        taken = {place for place, _ in call.static}
        free = [i for i in range(len(args) + len(taken)) if i not in taken]
        named = [(self.name_of(i), x) for i, x in zip(free, args, strict=False)]
        named += [(name, kwargs[name]) for name in sorted(kwargs)]
        return [
            f"argument {path}" for name, x in named for path in paths(flatten(x)[1], name)
        ]

    def name_of(self, position: int) -> str:
        """The parameter that takes a positional argument."""
        if position < len(self.positional):
            return self.positional[position]
        rest = [p.name for p in self.parameters if p.kind is inspect.Parameter.VAR_POSITIONAL]
        first = rest[0] if rest else "args"
        return f"{first}[{position - len(self.positional)}]"


def _listed(option: str, value: Any, kind: type) -> list[Any]:
    if value is None:
        return []
    listed = [value] if isinstance(value, kind) else value
    if isinstance(listed, (str, int)) or not all(isinstance(x, kind) for x in listed):
        fail(TraceError, f"{option} takes {kind.__name__} or a tuple of them, got {value!r}")
    return list(listed)


def _sees_names(function: Callable[..., Any]) -> bool:
    """Whether it takes keywords as a dict, whose order it may use; a decorator's wrapper does."""
    try:
        own = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own.parameters.values())


def static_key(call: Call) -> tuple[Any, ...]:
    """Static values as dictionary keys: by type and ==, numbers by their bits, tuples by parts."""
    key: tuple[Any, ...] = tuple([(place, exact(x)) for place, x in call.static])
    return (*key, *[attribute.key for attribute in call.attributes])


def refuse_unhashable(call: Call, signature: Signature) -> None:
    """Raises the error of a static argument that is not hashable, where there is one."""
    for place, x in call.static:
        try:
            hash(x)
        except TypeError:
            name = signature.name_of(place) if isinstance(place, int) else place
            fail(
                TraceError,
                f"a static argument must be hashable, got {described(x)}",
                op=f"argument {name}",
                cure=_HASHABLE_OBJECT if x is call.holder else _unhashable_cure(x),
            )


_HASHABLE_OBJECT = (
    "write `__hash__ = object.__hash__` in its class, or register that (jf.register), so that it "
    "is an argument"
)


def _unhashable_cure(x: Any) -> str:
    if isinstance(x, TracedArray):
        return "its value is not known while tracing; make it static in the outer function too"
    if isinstance(x, np.ndarray):
        return "arrays cannot be static; take it out of static_argnames"
    return "pass a tuple" if isinstance(x, list) else "pass a hashable value"
