"""Builds functions op by op. Every row of the table is a method: `b.add(x, y)`.

The builder runs the row's type rule at once, so that what it built verifies. It folds nothing.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jitflow.errors import VerifyError
from jitflow.ir import ops as _ops  # noqa: F401  (fills the table)
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, as_dtype
from jitflow.ir.location import Locations
from jitflow.ir.row import REQUIRED, ROWS, OpRow
from jitflow.ir.types import INDEX, TensorType, Type, VectorType


class Builder:
    """Collects the ops of one region; `locations` is given to each op that it makes."""

    def __init__(self, params: Sequence[Value] = (), locations: Locations = ()) -> None:
        self.params: list[Value] = list(params)
        self.ops: list[Op] = []
        self.locations = locations

    def param(self, type: Type, name: str = "") -> Value:
        value = Value(type, name)
        self.params.append(value)
        return value

    def emit(
        self,
        row: OpRow,
        operands: tuple[Value, ...],
        attrs: Mapping[str, Any] | None = None,
        regions: tuple[Region, ...] = (),
        locations: Locations | None = None,
    ) -> Op:
        """Appends an op after running its type rule on operands and complete attributes."""
        attrs = _complete(row, attrs or {}) if row.attributes or attrs else {}
        types = row.infer(tuple([v.type for v in operands]), attrs, regions)
        places = self.locations if locations is None else locations
        op = Op(row, operands, attrs, types, regions, places)
        self.ops.append(op)
        return op

    def restated(
        self,
        row: OpRow,
        operands: tuple[Value, ...],
        attrs: Mapping[str, Any],
        type: Type,
        locations: Locations,
    ) -> Value:
        """Appends an op with complete attributes, whose type rule was asked before: gave `type`."""
        op = Op(row, operands, attrs, (type,), (), locations)
        self.ops.append(op)
        return op.results[0]

    def restate(self, op: Op, operands: tuple[Value, ...], shape: TensorType | VectorType) -> Value:
        """An elementwise op or a splat constant again, on scalars or lanes of `shape`'s shape.

        The type rule is not asked again: what it said of dtypes holds for any shape.
        """
        attrs, type = op.attrs, shape.with_dtype(op.results[0].type.dtype)
        if "type" in attrs:
            attrs = {**attrs, "type": type}
        made = Op(op.row, operands, attrs, (type,), (), self.locations)
        self.ops.append(made)
        return made.results[0]

    def append(self, op: Op) -> Op:
        """Appends an existing op, whose operands must be defined here."""
        self.ops.append(op)
        return op

    def region(self, results: Sequence[Value]) -> Region:
        return Region(self.params, self.ops, results)

    def build(
        self, name: str, results: Sequence[Value], attrs: Mapping[str, Any] | None = None
    ) -> Function:
        return Function(name, self.region(results), attrs)

    def nested(self, params: Sequence[Type] = (), names: Sequence[str] = ()) -> Builder:
        """A builder for a region of an op that this builder will emit."""
        inner = Builder(locations=self.locations)
        for k, type in enumerate(params):
            inner.param(type, names[k] if names else "")
        return inner

    # Conveniences over rows.

    def constant(
        self, value: Any, dtype: Any = None, shape: tuple[Any, ...] | None = None
    ) -> Value:
        """A constant tensor; `shape` spreads one number without storing it many times."""
        data = Dense(value, as_dtype(dtype) if dtype is not None else None)
        type = TensorType(data.dtype, data.array.shape if shape is None else shape)
        return self.emit(ROWS["constant"], (), {"value": data, "type": type}).result

    def full_like(self, x: Value, value: Any, dtype: DType | None = None) -> Value:
        """A constant of x's shape or lanes, and of x's dtype unless one is given."""
        target = x.type.dtype if dtype is None else dtype
        type = x.type.with_dtype(target)
        return self.emit(ROWS["constant"], (), {"value": Dense(value, target), "type": type}).result

    def index(self, value: int) -> Value:
        """A constant i64[]: a loop bound or an index."""
        attrs = {"value": Dense(value, INDEX.dtype), "type": INDEX}
        return self.emit(ROWS["constant"], (), attrs).result

    def iota(self, dtype: Any, shape: tuple[Any, ...], axis: int = 0) -> Value:
        """The index along `axis` at every element."""
        type = TensorType(as_dtype(dtype), shape)
        return self.emit(ROWS["iota"], (), {"axis": axis, "type": type}).result

    def lane_iota(self, dtype: DType, lanes: int) -> Value:
        """0, 1, 2, ... in the lanes of a vector."""
        return self.emit(ROWS["iota"], (), {"axis": 0, "type": VectorType(dtype, lanes)}).result

    def lookup(self, index: Value, table: Any) -> Value:
        """Elements of a constant vector."""
        data = table if isinstance(table, Dense) else Dense(table)
        return self.emit(ROWS["lookup"], (index,), {"table": data}).result

    def load(
        self, buffer: Value, *indices: Value, lanes: int | None = None, valid: int = 0
    ) -> Value:
        """A scalar, or a vector of `lanes` along the last axis, of which `valid` are read."""
        dtype = buffer.type.dtype
        type = TensorType(dtype) if lanes is None else VectorType(dtype, lanes)
        attrs = {"valid": valid, "type": type}
        return self.emit(ROWS["load"], (buffer, *indices), attrs).result

    def branch(
        self, condition: Value, then: Callable[[Any], Any], otherwise: Callable[[Any], Any]
    ) -> Any:
        """Runs `then(builder)` or `otherwise(builder)`, each giving one value or a tuple."""
        regions, single = [], True
        for side in (then, otherwise):
            inner = self.nested()
            results = side(inner)
            single = isinstance(results, Value)
            regions.append(inner.region((results,) if single else results))
        op = self.emit(ROWS["branch"], (condition,), {}, tuple(regions))
        return op.result if single else op.results

    def loop(
        self,
        lower: Value,
        upper: Value,
        body: Callable[..., Sequence[Value]],
        carried: Sequence[Value] = (),
        step: int = 1,
        kind: str = "sequential",
    ) -> tuple[Value, ...]:
        """Emits a loop; body(builder, index, *carried) returns the carried values of the next."""
        inner = self.nested([INDEX, *(v.type for v in carried)])
        results = body(inner, *inner.params)
        attrs = {"step": step, "kind": kind, "chunks": 1}
        op = self.emit(
            ROWS["loop"], (lower, upper, *carried), attrs, (inner.region(tuple(results or ())),)
        )
        return op.results

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no op named '{name}'; see jitflow.ir.row.ROWS")


def _complete(row: OpRow, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """All attributes in the row's order, defaults filled in."""
    if attrs.keys() == row.attributes.keys():
        return {name: attrs[name] for name in row.attributes}
    full = {}
    for name, attribute in row.attributes.items():
        value = attrs.get(name, attribute.default)
        if value is REQUIRED:
            raise VerifyError(f"{row.name} needs the attribute '{name}'")
        full[name] = value
    if len(full) < len(attrs) or attrs.keys() - full.keys():
        unknown = ", ".join(sorted(attrs.keys() - full.keys()))
        known = ", ".join(full) or "none"
        raise VerifyError(f"{row.name} has no attribute '{unknown}'; it has {known}")
    return full


def _method(row: OpRow) -> Callable[..., Any]:
    def build(self: Builder, *operands: Value, **attrs: Any) -> Any:
        op = self.emit(row, operands, attrs)
        return op.results[0] if len(op.results) == 1 else op.results

    build.__name__ = row.name
    build.__doc__ = row.doc
    return build


def method_name(row: OpRow) -> str:
    """The builder method of a row: its name, with an underscore after a Python keyword."""
    return row.name + "_" if keyword.iskeyword(row.name) else row.name


def install(row: OpRow) -> None:
    """Gives the builder a method for the row, unless a convenience of that name stands."""
    if method_name(row) not in Builder.__dict__:
        setattr(Builder, method_name(row), _method(row))


for _row in ROWS.values():
    install(_row)

OWN_ROWS: Mapping[str, OpRow] = MappingProxyType(dict(ROWS))
"""jitflow's own rows, by name: nobody else has come by yet."""
