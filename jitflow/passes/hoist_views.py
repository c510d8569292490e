"""hoist_views: views move up through elementwise ops, so that fusion meets fewer of them.

Knows which views give no more elements than they take; asks rows for all else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.row import ROWS, Family
from jitflow.passes.rewrite import Sweep, must_stay, operands_of_products
from jitflow.passes.view_rules import adds_ones

_CONSTANT = ROWS["constant"]
_BROADCAST = ROWS["broadcast"]
_RESHAPE = ROWS["reshape"]
_VIEWS = frozenset(ROWS[name] for name in ("transpose", "reshape", "reverse", "slice"))

Chain = tuple[Op, "Chain | None"]
"""Views that follow each other: the first one, and the rest."""


def hoist_views(function: Function) -> Function:
    """Applies a view before an elementwise op in place of after it.

        %0: f32[3, 2] = exp %x                          %0: f32[2, 3] = transpose %x {axes=[1, 0]}
        %1: f32[2, 3] = transpose %0 {axes=[1, 0]}  ->  %1: f32[2, 3] = exp %0

    Only where the op has one operand beside constants of one number and broadcast scalars, and
    no live use but the view: then there are as many ops as before, each on as many elements or
    fewer. Reshapes stay below ops that they could not pass all of, up to one of a broadcast array:
    a kernel would end between them. A reshape that only adds axes of extent 1 stays: canonicalize
    moves it down. Views that a product reads stay as well: it reads by strides, and its order of
    additions depends on them, which must not depend on who else uses the op. One backward sweep to
    plan, one forward sweep to move.
    """
    return _Hoist().function(function) if function.contents.has(Family.VIEW) else function


class _Plan:
    """Which ops get their source viewed (`over`), and which views go from their place.

    Dead ops go too, if anything moves: they may use what is there no more.
    """

    def __init__(self, region: Region) -> None:
        self.over: dict[Op, Chain] = {}
        self.gone: set[Op] = set()
        self.uses: dict[Value, int] = {}
        self.pending: dict[Value, Chain] = {}
        self.dead: set[Op] = set()
        self.stuck: dict[Value, bool] = {}
        self.in_products = operands_of_products(region.ops)
        self.use(region.results)
        for op in reversed(region.ops):
            if self.uses.keys().isdisjoint(op.results) and not must_stay(op):
                self.dead.add(op)
            else:
                self.use(set(op.operands))
                self.place(op)

    def use(self, values: Iterable[Value]) -> None:
        for value in values:
            self.uses[value] = self.uses.get(value, 0) + 1

    def place(self, op: Op) -> None:
        """Plans for a live op, all of whose users were seen."""
        for region in op.regions:
            self.use(region.results)
            for inner in walk(region):
                self.use(inner.operands)
        if len(op.results) != 1:
            return
        result = op.results[0]
        if result in self.in_products and op.row.family is Family.VIEW:
            return
        chain = self.pending.get(result) if self.uses.get(result) == 1 else None
        if op.row in _VIEWS and not adds_ones(op):
            self.pending[op.operands[0]] = (op, chain)
        elif chain is not None and (source := _source(op)) is not None:
            if all(view.row is _RESHAPE for view in _views(chain)) and self.is_stuck(source):
                return
            self.over[op] = self.pending[source] = chain
            self.drop(chain)

    def is_stuck(self, value: Value) -> bool:
        """Whether a reshape that goes up from here meets an op of a broadcast array."""
        passed = []
        while value not in self.stuck:
            op = value.op
            source = None if op is None else _source(op)
            if source is None or self.uses.get(value, 1) != 1:
                spread = op is not None and op.row.family is Family.ELEMENTWISE
                self.stuck[value] = spread and any(map(_is_spread, op.operands if op else ()))
                break
            passed.append(value)
            value = source
        self.stuck.update(dict.fromkeys(passed, self.stuck[value]))
        return self.stuck[value]

    def hands_on(self, source: Value) -> bool:
        """Whether the op of a source takes over the views that an op wants of that source.

        One with several users does not, even where views before it go.
        """
        return self.uses[source] == 1 and (source.op in self.over or source.op in self.gone)

    def drop(self, chain: Chain | None) -> None:
        while chain is not None and chain[0] not in self.gone:
            self.gone.add(chain[0])
            chain = chain[1]


class _Hoist(Sweep):
    def __init__(self) -> None:
        super().__init__()
        self.plan: _Plan | None = None

    def region(self, region: Region) -> Region:
        if not self.values and not any(op.row in _VIEWS or op.regions for op in region.ops):
            return region
        outer, self.plan = self.plan, _Plan(region)
        swept = super().region(region)
        self.plan = outer
        return swept

    def visit(self, op: Op) -> None:
        assert self.plan is not None
        if op in self.plan.dead and self.plan.over:
            return
        if op in self.plan.gone:
            source = op.operands[0]
            self.replace(op, [self.values.get(source, source)])
        elif op in self.plan.over:
            self.move(op, self.plan)
        else:
            self.out.append(self.remap(op))

    def move(self, op: Op, plan: _Plan) -> None:
        """The op on its viewed source."""
        source = _source(op)
        assert source is not None
        b = Builder(locations=op.locations)
        viewed = self.values.get(source, source)
        if not plan.hands_on(source):
            viewed = _apply(b, plan.over[op], viewed)
        operands = tuple(
            viewed if value is source else self.spread(b, value, viewed) for value in op.operands
        )
        result = b.emit(op.row, operands, op.attrs).result
        result.name = op.results[0].name
        self.replace(op, [result])
        self.out.extend(b.ops)

    def spread(self, b: Builder, value: Value, like: Value) -> Value:
        """A constant of one number, or a broadcast scalar, in the shape of another value."""
        op = value.op
        assert op is not None
        type = like.type.with_dtype(value.type.dtype)
        if op.row is _CONSTANT:
            return b.emit(_CONSTANT, (), {"value": op.attrs["value"], "type": type}).result
        scalar = self.values.get(op.operands[0], op.operands[0])
        return b.emit(_BROADCAST, (scalar,), {"shape": type.shape, "axes": ()}).result


def _views(chain: Chain | None) -> Iterator[Op]:
    while chain is not None:
        view, chain = chain
        yield view


def _is_spread(value: Value) -> bool:
    """Whether a value is an array that was broadcast."""
    return value.op is not None and value.op.row is _BROADCAST and not _is_uniform(value)


def _apply(b: Builder, chain: Chain | None, value: Value) -> Value:
    for view in _views(chain):
        value = b.emit(view.row, (value,), view.attrs, locations=view.locations).result
    return value


def _source(op: Op) -> Value | None:
    """The one operand of an elementwise op that is not one number in all places."""
    if op.row.family is not Family.ELEMENTWISE:
        return None
    sources = {value for value in op.operands if not _is_uniform(value)}
    return sources.pop() if len(sources) == 1 else None


def _is_uniform(value: Value) -> bool:
    op = value.op
    if op is None:
        return False
    if op.row is _CONSTANT:
        return bool(op.attrs["value"].is_splat)
    return op.row is _BROADCAST and not op.operands[0].type.shape
