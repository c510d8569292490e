"""A function over arrays as a picture: a box for each op, with the source line it is made of.

A kernel, or another op with regions, is a box with a line for each op in it. A number stands where
it is used. Knows IR; where boxes lie, and how they look, is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jitflow.drawing.model import Box, Direction, Line, Picture, Row, clipped
from jitflow.drawing.svg import draw
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.literals import format_element
from jitflow.ir.location import Locations
from jitflow.ir.printer import format_attrs, is_shown
from jitflow.ir.row import Effect, Family

MAX_ROWS = 60
"""Ops of a kernel that its box lists."""


def draw_function(function: Function, direction: Direction = "TB") -> str:
    """The SVG text of a function over arrays, complete in itself."""
    return draw(picture_of(function), direction)


def picture_of(function: Function) -> Picture:
    """What the picture of a function shows."""
    return _Reader(function).read()


class _Reader:
    """Boxes of a function and the values that go between them."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.names: dict[Value, str] = {}
        self.taken: Counter[str] = Counter()
        self.count = 0
        kernels = sum(op.name == "kernel" for op in function.ops)
        about = f"{len(function.ops)} ops, {kernels} of them kernels"
        self.picture = Picture(function.name, about)
        self.lines: dict[tuple[int, int, int], Line] = {}
        self.made_in: dict[Value, tuple[int, int]] = {}

    def read(self) -> Picture:
        for param in self.function.params:
            row = Row(self.name(param), str(param.type))
            self.add(Box("param", row.text, "", [row], about="a parameter"), (), (param,))
        for op in self.function.ops:
            if not _is_number(op):
                self.add(self.box(op), op.operands, op.results)
        for i, value in enumerate(dict.fromkeys(self.function.results)):
            row = Row(f"return {self.name(value)}", str(value.type))
            self.add(Box("result", f"result {i}", "", [row], about="a result"), (value,), ())
        self.picture.lines = list(self.lines.values())
        return self.picture

    def add(self, box: Box, reads: tuple[Value, ...], makes: tuple[Value, ...]) -> None:
        number = len(self.picture.boxes)
        self.picture.boxes.append(box)
        for value in dict.fromkeys(reads):
            if value in self.made_in:
                source, output = self.made_in[value]
                about = f"{self.name(value)}: {value.type}"
                self.lines[source, number, output] = Line(source, number, [about], trunk=output)
        self.made_in.update((value, (number, i)) for i, value in enumerate(makes))

    def box(self, op: Op) -> Box:
        name = f"op {len(self.picture.boxes)}"
        if not op.regions:
            return Box(_kind(op), name, "", [self.row(op)])
        inner = [nested for region in op.regions for nested in walk(region)]
        if op.name in ("kernel", "call"):
            (region,) = op.regions
            self.share(region.params, op.operands)
            given = set(region.results)
            rows = [self.row(n) for n in inner if not _is_number(n) or n.result in given]
            self.share(op.results, region.results)
            rows = _shown(rows)
            title = f"{op.name} {op.attrs.get('kind', op.attrs.get('name', ''))}"
            return Box("kernel", name, clipped(title), rows)
        rows = [self.row(nested) for nested in inner if not _is_number(nested)]
        return Box("kernel", name, self.row(op).text, _shown(rows))

    def share(self, values: tuple[Value, ...], others: tuple[Value, ...]) -> None:
        """The values have the names of the others, which they are."""
        for value, other in zip(values, others, strict=True):
            self.names.setdefault(value, self.name(other))

    def row(self, op: Op) -> Row:
        operands = ", ".join(map(self.name, op.operands))
        results = ", ".join(map(self.name, op.results))
        attrs = {n: v for n, v in op.attrs.items() if n != "value" and is_shown(op.row, n, v)}
        text = f"{results} = {op.name} {operands}" if results else f"{op.name} {operands}"
        if _is_number(op):
            text = f"constant {results}"
        text += f" {format_attrs(attrs)}" if attrs else ""
        types = ", ".join(str(value.type) for value in op.results)
        return Row(clipped(text), clipped(types), "\n".join(_about(op.locations)) or text)

    def name(self, value: Value) -> str:
        """What the value is called in the picture: its number, its hint, or the number it is."""
        if value.op is not None and _is_number(value.op):
            data = value.op.attrs["value"]
            return format_element(data.item(), value.type.dtype)
        if value not in self.names:
            name = hint = value.name or str(self.count)
            self.count += not value.name
            while name in self.taken:
                self.taken[hint] += 1
                name = f"{hint}_{self.taken[hint]}"
            self.taken[name] = 0
            self.names[value] = f"%{name}"
        return self.names[value]


def _shown(rows: list[Row]) -> list[Row]:
    """The first and the last of many rows, and how many are between them."""
    left_out = len(rows) - MAX_ROWS
    if left_out <= 0:
        return rows
    half = MAX_ROWS // 2
    return [*rows[:half], Row(f"\u2026 {left_out} more"), *rows[-half:]]


def _kind(op: Op) -> str:
    if op.row.effect is Effect.ORDERED:
        return "effect"
    return "view" if op.row.family is Family.VIEW else "op"


def _is_number(op: Op) -> bool:
    """Whether the op is one number, which stands where it is used."""
    return op.name == "constant" and op.attrs["value"].is_splat


def _about(locations: Locations) -> Iterator[str]:
    """The source lines, with their text."""
    for place in locations:
        if place.line:
            yield f"{place}: {place.text}" if place.text else str(place)
