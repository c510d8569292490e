"""Which loops are alike: the same ops on buffers of the same layout, whatever buffers these are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from jitflow.ir.core import Op, Region, Value, walk
from jitflow.ir.types import BufferType


def likeness(op: Op, new: Mapping[Value, Value]) -> tuple[Hashable, list[Value]]:
    """Key and values for `Again`: equal where equal ops, of the same lines, use equal constants.

    new: what values from around became.
    """

    def name(value: Value) -> str:
        now = new.get(value, value)
        is_constant = now.op is not None and now.op.row.name == "constant"
        return f"{'' if is_constant else '%'}{id(now)}"

    key, outer = structure(op, name)
    lines = [inner.locations for region in op.regions for inner in walk(region)]
    return (key, op.locations, *lines), [new.get(v, v) for v in outer]


def structure(
    op: Op, name_of: Callable[[Value], str], start: int = 0
) -> tuple[Hashable, list[Value]]:
    """Equal for ops that do the same to what they use from around them; and what that is.

    name_of: names values from around. Those with one name are one; a name without a % stands for
    itself. start: what places in the arena are counted from.
    """
    numbers: dict[Value | str, int] = {}
    outer: list[Value] = []
    found: list[Any] = []

    def use(value: Value) -> None:
        number = numbers.get(value)
        if number is None:
            outer.append(value)
            name = name_of(value)
            number = numbers[value] = numbers.setdefault(name, len(outer))
            found.append((_layout(value.type), None if name.startswith("%") else name))
        found.append(number)

    def enter(region: Region) -> None:
        for param in region.params:
            numbers[param] = -len(numbers) - 1
            found.append(param.type)
        for inner in region.ops:
            visit(inner)
        for value in region.results:
            use(value)

    def visit(op: Op) -> None:
        attrs = op.attrs
        if op.row.name == "alloc":
            attrs = {"offset": attrs["offset"] - start}
        found.append((op.row.name, len(op.operands), *attrs.items()))
        for value in op.operands:
            use(value)
        for region in op.regions:
            enter(region)
        for result in op.results:
            numbers[result] = -len(numbers) - 1
            found.append(result.type)

    visit(op)
    return tuple(found), outer


def _layout(type: Any) -> Any:
    """What code depends on: whose memory a buffer is does not count."""
    return (type.dtype, type.shape, type.strides) if isinstance(type, BufferType) else type
