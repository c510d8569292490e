"""The way from compiled bodies back into Python: the context that they get, and what it calls.

A body calls the context's one entry with the number of the call and the addresses of its buffers.
The entry takes the GIL, which the body may have released, and no exception passes native code: it
is kept for the thread until the body has returned. Knows no IR but buffer types.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from jitflow.errors import LinalgError, explain
from jitflow.ir.host import HOST_FAILED, host_function
from jitflow.ir.location import Location
from jitflow.ir.types import BufferType

_ENTRY = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_size_t)
)

_MOST_KEPT = 8
"""Sets of arrays that are kept for a call: they cost more than many a call does with them."""


class HostCall(NamedTuple):
    """One call of the host in a body: what it calls, with which buffers, and the user's line."""

    callee: str
    buffers: tuple[BufferType, ...]
    at: Location | None


class Context(ctypes.Structure):
    """What bodies get as their last argument: their way to Python, and to other threads.

    The entries stand at 0 and `FORK_SLOT`.
    """

    _fields_ = [("entry", _ENTRY), ("fork", ctypes.c_void_p)]


_LASTING: list[Context] = []


class _Raised(threading.local):
    error: BaseException | None = None


_RAISED = _Raised()
"""What the last call of the host in this thread raised; its body is about to return."""


class Host:
    """The context of one body, for calls from any thread; `address` holds while it lives."""

    def __init__(self, calls: Sequence[HostCall], fork: int = 0) -> None:
        ready = [_prepared(call) for call in calls]

        def enter(context: int, number: int, table: Any) -> int:
            try:
                ready[number](table)
            except BaseException as error:  # noqa: BLE001 (raised when the body has returned)
                _RAISED.error = error
                return HOST_FAILED
            return 0

        self._context = Context(_ENTRY(enter), fork)
        self.address = ctypes.addressof(self._context)


@cache
def plain_context(fork: int) -> int:
    """The address of a context for bodies that call no Python, which lasts."""
    context = Context(_ENTRY(), fork)
    _LASTING.append(context)
    return ctypes.addressof(context)


def raise_failure() -> None:
    """Raises what a call of the host raised in this thread, when its body has returned."""
    error, _RAISED.error = _RAISED.error, None
    assert error is not None
    raise error


def _prepared(call: HostCall) -> Callable[[Any], None]:
    """The call on a table of addresses; its arrays own no memory, and serve again there."""
    function = host_function(call.callee)
    views = [_view(type) for type in call.buffers]
    kept: dict[tuple[int, ...], list[Any]] = {}

    def run(table: Any) -> None:
        addresses = tuple(table[: len(views)])
        arrays = kept.get(addresses)
        if arrays is None:
            arrays = [view(at) for view, at in zip(views, addresses, strict=True)]
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[addresses] = arrays
        try:
            function(*arrays)
        except LinalgError as error:
            raise LinalgError(explain(str(error), op=call.callee, at=call.at)) from None

    return run


def _view(type: BufferType) -> Callable[[int], Any]:
    """Makes an array over memory whose element at index 0 has the address given."""
    size, low, high = type.dtype.itemsize, 0, 0
    shape: Any = type.shape
    strides: Any = type.strides
    for extent, stride in zip(shape, strides, strict=True):
        reach = (extent - 1) * stride
        low, high = low + min(reach, 0), high + max(reach, 0)
    memory = ctypes.c_char * (0 if 0 in shape else (high - low + 1) * size)
    steps = tuple(stride * size for stride in strides)
    dtype: Any = type.dtype.numpy

    def make(address: int) -> Any:
        if 0 in shape or not address:
            return np.empty(shape, dtype)
        owner: Any = memory.from_address(address + low * size)
        return np.ndarray(shape, dtype, owner, -low * size, steps)

    return make
