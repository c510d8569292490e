"""fuse: groups elementwise ops and reductions over one index space into `kernel` ops.

Decides what is computed together, and nothing else: loops, vectors and buffers come later.
"""

from __future__ import annotations

from collections import Counter

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.location import unite_all
from jitflow.ir.row import ROWS, Family, OpRow
from jitflow.passes.blocks import LEAST_LENGTH
from jitflow.passes.fuse_groups import GATHER, Group, Plan, is_free
from jitflow.passes.rewrite import count_uses

_SCATTER = ROWS["scatter"]


def fuse(function: Function, *, max_ops: int = 4000, max_operands: int = 48) -> Function:
    """Puts ops that share an index space, and values or operands, into `kernel` ops.

    An elementwise op joins the last group of its shape that comes after all of its operands and
    that it shares a value with, or slices of one value; a reduction joins as what ends the group,
    all of one group over equal axes, and sums and products of floats with as many lanes, which
    are part of what they compute. A gather of single elements joins like an elementwise op, after
    what it reads from is whole. A group that nothing has read yet waits for arrays that are put
    together behind it. Views, matrix products and moves stay between kernels; constants of one
    number and iota are copied into each kernel that uses them, and filled anew for each op that
    writes into them. A group has at most `max_ops` ops, and at most `max_operands` values come
    into it.

    Before: `%1: f32[8] = mul %x, %y`, `%2: f32[8] = exp %1`
    After:  `%2: f32[8] = kernel %x, %y {kind="loop"} (%a: f32[8], %b: f32[8]) { ... yield %1 }`
    Precondition: flattened reductions, no calls.
    """
    plan = Plan(max_ops, max_operands, _read_in_turns(function))
    for op in function.ops if len(function.ops) <= max_ops else _late(function):
        plan.place(op)
    if not plan.has_groups and not plan.has_free:
        return function
    return _Emitter(function, plan).run()


def _read_in_turns(function: Function) -> set[Value]:
    """What is computed element by element for one scatter or cumulative function of long lines."""
    if not any(_is_sequential(row) for row in function.contents.rows):
        return set()
    uses, found = count_uses(function), set[Value]()
    in_turns = Counter[Value]()
    for op in reversed(function.ops):
        if op.row.family is Family.ELEMENTWISE and in_turns[op.result] == uses[op.result]:
            if not _is_long_line(op.result):
                continue
            found.add(op.result)
        elif not _is_sequential(op.row):
            continue
        in_turns.update(op.operands[op.row is _SCATTER :])
    return found


def _is_sequential(row: OpRow) -> bool:
    return row.family is Family.CUMULATIVE or row is _SCATTER


def _is_long_line(value: Value) -> bool:
    return value.type.rank == 1 and value.type.is_static and value.type.size >= LEAST_LENGTH


def _late(function: Function) -> list[Op]:
    """The ops, those of one use and one operand at most that is no constant next to that use.

    Where groups are full, the next ones then need few values of those before.
    """
    ops = function.ops
    uses = count_uses(function)
    place: dict[Value, int] = {}
    """Of the op that a value of one use goes to."""
    found: list[int] = []
    for position in reversed(range(len(ops))):
        op = ops[position]
        at = position
        if op.row.family is Family.ELEMENTWISE and uses[op.result] == 1:
            needed = [v for v in op.operands if v.op is None or not is_free(v.op)]
            at = place.get(op.result, position) if len(set(needed)) < 2 else position
        found.append(at)
        place.update(dict.fromkeys(op.operands, at))
    found.reverse()
    return [ops[k] for k in sorted(range(len(ops)), key=found.__getitem__)]


def _is_filled_for(op: Op, value: Value) -> bool:
    """Whether the op may write into a constant, which then is an array that nothing else reads."""
    if op.row.family is not Family.INDEXING or value is not op.operands[0] or value.op is None:
        return False
    return bool(value.type.shape) and is_free(value.op)


def _is_spread_for(op: Op, value: Value) -> bool:
    """Whether the op reads a constant, of which one number will do, element by element."""
    if op.row.name != "scatter" or value is op.operands[0] or value.op is None:
        return False
    return is_free(value.op) and value.op.row.name == "constant"


