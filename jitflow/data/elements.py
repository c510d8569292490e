"""What a stage of a pipeline is: elements that can be had again and again, from any position.

An element is an array, or a tuple, list or dict of elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, described
from jitflow.trace.pytree import map_tree
from jitflow.trace.source import fail

Element = Any
NOTHING: Mapping[str, Any] = {}


class Elements:
    """A sequence of elements. `length` is None where it is not known before the end."""

    length: int | None = None
    source: Elements

    @property
    def is_endless(self) -> bool:
        """Whether it is known to have no end."""
        return "source" in vars(self) and self.source.is_endless

    def start(self, position: int, epoch: int) -> Iterator[Element]:
        """The elements from a position on. In another epoch what is shuffled is in another order.

        This one drops the elements before; stages that can do better override it.
        """
        return dropped(self.all(epoch), position)

    def all(self, epoch: int) -> Iterator[Element]:
        """The elements from the first on."""
        return self.start(0, epoch)


def dropped(elements: Iterator[Element], count: int) -> Iterator[Element]:
    """The elements behind the first ones; ends what makes them when it is closed itself."""
    try:
        yield from islice(elements, count, None)
    finally:
        close(elements)


def close(elements: Any) -> None:
    """Ends a generator, and the threads behind it."""
    end = getattr(elements, "close", None)
    if end is not None:
        end()


def noted(error: BaseException, stage: str, position: int) -> None:
    """Has an error say at which element of which stage it came up."""
    error.add_note(f"in {stage}, at element {position}")


def name_of(function: Callable[..., Any]) -> str:
    """A function as errors name it, with its line."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def applied(
    function: Callable[..., Any], element: Element, keywords: Mapping[str, Any] = NOTHING
) -> Any:
    """A function of an element; of a tuple it takes the parts."""
    return function(*(element if type(element) is tuple else (element,)), **keywords)


def at_least(name: str, number: int, least: int) -> int:
    """The number; ArgumentError where it is no integer from `least` on."""
    is_whole = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if not is_whole or number < least:
        fail(ArgumentError, f"{name} is {number!r}; it must be an integer from {least} on")
    return int(number)


def function_of_elements(name: str, function: Any) -> Any:
    """The function; ArgumentError where it is none."""
    if not callable(function):
        fail(ArgumentError, f"{name} of {described(function)}, which is no function")
    return function


def owned(x: Any) -> Any:
    """A leaf of an element, as a copy where it is an array."""
    return x.copy() if isinstance(x, np.ndarray) else x


def copied(element: Element) -> Element:
    """An element whose arrays nobody else has."""
    return map_tree(owned, element)
