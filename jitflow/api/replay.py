"""Calls that were seen: from the second one on they are native, with what lies between calls.

For front ends whose code computes with values that a list keeps, too. `Replay` is called like the
method in front of which it stands; whoever runs a call in Python may have it `learn` that call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, suppress
from typing import Any, NamedTuple

import numpy as np

from jitflow.api.function import JitFunction
from jitflow.api.native import captured_guards, leaf_guard
from jitflow.api.stages import Compiled
from jitflow.runtime.entry import (
    BUSY,
    TRACES,
    Entry,
    Kept,
    Program,
    Results,
    Row,
    TooLarge,
    forget_lost,
    native_callable,
    native_method,
)

__all__ = ["Made", "Replay", "Seen", "native_method", "settled", "stateful"]

_LOOK = 1e-4
"""Seconds after which a call that waits for another looks again."""


class Made(NamedTuple):
    """What a function makes of the last `size` parts of a result, as a list, or a dict by keys."""

    function: Callable[[Any], Any]
    size: int
    keys: Sequence[Any] | None = None


class Seen(NamedTuple):
    """A call: its code, and where the code's inputs come from, which are in this order.

    kept: places in the list of values, with what is there. feeds: keys of the call's one dict, with
    what it has for them. counter: an int64 array of rank 0 that each call raises by 1, or None.
    steps: how the result is made: an output by its number, None, or what functions make of these.
    writes: places in the list, and the outputs that come there if the call succeeds.
    updates: outputs that may be the arrays that are kept: numbers of both.
    """

    code: Compiled
    kept: Sequence[tuple[int, Any]]
    feeds: Sequence[tuple[Any, Any]]
    counter: np.ndarray[Any, Any] | None
    steps: Sequence[int | Made | None]
    writes: Sequence[tuple[int, int]]
    updates: Sequence[tuple[int, int]] = ()


def stateful(function: Callable[..., Any], updates: Sequence[tuple[int, int]]) -> JitFunction:
    """A jitted function; `updates` are results that may be arguments' arrays, leaves by number."""
    return JitFunction(function, None, None, updates=updates)


def settled(values: list[Any], places: Sequence[int]) -> list[Any]:
    """What a list has at these places at one time, when no call is writing over it any more.

    None, from then on, where the call that did so is gone, as in a forked child.
    """
    while True:
        found = list(map(values.__getitem__, places))
        busy = [place for place, x in zip(places, found, strict=True) if x is BUSY]
        if not busy:
            return found
        if not forget_lost(values, busy):
            time.sleep(_LOOK)


@native_callable
class Replay:
    """Takes the calls of an instance that were learnt; `miss` takes all others.

    values: what is kept between calls; it must not become shorter.
    """

    def __init__(self, values: list[Any], miss: Callable[..., Any]) -> None:
        self._values = values
        self._miss = miss
        self._tried: set[Any] = set()
        self._entry = Entry(self, miss)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._miss(*args, **kwargs)

    def count_call(self) -> None:
        """One that `miss` is about to take: rows that are spent may wait for full code."""
        self._entry.count_call()

    def wants(self) -> bool:
        """Whether it can learn another call."""
        return not self._entry.is_full and TRACES.value == 0

    def learn(self, args: Sequence[Any], kwargs: dict[str, Any], feeds: Any, seen: Seen) -> None:
        """Calls like this one are native from now on, if they can be.

        The first argument is the instance, one may be the dict of feeds; calls are alike where the
        others are structures (lists, tuples, dicts) of the same objects.
        """
        kind = seen.code, len(args), *kwargs, *(feeds or ())
        if kind in self._tried:
            return
        with suppress(TooLarge):
            self._entry.add(self._row(args, kwargs, feeds, seen))
        self._tried.add(kind)  # not before: an interrupted call is looked at again

    def _row(self, args: Sequence[Any], kwargs: dict[str, Any], feeds: Any, seen: Seen) -> Row:
        program = Program(len(args), list(kwargs))
        fed: Sequence[int] = ()
        for number, x in enumerate([*args[1:], *kwargs.values()], 1):
            if x is feeds and x is not None:
                order = tuple(x)
                places = dict(zip(order, program.container(number, dict, order), strict=True))
                fed = [places[key] for key, _ in seen.feeds]
            else:
                _same(program, number, x)
        values = program.captured(self._values)
        found: dict[int, int] = {}
        for place, x in seen.kept:
            found[place] = program.item(values, place)
            leaf_guard(program, found[place], x)
        for number, (_, x) in zip(fed, seen.feeds, strict=True):
            leaf_guard(program, number, x)
        if seen.counter is not None:
            program.tick(seen.counter)
        captured_guards(program, seen.code)
        executable = seen.code.road.executable
        taken = () if executable.body.host_calls else _taken(seen, found.keys())
        stores = [
            Kept(self._values, place, k, found.get(place), k in taken) for place, k in seen.writes
        ]
        return Row(program, _results(seen.steps), executable, stores=stores)

    def asleep(self) -> AbstractContextManager[None]:
        """Calls that begin meanwhile are `miss`'s; other threads that ask for this wait."""
        return self._entry.asleep()

    @property
    def calls(self) -> int:
        """How many calls ran no Python."""
        return self._entry.calls


def _taken(seen: Seen, known: AbstractSet[int]) -> set[int]:
    """Outputs that are to be arrays that are kept.

    None, if the call sets what it does not read: that could not be given back if it failed.
    """
    if not known >= {place for place, _ in seen.writes}:
        return set()
    pairs = seen.code.alike(seen.updates)
    in_place = seen.code.road.may_overwrite(pairs) if pairs else ()
    outputs = {output for (output, _), may in zip(pairs, in_place, strict=True) if may}
    return outputs - seen.code.road.executable.body.streamed


def _same(program: Program, number: int, x: Any) -> None:
    """This structure, of the same objects."""
    if type(x) is dict:
        keys, parts = list(x), list(x.values())
    elif type(x) is list or isinstance(x, tuple):
        keys, parts = list(range(len(x))), list(x)
    elif isinstance(x, (dict, list)):
        raise TooLarge(f"no native form of a {type(x).__name__}")
    else:
        program.value(number, x)
        return
    for place, part in zip(program.container(number, type(x), keys), parts, strict=True):
        _same(program, place, part)


def _results(steps: Sequence[int | Made | None]) -> Results:
    results = Results()
    for step in steps:
        if step is None:
            results.constant(None)
        elif isinstance(step, int):
            results.output(step)
        else:
            _made(results, step)
    return results


def _made(results: Results, step: Made) -> None:
    """A class of lists or dicts is filled, another function is called."""
    kind: type = list if step.keys is None else dict
    keys = range(step.size) if step.keys is None else step.keys
    if isinstance(step.function, type) and issubclass(step.function, kind):
        results.container(step.function, keys)
    else:
        results.container(kind, keys)
        results.call(step.function, 1)
