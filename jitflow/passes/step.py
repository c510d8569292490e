"""A pass as the manager sees it: a function, its typed options, and one run of it.

Owns how options are read off a signature and checked. Knows no pass by name.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jitflow.forks import computed
from jitflow.ir.core import Function
from jitflow.ir.nests import map_nests
from jitflow.ir.printer import format_attrs

_WANTED: dict[Any, str] = {
    int: "a whole number",
    bool: "true or false",
    float: "a number",
    str: "a string",
    tuple[int, ...]: "a list of whole numbers",
    tuple[bool, ...]: "a list of true and false",
    tuple[str, ...]: "a list of strings",
}


class Pass:
    """A function from Function to Function whose keyword-only parameters are its options.

    required: lowering that later passes rely on; a limit on pass runs does not skip it.
    in_nests: runs on each nest of a function too, before it runs on the function itself.
    """

    def __init__(
        self, function: Callable[..., Function], *, required: bool = False, in_nests: bool = False
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.required = required
        self.in_nests = in_nests

    def __repr__(self) -> str:
        return f"<pass {self.name}>"

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @computed
    def options(self) -> Mapping[str, Option]:
        """The options by name, in the order of the signature."""
        hints = typing.get_type_hints(self.function)
        return {
            name: Option(name, hints[name], parameter.default)
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }

    @computed
    def needed(self) -> tuple[str, ...]:
        """Names of the options without a default."""
        return tuple(n for n, o in self.options.items() if o.default is inspect.Parameter.empty)


@dataclass(frozen=True)
class Option:
    """One typed option: an int, bool, float, str, or a tuple of one of them."""

    name: str
    type: Any
    default: Any

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        return " or ".join(_WANTED.get(kind, str(kind)) for kind in self._kinds)

    @property
    def _kinds(self) -> tuple[Any, ...]:
        """The alternatives of the type, None left out."""
        is_union = typing.get_origin(self.type) in (typing.Union, types.UnionType)
        kinds = typing.get_args(self.type) if is_union else (self.type,)
        return tuple(kind for kind in kinds if kind is not type(None))

    def accepts(self, value: Any) -> bool:
        return any(_is_a(value, kind) for kind in self._kinds)


def _is_a(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is tuple:
        element = typing.get_args(kind)[0]
        return isinstance(value, tuple) and all(_is_a(item, element) for item in value)
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


@dataclass(frozen=True)
class Step:
    """One run of a pass with chosen options; `str(step)` is its pipeline text."""

    rule: Pass
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, function: Function) -> Function:
        if self.rule.in_nests:
            function = map_nests(function, partial(self.rule.function, **self.options))
        return self.rule.function(function, **self.options)

    @property
    def name(self) -> str:
        return self.rule.name

    @computed
    def text(self) -> str:
        """Its pipeline text."""
        return self.name + (format_attrs(self.options) if self.options else "")

    def __str__(self) -> str:
        return self.text