class _Emitter:
    """Writes the new function: items in order, views and constants where first needed."""

    def __init__(self, function: Function, plan: Plan) -> None:
        self.function = function
        self.plan = plan
        self.builder = Builder(function.params)
        self.new: dict[Value, Value] = {}
        self.emitted: set[Op] = set()
        self.outside = plan.outside.union(function.results)

    def run(self) -> Function:
        for item in self.plan.items:
            if isinstance(item, Group):
                self._kernel(item)
            elif item is not None:
                self._copy(item)
        for value in self.function.results:
            self._need(value)
        results = [self.new.get(v, v) for v in self.function.results]
        return self.function.with_body(self.builder.region(results))

    def _need(self, value: Value) -> None:
        """Emits the views and constants that a value is made of, operands first."""
        chain, op = [], value.op
        while op is not None and op not in self.emitted and value not in self.plan.owner:
            chain.append(op)
            if not op.operands:
                break
            value = op.operands[0]
            op = value.op
        for op in reversed(chain):
            self._emit(op)

    def _copy(self, op: Op) -> None:
        for value in op.operands:
            if value.op is not None and _is_filled_for(op, value):
                self._fill(value.op)
            elif value.op is not None and _is_spread_for(op, value):
                self._spread(value.op)
            else:
                self._need(value)
        self._emit(op)

    def _spread(self, op: Op) -> None:
        """One number in memory, unless somebody needed the whole array."""
        if op not in self.emitted:
            made = self.builder.emit(op.row, (), op.attrs, locations=op.locations)
            self.new[op.results[0]] = made.result

    def _emit(self, op: Op) -> None:
        """One op outside kernels; a splat constant that is needed whole becomes a kernel."""
        self.emitted.add(op)
        if is_free(op) and op.result.type.shape:
            self._fill(op)
            return
        operands = tuple(self.new.get(v, v) for v in op.operands)
        if operands == op.operands:
            self.builder.append(op)
            return
        moved = self.builder.append(op.with_operands(operands, op.regions))
        self.new.update(zip(op.results, moved.results, strict=True))

    def _fill(self, op: Op) -> None:
        inner = Builder(locations=op.locations)
        inside = inner.emit(op.row, (), op.attrs)
        region = inner.region(inside.results)
        made = self.builder.emit(ROWS["kernel"], (), {"kind": "loop"}, (region,), op.locations)
        made.result.name = op.result.name
        self.new[op.result] = made.result

    def _kernel(self, group: Group) -> None:
        outputs = [v for op in group.ops for v in op.results if v in self.outside]
        if not outputs:
            return
        inside = _Inside()
        whole = {op.operands[0] for op in group.ops if op.row is GATHER}
        for op in group.ops:
            for value in op.operands:
                if value in inside.new:
                    continue
                if value in self.plan.free and value not in whole and value.op is not None:
                    inside.copy(value.op)
                else:
                    self._need(value)
                    inside.take(value)
            inside.add(op)
        operands = tuple([self.new.get(v, v) for v in inside.inputs])
        kind = "loop" if group.axes is None else "reduce"
        made = self.builder.emit(
            ROWS["kernel"], operands, {"kind": kind}, (inside.region(outputs),),
            unite_all(op.locations for op in group.ops),
        )
        for old, value in zip(outputs, made.results, strict=True):
            value.name = old.name
            self.new[old] = value


class _Inside:
    """The region of a kernel: what it takes, constants that are copied in, and its ops."""

    def __init__(self) -> None:
        self.new: dict[Value, Value] = {}
        self.inputs: list[Value] = []
        self.params: list[Value] = []
        self.copied: list[Op] = []
        self.ops: list[Op] = []

    def take(self, value: Value) -> None:
        """A value from around it, as a parameter."""
        param = self.new[value] = Value(value.type, value.name)
        self.inputs.append(value)
        self.params.append(param)

    def copy(self, op: Op) -> None:
        """A constant, which stands in front."""
        fresh = op.with_operands((), ())
        self.new[op.results[0]] = fresh.results[0]
        self.copied.append(fresh)

    def add(self, op: Op) -> None:
        """An op of the group, on what is inside."""
        fresh = op.with_operands(tuple([self.new[v] for v in op.operands]), op.regions)
        self.new.update(zip(op.results, fresh.results, strict=True))
        self.ops.append(fresh)

    def region(self, results: list[Value]) -> Region:
        return Region(self.params, self.copied + self.ops, [self.new[v] for v in results])
