"""What passes share: one forward sweep with a value map, and questions about effects.

A sweep keeps every op, region and function that it does not change as the same object. Knows no op
by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import Locations
from jitflow.ir.row import Family


class Sweep:
    """One forward sweep; a subclass says in `visit` what becomes of an op.

    `values` maps values of the old function to those of the new one, `out` collects the ops of
    the region being built. Nested regions are swept by `remap`.
    """

    def __init__(self) -> None:
        self.values: dict[Value, Value] = {}
        self.out: list[Op] = []

    def function(self, function: Function) -> Function:
        return function.with_body(self.region(function.body))

    def region(self, region: Region) -> Region:
        """The region after the sweep; the same object where nothing changed."""
        outer, self.out = self.out, []
        for op in region.ops:
            self.visit(op)
        ops, self.out = self.out, outer
        return rebuild_region(region, ops, map_values(region.results, self.values))

    def visit(self, op: Op) -> None:
        """Adds what becomes of `op` to `out`; unless overridden, op on its new operands."""
        self.out.append(self.remap(op))

    def remap(self, op: Op, locations: Locations | None = None) -> Op:
        """The op on its new operands, its regions swept, and mapped; also with other locations."""
        operands, regions = map_values(op.operands, self.values), op.regions
        if regions:
            regions = tuple([self.region(r) for r in regions])
        if operands is op.operands and regions == op.regions and locations is None:
            return op
        fresh = op.with_operands(operands, regions, locations)
        self.values.update(zip(op.results, fresh.results, strict=True))
        return fresh

    def replace(self, op: Op, results: Sequence[Value]) -> None:
        """From here on `results` stand for the results of `op`."""
        self.values.update(zip(op.results, results, strict=True))


def map_values(values: tuple[Value, ...], new: Mapping[Value, Value]) -> tuple[Value, ...]:
    """The values with those in `new` replaced; the same tuple where there are none."""
    for value in values:
        if value in new:
            return tuple(map(new.get, values, values))
    return values


def rebuild_region(region: Region, ops: Sequence[Op], results: tuple[Value, ...]) -> Region:
    """The region with other ops and results; the same object where they are the same."""
    kept = tuple(ops)
    if kept == region.ops and results == region.results:
        return region
    return Region(region.params, kept, results)


def must_stay(op: Op) -> bool:
    """Whether the op, or one nested in it, does something beside computing its results."""
    if not op.regions:
        return op.row.acts
    return op.row.acts or any([row.acts for r in op.regions for row in r.contents.rows])


def operands_of_products(ops: Sequence[Op]) -> set[Value]:
    """What products read, also through views.

    Their order of additions depends on the layout of what they read. A pass that changes it where
    it can would make bits depend on what else there is.
    """
    found: set[Value] = set()
    for op in reversed(ops):
        is_view = op.row.family is Family.VIEW and op.results[0] in found
        if is_view or op.row.family is Family.CONTRACTION:
            found.update(op.operands)
    return found


def count_uses(function: Function) -> Counter[Value]:
    """How often each value is an operand or a result of a region, nested regions included."""
    uses: Counter[Value] = Counter(function.results)
    for op in walk(function.body):
        uses.update(op.operands)
        for region in op.regions:
            uses.update(region.results)
    return uses
