"""What a stage of a pipeline is: elements that can be had again and again, from any position.

An element is an array, or a tuple, list or dict of elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

Element = Any


class Elements:
    """A sequence of elements. `length` is None where it is not known before the end."""

    length: int | None = None

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


def applied(function: Callable[..., Any], element: Element) -> Any:
    """A function of an element; of a tuple it takes the parts."""
    return function(*element) if type(element) is tuple else function(element)


def at_least(name: str, number: int, least: int) -> int:
    """The number; ArgumentError where it is no integer from `least` on."""
    if isinstance(number, bool) or not isinstance(number, int) or number < least:
        fail(ArgumentError, f"{name} is {number!r}; it must be an integer from {least} on")
    return number
