"""Records that are computed side by side in memory's order, in place of part by part.

Owns which values are alike, and what the fewest shuffles are: of n results to the vectors of their
records, or of what they are computed from. Any of the two gives the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value, used
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.records import (
    Line,
    Map,
    Place,
    Records,
    find_near,
    lanes_type,
    place,
    weave,
)
from jitflow.passes.lowering.squares import PART_BYTES
from jitflow.passes.lowering.weaving import permuted, weaving_cost

MAX_DEPTH = 16
"""Ops from a stored value to what it is computed from, as far as one looks."""


SHIFTS = ("shift_left", "shift_right")
"""Rows that take long where lanes differ in the second operand, and little where they do not."""


class Block:
    """What is asked of a region whose stores are joined."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.ops = set(region.ops)
        self.position = {op: k for k, op in enumerate(region.ops)}

    @computed
    def uses(self) -> Counter[Value]:
        counts = Counter(self.region.results)
        for op in self.region.ops:
            counts.update(used(op) if op.regions else op.operands)
        return counts

    @computed
    def written(self) -> dict[Value, list[Op]]:
        """Stores by their buffer."""
        found: dict[Value, list[Op]] = {}
        for op in self.region.ops:
            if op.row.name == "store":
                found.setdefault(base_of(op.operands[1]), []).append(op)
        return found

    @computed
    def is_plain(self) -> bool:
        """Whether loads and stores alone touch memory."""
        return not any(op.regions or op.row.name in ("run", "host_call") for op in self.region.ops)

    def is_fixed(self, value: Value, depth: int = 0) -> bool:
        """Whether a value is the same each time that the region runs, and cheap to compute."""
        op = value.op
        if op is None or op not in self.ops:
            return value not in self.region.params
        if depth > MAX_DEPTH or op.regions:
            return False
        if op.row.name == "load":
            memory = base_of(address(op)[0])
            if not self.is_plain or memory in self.written or lanes_type(op) is not None:
                return False
        elif not (op.row.is_elementwise or op.row.name in ("constant", "splat", "view")):
            return False
        return all(self.is_fixed(v, depth + 1) for v in op.operands)


class Packing:
    """How the vectors of one group of stores come about."""

    def __init__(self, block: Block, records: Records) -> None:
        self.records = records
        values = [records.parts[k].operands[0] for k in range(records.count)]
        self._plan = _plan(block, records, values, 0)

    @computed
    def replaced(self) -> frozenset[Op]:
        """The ops whose results nothing needs any more, as other vectors are computed."""
        return frozenset(self._plan.replaced())

    def prepare(self, b: Builder, new: Map) -> None:
        """Emits what is the same in all steps of a loop, in front of it."""
        self._plan.prepare(b, new)

    def vectors(self, b: Builder, new: Map) -> list[Value]:
        return self._plan.emit(b, new)


class _Plan:
    """A way to the vectors of records, by the values of their parts; this one weaves those."""

    def __init__(self, block: Block, values: Sequence[Value]) -> None:
        self.block = block
        self.values = values

    @computed
    def cost(self) -> float:
        """Shuffles that are needed."""
        return weaving_cost(len(self.values)) * self.size

    @computed
    def size(self) -> float:
        """What a shuffle costs: wide vectors are several for a CPU, or take several."""
        type = self.values[0].type
        return max(1.0, type.lanes * type.dtype.itemsize / PART_BYTES)

    @property
    def saved(self) -> float:
        """Shuffles that are not needed where the parts themselves are not."""
        return 0

    def replaced(self) -> Iterator[Op]:
        return iter(())

    def prepare(self, b: Builder, new: Map) -> None:
        pass

    def emit(self, b: Builder, new: Map) -> list[Value]:
        return weave(b, [new.get(v, v) for v in self.values])


