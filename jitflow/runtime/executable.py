"""A compiled body that takes and gives NumPy arrays.

Owns the call: pointers, fresh outputs, the arena of temporaries, the status. A native entry may
take its place in front of the same body; what it needs is here as data. Knows no IR.
"""

from __future__ import annotations

import ctypes
import math
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from jitflow.errors import CheckError, DtypeError, ShapeError, described, explain
from jitflow.ir.host import HOST_FAILED
from jitflow.ir.location import Location
from jitflow.ir.types import BufferType
from jitflow.passes.timing import Timing, measure, recorded
from jitflow.runtime.arrays import addresses
from jitflow.runtime.background import refine_soon
from jitflow.runtime.engine import LOCK, engine, link
from jitflow.runtime.library import library_addresses
from jitflow.runtime.loading import Code, Linked, arranged
from jitflow.runtime.memory import empty, lender_of, maker_of
from jitflow.runtime.patience import Patience
from jitflow.runtime.target import Target

if TYPE_CHECKING:
    from jitflow.ir.kinds import Kind
    from jitflow.runtime.entry import Row
    from jitflow.runtime.host import HostCall

ARENA_ALIGNMENT = 64
_SIGNATURE = (ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_layout = attrgetter("dtype", "shape", "flags.c_contiguous", "flags.aligned")
_FRESH: Mapping[int, Any] = {}
_HOLDS_GIL = ctypes.PYFUNCTYPE(*_SIGNATURE)
_RELEASES_GIL = ctypes.CFUNCTYPE(*_SIGNATURE)


class Failure(NamedTuple):
    """What a check says when it fails, and the line that it is about."""

    message: str
    at: Location | None


class Body(NamedTuple):
    """A compiled body: its code, and all that is known of it. Plain data, which is kept on disk.

    arena_bytes is the size of its temporaries; `is_long` says that it is worth releasing the GIL;
    `calls` are the math functions that the object imports from jitflow, by symbol;
    `host_calls` are its calls back into Python, by their numbers; `forks` says that it has loops
    that threads share; `streamed` are the numbers of outputs that are stored past the caches,
    which asks for addresses that 64 divides; `baseline_calls` says after how many calls it pays to
    make the code anew of its `text`, as it is baseline code: 0 and "" for code that is not.
    """

    symbol: str
    inputs: tuple[BufferType, ...]
    outputs: tuple[BufferType, ...]
    failures: Mapping[int, Failure]
    arena_bytes: int
    is_long: bool
    code: Code
    calls: Mapping[str, Kind]
    host_calls: tuple[HostCall, ...]
    forks: bool
    streamed: frozenset[int]
    target: Target
    baseline_calls: int = 0
    text: str = ""

    @property
    def object_bytes(self) -> bytes:
        """The object file."""
        return self.code.image


def _host_module() -> Any:
    """The way back into Python, which few bodies take: loaded for these."""
    from jitflow.runtime import host  # noqa: PLC0415

    return host


def _fork() -> int:
    """The address of a call that runs a loop on several threads: loaded for loops like that."""
    from jitflow.runtime.threads import pool  # noqa: PLC0415

    return pool().fork


def full_body(body: Body) -> Body:
    """The body with full code, where it has baseline code."""
    make = engine().object_image
    image = measure("machine code", make, body.text, body.target, body.calls)
    return body._replace(code=arranged(image), baseline_calls=0, text="")


def bytes_of(type: BufferType) -> int:
    """Of a dense buffer of static shape."""
    shape: Any = type.shape
    return math.prod(shape) * int(type.dtype.itemsize)


class Executable:
    """Calls a body: `executable(inputs)` gives its outputs as fresh C-contiguous arrays.

    `executable.run(inputs)` does the same for inputs that are known to fit: exact ndarrays of the
    dtypes and shapes of `inputs`, C-contiguous and aligned. Any thread may call, at any time.
    """

    def __init__(self, body: Body) -> None:
        self._linked: list[Linked] = []
        """Baseline code stays as long as full code: calls may be under way in it."""
        self._load(body)
        self.patience = Patience(body.baseline_calls) if body.baseline_calls else None
        """None where the code is full code."""
        self.refined: Callable[[Body, list[Timing]], None] | None = None
        """What wants to know of full code, and of the steps in which it was made."""
        fork = _fork() if body.forks else 0
        self._host = _host_module().Host(body.host_calls, fork) if body.host_calls else None
        self.context: int | None = None
        if self._host is not None:
            self.context = self._host.address
        elif fork:
            self.context = _host_module().plain_context(fork)
        self._pack = struct.Struct(f"{len(body.inputs) + len(body.outputs)}Q").pack
        self._types = [np.ndarray] * len(body.inputs)
        self._expected = [(t.dtype.numpy, t.shape, True, True) for t in body.inputs]
        self.makers = [
            maker_of(bytes_of(t), k in body.streamed) for k, t in enumerate(body.outputs)
        ]
        self._outputs: list[Any] = [
            (maker.empty, t.shape, t.dtype.numpy)
            for maker, t in zip(self.makers, body.outputs, strict=True)
        ]
        self.lender = lender_of(body.arena_bytes)
        """Of large arenas, one a call."""
        self._arenas: list[tuple[int, Any]] = []

    def _load(self, body: Body) -> None:
        """Links the body; calls that begin from now on run it."""
        imports = measure("math functions", library_addresses, body.calls)
        linked = measure("link", link, [body.code], [body.symbol], imports)
        address = linked.addresses[body.symbol]
        self._linked.append(linked)
        self._call = (_RELEASES_GIL if body.is_long else _HOLDS_GIL)(address)
        self.address, self.body = address, body

    def refine(self) -> None:
        """Makes full code, if it is baseline code; calls that are under way finish with that."""
        with LOCK:
            patience, steps = self.patience, list[Timing]()
            if patience is None:
                return
            with recorded(steps):
                measure("refine", lambda: self._load(full_body(self.body)))
            patience.use(self.address)
            self.patience = None
            if self.refined is not None:
                self.refined(self.body, steps)
                self.refined = None

    def serve(self, row: Row) -> None:
        """Has a row of the native entry call the code, now and when it is full code."""
        patience = self.patience
        if patience is not None:
            patience.serve(row, self)
        else:
            row.use(self.address)
            row.limit(None)

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """Outputs of checked inputs; DtypeError, ShapeError or CheckError."""
        if list(map(type, inputs)) != self._types or list(map(_layout, inputs)) != self._expected:
            self._refuse(inputs)
        return self.run(inputs)

    def run(self, inputs: Sequence[Any], places: Mapping[int, Any] = _FRESH) -> list[Any]:
        """Outputs of inputs that fit; nothing is checked. CheckError where a check fails.

        What a function of the host raises is raised again. `places` are arrays that outputs, by
        number, are to be, where their addresses allow it.
        """
        if self.patience is not None:
            self.count_call()
        if places:
            outputs = [self._output(k, places.get(k)) for k in range(len(self._outputs))]
        else:
            outputs = [empty(shape, dtype) for empty, shape, dtype in self._outputs]
        pointers = self._pack(*addresses([*inputs, *outputs]))
        if not self.body.arena_bytes:
            status = self._call(pointers, None, None, self.context)
        else:
            arena = self._free_arena()
            status = self._call(pointers, None, arena[0], self.context)
            if self.lender is None:
                self._arenas.append(arena)
        if status:
            self.fail(status)
        return outputs

    def count_call(self) -> None:
        """One more by Python; has full code made where calls by Python and by rows were enough."""
        patience = self.patience
        if patience is not None and patience.is_due():
            refine_soon(self)

    def _output(self, number: int, array: Any) -> Any:
        """The array where there is one that will do, else a fresh one."""
        is_any = number not in self.body.streamed
        if array is not None and (is_any or not array.ctypes.data % ARENA_ALIGNMENT):
            return array
        empty, shape, dtype = self._outputs[number]
        return empty(shape, dtype)

    @property
    def object_bytes(self) -> bytes:
        return self.body.object_bytes

    def _free_arena(self) -> tuple[int, Any]:
        try:
            return self._arenas.pop()
        except IndexError:
            return self.new_arena()

    def new_arena(self) -> tuple[int, Any]:
        """An aligned address and the memory that it lies in; MemoryError where there is none."""
        if self.body.arena_bytes > sys.maxsize - ARENA_ALIGNMENT:
            raise MemoryError(f"unable to allocate {self.body.arena_bytes} bytes of temporaries")
        memory = empty((self.body.arena_bytes + ARENA_ALIGNMENT,), np.uint8)
        (start,) = addresses([memory])
        return start + -start % ARENA_ALIGNMENT, memory

    def fail(self, status: int) -> NoReturn:
        """Raises what a status of the body other than 0 stands for."""
        if status == HOST_FAILED:
            _host_module().raise_failure()
        failure = self.body.failures[status]
        raise CheckError(explain(failure.message, at=failure.at), status)

    def _refuse(self, inputs: Sequence[Any]) -> None:
        """Raises the error of the first input that does not fit."""
        if len(inputs) != len(self._expected):
            count = len(self._expected)
            raise ShapeError(f"{self.body.symbol} takes {count} arrays, got {len(inputs)}")
        for position, (x, layout) in enumerate(zip(inputs, self._expected, strict=True)):
            if type(x) is not np.ndarray:
                raise DtypeError(f"input {position} is {described(x)}, not an ndarray")
            dtype, shape = layout[:2]
            if x.dtype != dtype:
                raise DtypeError(f"input {position} is {x.dtype}, the code is for {dtype}")
            if x.shape != shape:
                raise ShapeError(f"input {position} has shape {x.shape}, the code is for {shape}")
            if not (x.flags.c_contiguous and x.flags.aligned):
                raise ShapeError(f"input {position} is not C-contiguous and aligned; copy it first")
