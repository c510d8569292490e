"""The IR's data structures: values, ops, regions and functions. All immutable, shared freely.

A pass builds a new function and keeps every op object whose operands did not change; so an
unchanged function is the same object. Knows no op by name: what an op means is in its row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from jitflow.ir.location import Locations
from jitflow.ir.types import Type

if TYPE_CHECKING:
    from jitflow.ir.row import OpRow

MAX_DEPTH = 100
"""How deep regions may be nested: parser, verifier and passes recurse by region."""


class Value:
    """An SSA value: a result of `op`, or a parameter of a region where `op` is None.

    `name` is a hint for the printer, which makes names unique.
    """

    __slots__ = ("index", "name", "op", "type")

    def __init__(
        self, type: Type, name: str = "", op: Op | None = None, index: int = 0
    ) -> None:
        self.type: Any = type
        self.name = name
        self.op = op
        self.index = index

    def __repr__(self) -> str:
        made_by = self.op.row.name if self.op is not None else "parameter"
        return f"%{self.name or '?'}: {self.type} ({made_by})"


class Op:
    """One operation: a row applied to operands, with attributes and nested regions."""

    __slots__ = ("attrs", "locations", "operands", "regions", "results", "row")

    def __init__(
        self,
        row: OpRow,
        operands: tuple[Value, ...],
        attrs: Mapping[str, Any],
        result_types: Sequence[Type],
        regions: tuple[Region, ...] = (),
        locations: Locations = (),
        names: Sequence[str] = (),
    ) -> None:
        self.row = row
        self.operands = operands
        self.attrs = attrs
        self.regions = regions
        self.locations = locations
        self.results: tuple[Value, ...]
        if len(result_types) == 1:
            self.results = (Value(result_types[0], names[0] if names else "", self),)
        else:
            named = names or [""] * len(result_types)
            pairs = zip(result_types, named, strict=True)
            self.results = tuple([Value(t, n, self, i) for i, (t, n) in enumerate(pairs)])

    def with_operands(
        self,
        operands: tuple[Value, ...],
        regions: tuple[Region, ...],
        locations: Locations | None = None,
        attrs: Mapping[str, Any] | None = None,
    ) -> Op:
        """This op on other operands and regions, and with other locations and attributes if given,
        of all of which the types of its results are the same.
        """
        op = Op.__new__(Op)
        op.row = self.row
        op.operands = operands
        op.attrs = self.attrs if attrs is None else attrs
        op.regions = regions
        op.locations = self.locations if locations is None else locations
        if len(self.results) == 1:
            (result,) = self.results
            op.results = (Value(result.type, result.name, op),)
        else:
            op.results = tuple([Value(v.type, v.name, op, v.index) for v in self.results])
        return op

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value

    @property
    def name(self) -> str:
        return self.row.name

    def __repr__(self) -> str:
        return f"<{self.row.name} of {len(self.operands)} operands>"


class Region:
    """Straight-line ops with parameters; `results` are what it yields to its owner.

    `owners` are the ops that hold regions themselves: often there are none.
    """

    __slots__ = ("_contents", "ops", "owners", "params", "results")

    def __init__(
        self, params: Sequence[Value], ops: Sequence[Op], results: Sequence[Value]
    ) -> None:
        self.params = tuple(params)
        self.ops = tuple(ops)
        self.results = tuple(results)
        self.owners: tuple[Op, ...] = tuple([op for op in self.ops if op.regions])
        self._contents: Contents | None = None

    @property
    def contents(self) -> Contents:
        """What is in it, found out when first asked for."""
        if self._contents is None:
            self._contents = Contents(self)
        return self._contents


class Contents:
    """What is in a region, nested ones too: how many ops, of which rows, values of which types.

    A pass asks it first whether there is anything to do.
    """

    __slots__ = ("_inner", "_region", "_types", "count", "count_with_nests", "rows")

    def __init__(self, region: Region) -> None:
        self._region = region
        self._inner = [inner.contents for op in region.owners for inner in op.regions]
        self.count: int = len(region.ops) + sum([inner.count for inner in self._inner])
        self.count_with_nests: int | None = None
        """Once somebody has asked (`nests.count_ops`)."""
        self.rows: set[OpRow] = {op.row for op in region.ops}
        self.rows.update(*[inner.rows for inner in self._inner])
        self._types: dict[int, Type] | None = None

    @property
    def types(self) -> Collection[Type]:
        """The types of all values, each object once."""
        return self._types_by_id().values()

    def _types_by_id(self) -> dict[int, Type]:
        if self._types is None:
            region = self._region
            self._types = {id(v.type): v.type for v in region.params}
            self._types.update([(id(v.type), v.type) for op in region.ops for v in op.results])
            for inner in self._inner:
                self._types.update(inner._types_by_id())
        return self._types

    def has(self, *families: Any) -> bool:
        """Whether there is an op of one of these families."""
        return any([row.family in families for row in self.rows])


class Function:
    """A named region at one of the three levels; `attrs` hold facts such as `outputs`."""

    __slots__ = ("attrs", "body", "name")

    def __init__(self, name: str, body: Region, attrs: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.body = body
        self.attrs: Mapping[str, Any] = attrs if attrs is not None else {}

    @property
    def params(self) -> tuple[Value, ...]:
        return self.body.params

    @property
    def ops(self) -> tuple[Op, ...]:
        return self.body.ops

    @property
    def results(self) -> tuple[Value, ...]:
        return self.body.results

    @property
    def contents(self) -> Contents:
        """What is in its body."""
        return self.body.contents

    def with_body(self, body: Region) -> Function:
        """This function with another body; the same object if the body is the same."""
        return self if body is self.body else Function(self.name, body, self.attrs)

    def __eq__(self, other: object) -> bool:
        """Structural: equal params, ops, attributes and results; names and lines do not count."""
        if not isinstance(other, Function):
            return NotImplemented
        return self is other or _same_function(self, other)

    def __hash__(self) -> int:
        return hash((len(self.params), tuple(op.row.name for op in self.ops)))

    def __repr__(self) -> str:
        return f"<function {self.name}: {len(self.params)} parameters, {len(self.ops)} ops>"


def walk(region: Region) -> Iterator[Op]:
    """Every op of the region in program order, an op before those nested in it."""
    return chain.from_iterable(_pieces(region)) if region.owners else iter(region.ops)


def used(*ops: Op) -> list[Value]:
    """What ops use, also within their regions."""
    found: list[Value] = []
    for op in ops:
        found += op.operands
        for region in op.regions:
            found += region.results
            for inner in walk(region):
                found += inner.operands
                for nested in inner.regions:
                    found += nested.results
    return found


def _pieces(region: Region) -> Iterator[Iterable[Op]]:
    """Its own ops up to one that holds regions, what is in these, and so on."""
    start = 0
    for owner in region.owners:
        end = region.ops.index(owner, start) + 1
        yield region.ops[start:end]
        for inner in owner.regions:
            yield walk(inner)
        start = end
    yield region.ops[start:]


def _same_function(left: Function, right: Function) -> bool:
    if left.attrs != right.attrs:
        return False
    same: dict[Value, Value] = {}
    return _same_region(left.body, right.body, same)


def _same_region(left: Region, right: Region, same: dict[Value, Value]) -> bool:
    if len(left.ops) != len(right.ops) or not _match(left.params, right.params, same):
        return False
    for a, b in zip(left.ops, right.ops, strict=True):
        if a.row is not b.row or dict(a.attrs) != dict(b.attrs):
            return False
        if not _same_operands(a.operands, b.operands, same) or len(a.regions) != len(b.regions):
            return False
        if not all(_same_region(x, y, same) for x, y in zip(a.regions, b.regions, strict=True)):
            return False
        if not _match(a.results, b.results, same):
            return False
    return _same_operands(left.results, right.results, same)


def _match(left: Sequence[Value], right: Sequence[Value], same: dict[Value, Value]) -> bool:
    if len(left) != len(right):
        return False
    for a, b in zip(left, right, strict=True):
        if a.type != b.type:
            return False
        same[a] = b
    return True


def _same_operands(
    left: Sequence[Value], right: Sequence[Value], same: dict[Value, Value]
) -> bool:
    return len(left) == len(right) and all(
        same.get(a, a) is b for a, b in zip(left, right, strict=True)
    )
