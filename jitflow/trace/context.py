"""One trace in progress: the ops so far, the arrays that it captured, and the trace around it.

A nested trace (a jitted function or `grad` called while tracing) sees outer values as captures:
parameters of its own that stand for them. Knows values and builders, no traced arrays.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from jitflow.errors import TraceError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.location import Location, Locations
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.runtime.entry import TRACES
from jitflow.trace.dispatch import begin_tables
from jitflow.trace.source import here

Result = TypeVar("Result")


class Capture:
    """An array of the outside world: the parameter for it, and what it held when it was used.

    One that the traced function writes later stands for what it held, from then on.
    """

    __slots__ = ("array", "contents", "param")

    def __init__(self, array: np.ndarray[Any, Any], param: Value) -> None:
        self.array = array
        self.param = param
        self.contents = np.array(array, order="C", copy=True, subok=False)

    @property
    def is_current(self) -> bool:
        """Whether the array still holds the same bits."""
        same_shape = self.array.shape == self.contents.shape
        return same_shape and np.array_equal(_bits(self.array), _bits(self.contents))

    def settled(self) -> np.ndarray[Any, Any]:
        """The array, or a copy of what it held where it was written since."""
        return self.array if self.is_current else self.contents


def _bits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return flat if flat.size % 8 else flat.view(np.uint64)


class Context:
    """The state of one trace.

    `captured` are (array, parameter) pairs of the outermost trace: hidden inputs, in order.
    `outer` maps a value of an enclosing trace to this trace's parameter for it. `order` is
    how often the ops will be differentiated.
    """

    __slots__ = (
        "_captures", "_latest", "builder", "checks", "open", "order", "outer", "parent",
    )  # fmt: skip

    def __init__(self, parent: Context | None = None) -> None:
        self.builder = Builder()
        self.parent = parent
        self.order: int = 0 if parent is None else parent.order
        self.open = True
        self.outer: dict[Value, tuple[Value, Context]] = {}
        self.checks = 0
        self._captures: list[Capture] = []
        self._latest: dict[int, Capture] = {}

    @property
    def captured(self) -> list[tuple[Any, Value]]:
        return [(capture.settled(), capture.param) for capture in self._captures]

    @property
    def root(self) -> Context:
        context = self
        while context.parent is not None:
            context = context.parent
        return context

    def own(self, value: Value, home: Context) -> Value:
        """This trace's value for one that was made in `home`, this trace or one around it."""
        if home is self:
            return value
        known = self.outer.get(value)
        if known is None:
            if self.parent is None:
                raise TraceError(strange_text(value, home))
            self.parent.own(value, home)
            known = self.builder.param(value.type, value.name), home
            self.outer[value] = known
        return known[0]

    def captures(self) -> list[Value]:
        """The enclosing trace's values for this trace's captured parameters, in their order."""
        if self.parent is None:
            return []
        return [self.parent.own(value, home) for value, (_, home) in self.outer.items()]

    def array(self, array: np.ndarray[Any, Any]) -> Value:
        """The parameter for an array of the outside world; one as long as its contents stay."""
        root = self.root
        known = root._latest.get(id(array))
        if known is None or not known.is_current:
            type = TensorType(as_dtype(array.dtype), array.shape)
            name = f"captured{len(root._captures)}"
            known = root._latest[id(array)] = Capture(array, root.builder.param(type, name))
            root._captures.append(known)
        return self.own(known.param, root)

    def check(self, condition: Value, message: str, place: Locations) -> None:
        """Makes the call fail with the message where the bool[] condition does not hold."""
        root = self.root
        root.checks += 1
        attrs = {"id": root.checks, "message": message}
        self.builder.emit(ROWS["check"], (condition,), attrs, (), place)


class _State(threading.local):
    context: Context | None = None
    traces: int = 0
    stands_in: bool = False


STATE = _State()
"""`STATE.context` is this thread's innermost trace, or None; `traces` is how many are open.

`stands_in`: NumPy's functions that make arrays make traced ones (`stand_ins.py`).
"""


def in_trace(body: Callable[[Context], Result], nested: bool = False) -> Result:
    """`body(context)` in a new trace. A nested one may capture values of the one around it.

    While there are traces, native calls are Python's. Nothing is called where the state changes, as
    an interrupt (Ctrl-C) or another thread comes in where something is, and would see half of it.
    """
    begin_tables()
    before, count = STATE.context, STATE.traces
    context = Context(before if nested else None)
    try:
        STATE.context = context
        STATE.traces = count + 1
        TRACES.value += 1
        return body(context)
    finally:
        context.open = False
        STATE.context = before
        TRACES.value -= STATE.traces - count
        STATE.traces = count


def _forget_traces() -> None:
    """In a forked child: traces of other threads are not there."""
    TRACES.value = STATE.traces


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_traces)


def current() -> Context:
    """The trace in progress; TraceError outside of one."""
    context = STATE.context
    if context is None:
        raise TraceError(explain("a traced operation outside of any trace", at=here()[0]))
    return context


def where_made(value: Value) -> str:
    """`argument x`, or the line of the user's code that made the value."""
    op: Op | None = value.op
    if op is None:
        return f"argument {value.name or '?'}"
    return (describe(op.locations[0]) if op.locations else "") or op.row.name


def describe(place: Location) -> str:
    return f"{place}: {place.text}" if place.text else str(place)


def strange_text(value: Value, home: Context) -> str:
    """Of an error about a value of `home` that is used where that trace does not reach."""
    problem = "a traced array was used outside the trace that made it"
    if not home.open:
        problem = "a traced array was used after its trace ended"
    return explain(
        f"{problem}\n  made at: {where_made(value)}",
        at=here()[0],
        shapes=[value.type],
        cure="return it from the jitted function instead of storing it outside",
    )