class _Fixed(_Plan):
    """Values that no step of the loop changes."""

    made: list[Value] | None = None
    cost = 0

    def prepare(self, b: Builder, new: Map) -> None:
        if self.made is None:
            self.made = self._row(b, new) or self._parts(b, new)

    def _row(self, b: Builder, new: Map) -> list[Value] | None:
        """Numbers that stand side by side in memory are loaded together, and spread."""
        loads = [_splat_load(v) for v in self.values]
        lanes, count = self.values[0].type.lanes, len(self.values)
        first = loads[0]
        if first is None or count > lanes:
            return None
        buffer, indices = address(first)
        start = constant_int(indices[-1]) if indices else None
        if start is None or buffer.type.strides[-1] != 1:
            return None
        for k, op in enumerate(loads):
            at = address(op)[1] if op is not None and address(op)[0] is buffer else ()
            if [*map(_number, at[:-1])] != [*map(_number, indices[:-1])]:
                return None
            if not at or constant_int(at[-1]) != start + k:
                return None
        local: Map = {}
        there, *at = [self._copied(b, v, new, local) for v in first.operands]
        row = b.load(there, *at, lanes=lanes, valid=count if count < lanes else 0)
        return [
            permuted(b, row, [(k * lanes + lane) % count for lane in range(lanes)])
            for k in range(count)
        ]

    def _parts(self, b: Builder, new: Map) -> list[Value]:
        local: Map = {}
        parts = [self._copied(b, v, new, local) for v in self.values]
        return parts if len(set(parts)) == 1 else weave(b, parts)

    def _copied(self, b: Builder, value: Value, new: Map, local: Map) -> Value:
        op = value.op
        if op is None or op not in self.block.ops:
            return new.get(value, value)
        if value not in local:
            operands = tuple([self._copied(b, v, new, local) for v in op.operands])
            local[value] = b.append(op.with_operands(operands, ())).result
        return local[value]

    def emit(self, b: Builder, new: Map) -> list[Value]:
        self.prepare(b, new)
        assert self.made is not None
        return self.made


