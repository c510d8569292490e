"""What the steps of a compilation took: milliseconds, and ops before and after.

Owns the record that is open in the current thread. Who compiles opens one by `recorded`; the pass
manager, the trace and the runtime run their steps through `measure`. Knows no step by name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from jitflow.ir.core import Function
from jitflow.ir.nests import count_ops

Result = TypeVar("Result")


class Timing(NamedTuple):
    """What one step took, without the steps inside it.

    Ops are those before and after, nested ones too; None where a step takes or gives no IR.
    """

    step: str
    milliseconds: float
    ops_before: int | None = None
    ops_after: int | None = None


class _State(threading.local):
    timings: list[Timing] | None = None


_STATE = _State()


@contextmanager
def recorded(timings: list[Timing]) -> Iterator[None]:
    """Steps of this thread append to `timings` while this is open."""
    outer, _STATE.timings = _STATE.timings, timings
    try:
        yield
    finally:
        _STATE.timings = outer


def measure(
    step: str,
    compute: Callable[..., Result],
    *inputs: Any,
    function: Callable[[Result], Any] | None = None,
) -> Result:
    """`compute(*inputs)`, with what it took in the open record; a step before those inside it.

    function: the IR of the result, where it is not the result itself.
    """
    timings = _STATE.timings
    if timings is None:
        return compute(*inputs)
    place, start = len(timings), perf_counter()
    result = compute(*inputs)
    took = 1000 * (perf_counter() - start)
    if len(timings) > place:
        took -= sum([inner.milliseconds for inner in timings[place:]])
    before = _count(inputs[0]) if inputs else None
    made = function(result) if function else result
    after = before if inputs and made is inputs[0] else _count(made)
    timings.insert(place, Timing(step, took, before, after))
    return result


def run_pass(rule: Callable[..., Function], function: Function, **options: Any) -> Function:
    """`rule(function, **options)`, as a step of its name: for passes outside of a pipeline."""
    return measure(rule.__name__, partial(rule, **options), function)


def _count(value: Any) -> int | None:
    return count_ops(value) if isinstance(value, Function) else None


def format_timings(timings: Sequence[Timing]) -> str:
    """A table: a line per step, and the total."""
    lines = [f"{'ms':>9}  {'ops':>13}  step"]
    for step, milliseconds, before, after in timings:
        counts = [str(n) for n in dict.fromkeys((before, after)) if n is not None]
        lines.append(f"{milliseconds:9.3f}  {' -> '.join(counts):>13}  {step}")
    lines.append(f"{sum(t.milliseconds for t in timings):9.3f}  {'':13}  total")
    return "\n".join(lines) + "\n"
