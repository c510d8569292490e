"""Ways to the vectors of records, from the values of their parts: what each costs, and its code.

Owns no choice between them, which lowering/packing.py makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value, used
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.records import Line, Map, Place, Records, lanes_type, weave
from jitflow.passes.lowering.squares import PART_BYTES
from jitflow.passes.lowering.weaving import permuted, weaving_cost

MAX_DEPTH = 16
"""Ops from a stored value to what it is computed from, as far as one looks."""


class Block:
    """What is asked of a region whose stores are joined."""

    def __init__(self, region: Region) -> None:
        self.region = region

    @computed
    def position(self) -> dict[Op, int]:
        """Of each op of the region, by its order."""
        return {op: k for k, op in enumerate(self.region.ops)}

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
        if op is None or op not in self.position:
            return value not in self.region.params
        if depth > MAX_DEPTH or op.regions:
            return False
        if op.row.name == "load":
            memory = base_of(address(op)[0])
            if not self.is_plain or memory in self.written or lanes_type(op) is not None:
                return False
        elif not (op.row.is_elementwise or op.row.name in ("constant", "splat", "view")):
            return False
        return all(self.is_fixed(v, depth + 1) for v in _moving(op))


class Plan:
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


class Fixed(Plan):
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
            if [*map(number_in, at[:-1])] != [*map(number_in, indices[:-1])]:
                return None
            if not at or constant_int(at[-1]) != start + k:
                return None
        local: dict[Hashable, Value] = {}
        alone = self._copied(b, first.result, new, local).op
        if alone is None or alone.row is not first.row:
            return None
        row = b.load(*alone.operands, lanes=lanes, valid=count if count < lanes else 0)
        return [
            permuted(b, row, [(k * lanes + lane) % count for lane in range(lanes)])
            for k in range(count)
        ]

    def _parts(self, b: Builder, new: Map) -> list[Value]:
        local: dict[Hashable, Value] = {}
        parts = [self._copied(b, v, new, local) for v in self.values]
        return parts if len(set(parts)) == 1 else weave(b, parts)

    def _copied(self, b: Builder, value: Value, new: Map, local: dict[Hashable, Value]) -> Value:
        """The value in front of the loop; what is equal is computed once."""
        op = value.op
        if op is None or op not in self.block.position:
            return new.get(value, value)
        if value not in local:
            moving = _moving(op)
            operands = tuple([
                self._copied(b, v, new, local) if v in moving else self._zero(b, local)
                for v in op.operands
            ])
            key = (op.row, operands, *op.attrs.values())
            if key not in local:
                local[key] = b.append(op.with_operands(operands, ())).result
            local[value] = local[key]
        return local[value]

    def _zero(self, b: Builder, local: dict[Hashable, Value]) -> Value:
        if 0 not in local:
            local[0] = b.index(0)
        return local[0]

    def emit(self, b: Builder, new: Map) -> list[Value]:
        self.prepare(b, new)
        assert self.made is not None
        return self.made


class Same(Plan):
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


class Read(Plan):
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


class Mixed(Plan):
    """Parts that are read, and others that no step of the loop changes: a blend of the two."""

    def __init__(self, block: Block, values: Sequence[Value], read: Read, fixed: Fixed) -> None:
        super().__init__(block, values)
        self.read = read
        self.fixed = fixed
        self.is_read = [value in read.values and value not in fixed.values for value in values]

    @computed
    def cost(self) -> float:
        return self.read.cost + len(self.values)

    @property
    def saved(self) -> float:
        return self.read.saved

    def replaced(self) -> Iterator[Op]:
        return self.read.replaced()

    def prepare(self, b: Builder, new: Map) -> None:
        self.fixed.prepare(b, new)

    def emit(self, b: Builder, new: Map) -> list[Value]:
        count, vectors = len(self.values), list[Value]()
        pairs = zip(self.read.emit(b, new), self.fixed.emit(b, new), strict=True)
        for number, (read, fixed) in enumerate(pairs):
            lanes = read.type.lanes
            at = [(number * lanes + lane) % count for lane in range(lanes)]
            order = [lane if self.is_read[k] else lanes + lane for lane, k in enumerate(at)]
            vectors.append(b.shuffle(read, fixed, lanes=tuple(order)))
        return vectors


class Alike(Plan):
    """One elementwise op in all parts."""

    def __init__(self, block: Block, values: Sequence[Value], operands: list[Plan]) -> None:
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


def number_in(value: Value) -> object:
    """What is in all lanes: a constant, or the value itself."""
    is_constant = value.op is not None and value.op.row.name == "constant"
    return value.op.attrs["value"] if is_constant and value.op is not None else value


def _moving(op: Op) -> tuple[Value, ...]:
    """The operands that matter: all but indices along which a buffer has one element."""
    if op.row.name != "load":
        return op.operands
    buffer, indices = address(op)
    steps = zip(indices, buffer.type.strides, strict=True)
    return buffer, *[index for index, stride in steps if stride]


def _splat_load(value: Value) -> Op | None:
    """The load of a number that is in all lanes; None where there is no load, or of lanes."""
    splat = value.op
    load = splat.operands[0].op if splat is not None and splat.row.name == "splat" else None
    return load if load is not None and load.row.name == "load" else None
