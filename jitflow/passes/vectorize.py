"""vectorize: innermost parallel loops work on lanes instead of scalars, then on a tail."""

from __future__ import annotations

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.row import ROWS
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.rebuild import constant_int, rebuild
from jitflow.passes.lowering.records import MOST_PARTS
from jitflow.passes.lowering.varying import can_widen
from jitflow.passes.lowering.widen import Widener

LOOP = ROWS["loop"]

LIGHT_BODY = 8
"""Additions per element up to which several vectors per step pay, and code of its own for the end.

Above it neither gains: the CPU overlaps steps by itself, and code takes long to make.
"""


LONG_LOOP = 1 << 18
"""Elements from which on a math function gets two vectors per step.

One function is a chain in which each op waits for the last; two chains run side by side, which
takes a tenth to a fifth less time, and code twice as long to make.
"""

MATH_ROW = 24
"""Cost from which on a row is such a chain."""

RECORD_LANES = 16
"""Records at once at most: more bytes than a CPU shuffles as quickly as 16."""

CARRIED_VECTORS = 8
"""Vectors that the sequential loops in a body carry at most: half of the registers of any target.

Each waits for itself alone, so that several wait at the same time, and read whole lines of memory.
"""


def vectorize(function: Function, *, vector_bytes: int = 32) -> Function:
    """Widens each parallel loop that holds no other: loads and stores along its index take lanes.

    The widened axis may be any axis of a buffer; sequential loops inside carry vectors. A last,
    partial step moves back to overlap the one before it; where the loop reads what it writes, or
    is shorter than a vector, lanes are masked instead.
    Before: `loop %0, %n {kind="parallel"} (%i: i64[]) { %x: f32[] = load %a, %i ... }`
    After:  `loop %0, %n {step=8, kind="parallel"} (%i: i64[]) { %x: f32<8> = load %a, %i ... }`
    Precondition: loop bounds are constants; others stay scalar.
    """

    if LOOP not in function.contents.rows:
        return function

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row is not LOOP or op.attrs["kind"] != "parallel" or op.attrs["step"] != 1:
            return False
        lower, upper = constant_int(op.operands[0]), constant_int(op.operands[1])
        if lower != 0 or upper is None or upper < 1 or not _is_innermost(op) or not can_widen(op):
            return False
        body = list(walk(op.regions[0]))
        cost, register = _cost(body), vector_bytes // _widest(body)
        lanes = _lanes(op, body, upper, register, cost)
        loop = _Loop(builder, op, upper, new)
        has_tail = upper > 4 * lanes and upper % lanes and loop.rereads()
        if has_tail and lanes > register and upper % (lanes // 2) == 0:
            lanes //= 2
        loop.emit(lanes, peel=cost <= LIGHT_BODY and not _has_records(op))
        return True

    return rebuild(function, visit)


def _is_innermost(op: Op) -> bool:
    """Whether the body is scalar and holds no parallel loop."""
    contents = op.regions[0].contents
    if any(isinstance(type, VectorType) for type in contents.types):
        return False
    return LOOP not in contents.rows or not any(
        inner.row is LOOP and inner.attrs["kind"] == "parallel" for inner in walk(op.regions[0])
    )


def _cost(body: list[Op]) -> float:
    """Additions per iteration."""
    return sum([op.row.cost for op in body if op.row.is_elementwise])


def _is_one_chain(body: list[Op], cost: float) -> bool:
    """Whether one math function is all that takes time."""
    chains = [op.row.cost for op in body if op.row.expand is not None and op.row.cost >= MATH_ROW]
    return len(chains) == 1 and cost - chains[0] <= LIGHT_BODY


def _widest(body: list[Op]) -> int:
    """Bytes of the largest elements that the body reads or writes."""
    sizes = [
        v.type.dtype.itemsize for inner in body for v in inner.results
        if inner.row.name == "load"
    ]
    sizes += [inner.operands[0].type.dtype.itemsize for inner in body if inner.row.name == "store"]
    return max(sizes, default=4)


def _lanes(op: Op, body: list[Op], extent: int, register: int, cost: float) -> int:
    """Lanes that fill a vector register, times 2 or 4 where the body is light."""
    loops = LOOP in op.regions[0].contents.rows
    lanes = register
    if _has_records(op):
        lanes = min(lanes, RECORD_LANES)
    elif cost <= LIGHT_BODY:
        lanes *= 4 if loops else 2
    elif loops:
        lanes *= _vectors_carried(op)
    elif extent >= LONG_LOOP and not loops and _is_one_chain(body, cost):
        lanes *= 2
    while lanes // 2 >= extent and lanes > 2:
        lanes //= 2
    return max(lanes, 2)


def _has_records(op: Op) -> bool:
    """Whether lanes stand apart in records, which then are shuffled: in one register each."""
    index = op.regions[0].params[0]
    for inner in op.regions[0].ops:
        if inner.row.name in ("load", "store"):
            buffer, indices = address(inner)
            places = zip(indices, buffer.type.strides, strict=True)
            if any(at is index and 2 < stride <= MOST_PARTS for at, stride in places):
                return True
    return False


def _vectors_carried(op: Op) -> int:
    """4, 2 or 1 vectors a step, for sequential loops whose innermost bodies are light."""
    nests = [o for o in walk(op.regions[0]) if o.row is LOOP]
    inner = [nest for nest in nests if LOOP not in nest.regions[0].contents.rows]
    if any(_cost(list(walk(nest.regions[0]))) > LIGHT_BODY for nest in inner):
        return 1
    carried = max(len(nest.results) for nest in inner)
    return next(n for n in (4, 2, 1) if n * carried <= CARRIED_VECTORS or n == 1)


class _Loop:
    """One loop under widening."""

    def __init__(self, builder: Builder, op: Op, extent: int, new: dict[Value, Value]) -> None:
        self.builder = builder
        self.op = op
        self.extent = extent
        self.new = new

    def emit(self, lanes: int, peel: bool) -> None:
        full, left = divmod(self.extent, lanes)
        if full == 0:
            self._step(self.builder, self.builder.index(0), lanes, left)
        elif left == 0:
            self._steps(lanes, self.extent)
        elif self.rereads():
            self._steps(lanes, full * lanes)
            self._step(self.builder, self.builder.index(full * lanes), lanes, left)
        elif peel:
            self._steps(lanes, full * lanes)
            self._step(self.builder, self.builder.index(self.extent - lanes), lanes, 0)
        else:
            self._overlapping(lanes)

    def _step(self, b: Builder, index: Value, lanes: int, valid: int) -> None:
        Widener(b, self.op.regions[0], self.new, lanes, valid).run(index)

    def _steps(self, lanes: int, end: int) -> None:
        if end == lanes:
            self._step(self.builder, self.builder.index(0), lanes, 0)
            return
        self._loop(end, lanes, "parallel", lambda inner, index: index)

    def _overlapping(self, lanes: int) -> None:
        """Writes of the last two steps overlap, with equal values."""
        last = self.builder.index(self.extent - lanes)
        self._loop(
            self.extent, lanes, "overlapping", lambda inner, index: inner.minimum(index, last)
        )

    def _loop(self, end: int, lanes: int, kind: str, place: object) -> None:
        def body(inner: Builder, index: Value) -> tuple[Value, ...]:
            self._step(inner, place(inner, index), lanes, 0)  # type: ignore[operator]
            return ()

        lower, upper = [self.new.get(v, v) for v in self.op.operands]
        last = upper if end == self.extent else self.builder.index(end)
        self.builder.loop(lower, last, body, (), lanes, kind)

    def rereads(self) -> bool:
        """Whether a buffer that the body writes is also read by it."""
        ops = list(walk(self.op.regions[0]))
        written = {base_of(o.operands[1]) for o in ops if o.row.name == "store"}
        return any(base_of(o.operands[0]) in written for o in ops if o.row.name == "load")