class _Same(_Plan):
    """One value in all parts: each lane as often as there are parts."""

    @computed
    def cost(self) -> float:
        return len(self.values) * self.size

    def emit(self, b: Builder, new: Map) -> list[Value]:
        vector, count = new.get(self.values[0], self.values[0]), len(self.values)
        lanes = vector.type.lanes
        return [
            permuted(b, vector, [(k * lanes + lane) // count for lane in range(lanes)])
            for k in range(count)
        ]


class _Read(_Plan):
    """Parts that stand near each other in memory: vectors of what is next to each other there."""

    def __init__(
        self, block: Block, values: Sequence[Value], loads: Records, places: Sequence[Place]
    ) -> None:
        super().__init__(block, values)
        self.loads = loads
        lanes, count = loads.lanes, len(values)
        self.elements = [
            [
                places[e % count].offset - loads.first.offset + e // count * loads.count
                for e in range(k * lanes, (k + 1) * lanes)
            ]
            for k in range(count)
        ]

    @property
    def fits(self) -> bool:
        """Whether two loads have all the elements of each vector."""
        return all(max(e) - min(e) < 2 * self.loads.lanes for e in self.elements)

    @computed
    def cost(self) -> float:
        turned = sum(e != list(range(e[0], e[0] + len(e))) for e in self.elements)
        return turned * self.size

    @property
    def saved(self) -> float:
        alone = all(self.block.uses[v] == 1 for v in self.values)
        is_record = alone and self.loads.count > 1
        return weaving_cost(self.loads.count) * self.size if is_record else 0

    def replaced(self) -> Iterator[Op]:
        for op in self.loads.ops:
            if self.block.uses[op.result] == 1:
                yield op

    def emit(self, b: Builder, new: Map) -> list[Value]:
        line, lanes = Line(b, self.loads, new), self.loads.lanes
        return [self._vector(b, line, elements, lanes) for elements in self.elements]

    def _vector(self, b: Builder, line: Line, elements: list[int], lanes: int) -> Value:
        first = min(min(elements), self.loads.elements - lanes)
        vector = line.load(b, first, lanes)
        last = max(elements)
        if last - first < lanes:
            return permuted(b, vector, [e - first for e in elements])
        second = last - lanes + 1
        order = [e - first if e < first + lanes else lanes + e - second for e in elements]
        return b.shuffle(vector, line.load(b, second, lanes), lanes=tuple(order))


class _Alike(_Plan):
    """One elementwise op in all parts."""

    def __init__(self, block: Block, values: Sequence[Value], operands: list[_Plan]) -> None:
        super().__init__(block, values)
        self.operands = operands

    @computed
    def cost(self) -> float:
        return sum(plan.cost for plan in self.operands)

    @property
    def saved(self) -> float:
        return sum(plan.saved for plan in self.operands)

    def replaced(self) -> Iterator[Op]:
        for value in self.values:
            assert value.op is not None
            yield value.op
        for plan in self.operands:
            yield from plan.replaced()

    def prepare(self, b: Builder, new: Map) -> None:
        for plan in self.operands:
            plan.prepare(b, new)

    def emit(self, b: Builder, new: Map) -> list[Value]:
        op = self.values[0].op
        assert op is not None
        operands = zip(*[plan.emit(b, new) for plan in self.operands], strict=True)
        return [b.append(op.with_operands(vectors, ())).result for vectors in operands]


def _plan(block: Block, records: Records, values: Sequence[Value], depth: int) -> _Plan:
    """The way of the fewest shuffles."""
    weaving = _Plan(block, values)
    if all(block.is_fixed(v) for v in values):
        return _Fixed(block, values)
    if len(set(values)) == 1:
        return _Same(block, values)
    other = _read(block, records, values) or _alike(block, records, values, depth)
    if other is not None and other.cost < weaving.cost + other.saved:
        return other
    return weaving


def _read(block: Block, records: Records, values: Sequence[Value]) -> _Plan | None:
    ops = [v.op for v in values if v.op is not None and v.op in block.ops]
    if len(ops) < len(values) or any(op.row.name != "load" for op in ops) or records.valid:
        return None
    loads = find_near(ops)
    if loads is None or not block.is_plain or _is_between(block, loads, records):
        return None
    places = [at for at in map(place, ops) if at is not None]
    plan = _Read(block, values, loads, places)
    return plan if plan.fits else None


def _is_between(block: Block, loads: Records, records: Records) -> bool:
    """Whether something else writes what is loaded before the records are stored."""
    first = min(block.position[op] for op in loads.ops)
    last = block.position[records.ops[-1]]
    return any(
        first < block.position[op] < last and op not in records.ops
        for op in block.written.get(loads.first.base, ())
    )


def _alike(
    block: Block, records: Records, values: Sequence[Value], depth: int
) -> _Plan | None:
    ops = [v.op for v in values if v.op is not None and v.op in block.ops]
    if len(ops) < len(values) or depth > MAX_DEPTH or not all(map(_is_plain, ops)):
        return None
    head = ops[0]
    types = [v.type for v in head.operands]
    for op in ops:
        if op.row is not head.row or op.attrs != head.attrs or block.uses[op.result] != 1:
            return None
        if [v.type for v in op.operands] != types:
            return None
    operands = list(zip(*[op.operands for op in ops], strict=True))
    if head.row.name in SHIFTS and len({_number(v) for v in operands[1]}) > 1:
        return None
    return _Alike(block, values, [_plan(block, records, each, depth + 1) for each in operands])


def _number(value: Value) -> object:
    """What is in all lanes: a constant, or the value itself."""
    is_constant = value.op is not None and value.op.row.name == "constant"
    return value.op.attrs["value"] if is_constant and value.op is not None else value


def _splat_load(value: Value) -> Op | None:
    """The load of a number that is in all lanes; None where there is no load, or of lanes."""
    splat = value.op
    load = splat.operands[0].op if splat is not None and splat.row.name == "splat" else None
    return load if load is not None and load.row.name == "load" else None


def _is_plain(op: Op) -> bool:
    return op.row.is_elementwise and all(isinstance(v.type, VectorType) for v in op.operands)

