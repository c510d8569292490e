"""A function as a picture: an SVG text in which every op says its source line when pointed at.

A kernel, or another op with regions, is a box with a line for each op in it; every other op is a
box of its own. Owns names, texts and colours; where boxes lie is layout.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from jitflow.cli.layout import GAP_X, Layout, Point, place
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.literals import format_element
from jitflow.ir.location import Locations
from jitflow.ir.printer import format_attrs, is_shown

FONT, LETTER, ROW = 12, 7.25, 18.0
"""Height of letters, width of a letter, height of a line, in pixels."""

PADDING = 8.0
LONGEST = 72
"""Letters of a line, at most."""

STYLE = f"""
svg {{ font: {FONT}px ui-monospace, Menlo, Consolas, monospace; background: #fff; }}
.box {{ fill: #fff; stroke: #8a94a6; }}
.kernel .box {{ fill: #eef4ff; stroke: #3867d6; }}
.param .box, .result .box {{ fill: #eefaf1; stroke: #2d8a4e; }}
.view .box {{ stroke-dasharray: 4 3; }}
.op rect.row {{ fill: transparent; }}
.op:hover rect.row {{ fill: #ffe9a8; }}
.title {{ font-weight: bold; }}
.type {{ fill: #7a8394; }}
.line {{ fill: none; stroke: #9aa5b8; stroke-width: 1.4; }}
.line:hover {{ stroke: #d6382f; stroke-width: 3; }}
"""


@dataclass
class _Row:
    """One line of a box: its text, its type in grey, and what it says when pointed at."""

    text: str
    type: str
    about: str


@dataclass
class _Box:
    kind: str
    title: str
    rows: list[_Row] = field(default_factory=list)

    @property
    def size(self) -> tuple[float, float]:
        letters = [len(r.text) + len(r.type) + 2 for r in self.rows] + [len(self.title)]
        lines = len(self.rows) + bool(self.title)
        return max(letters) * LETTER + 2 * PADDING, lines * ROW + PADDING


def draw(function: Function) -> str:
    """The SVG text of a function over arrays, complete in itself."""
    boxes, edges = _Reader(function).read()
    layout = place([box.size for box in boxes], edges)
    margin = GAP_X
    width, height = layout.width + 2 * margin, layout.height + 2 * margin
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="{-margin:.0f} {-margin:.0f} {width:.0f} {height:.0f}" role="img">',
        f"<title>{escape(function.name)}</title><style>{STYLE}</style>",
        *_lines(layout, edges),
    ]
    for box, corner in zip(boxes, layout.corners, strict=True):
        parts += _box(box, corner)
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Reader:
    """Boxes of a function and the values that go between them."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.names: dict[Value, str] = {}
        self.count = 0
        self.boxes: list[_Box] = []
        self.edges: dict[tuple[int, int], list[str]] = {}
        self.made_in: dict[Value, int] = {}

    def read(self) -> tuple[list[_Box], dict[tuple[int, int], list[str]]]:
        for param in self.function.params:
            row = _Row(self.name(param), str(param.type), "a parameter")
            self.add(_Box("param", "", [row]), (), (param,))
        for op in self.function.ops:
            if not _is_number(op):
                self.add(self.box(op), op.operands, op.results)
        for value in dict.fromkeys(self.function.results):
            row = _Row(f"return {self.name(value)}", str(value.type), "a result")
            self.add(_Box("result", "", [row]), (value,), ())
        return self.boxes, self.edges

    def add(self, box: _Box, reads: tuple[Value, ...], makes: tuple[Value, ...]) -> None:
        number = len(self.boxes)
        self.boxes.append(box)
        for value in dict.fromkeys(reads):
            if value in self.made_in:
                about = self.edges.setdefault((self.made_in[value], number), [])
                about.append(f"{self.name(value)}: {value.type}")
        self.made_in.update((value, number) for value in makes)

    def box(self, op: Op) -> _Box:
        if not op.regions:
            return _Box(op.row.family.value, "", [self.row(op)])
        inner = [nested for region in op.regions for nested in walk(region)]
        if op.name in ("kernel", "call"):
            (region,) = op.regions
            self.share(region.params, op.operands)
            given = set(region.results)
            rows = [self.row(n) for n in inner if not _is_number(n) or n.result in given]
            self.share(op.results, region.results)
            title = f"{op.name} {op.attrs.get('kind', op.attrs.get('name', ''))}"
            return _Box("kernel", title, rows)
        rows = [self.row(nested) for nested in inner if not _is_number(nested)]
        return _Box("kernel", self.row(op).text, rows)

    def share(self, values: tuple[Value, ...], others: tuple[Value, ...]) -> None:
        """The values have the names of the others, which they are."""
        for value, other in zip(values, others, strict=True):
            self.names.setdefault(value, self.name(other))

    def row(self, op: Op) -> _Row:
        operands = ", ".join(map(self.name, op.operands))
        results = ", ".join(map(self.name, op.results))
        attrs = {n: v for n, v in op.attrs.items() if n != "value" and is_shown(op.row, n, v)}
        text = f"{results} = {op.name} {operands}" if results else f"{op.name} {operands}"
        if _is_number(op):
            text = f"constant {results}"
        text += f" {format_attrs(attrs)}" if attrs else ""
        types = ", ".join(str(value.type) for value in op.results)
        return _Row(_clip(text), _clip(types), "\n".join(_about(op.locations)) or text)

    def name(self, value: Value) -> str:
        """What the value is called in the picture: its number, its hint, or the number it is."""
        if value.op is not None and _is_number(value.op):
            data = value.op.attrs["value"]
            return format_element(data.item(), value.type.dtype)
        if value not in self.names:
            self.count += not value.name
            self.names[value] = f"%{value.name or self.count - 1}"
        return self.names[value]


def _is_number(op: Op) -> bool:
    """Whether the op is one number, which stands where it is used."""
    return op.name == "constant" and op.attrs["value"].is_splat


def _about(locations: Locations) -> Iterator[str]:
    """The source lines, with their text."""
    for place_ in locations:
        if place_.line:
            yield f"{place_}: {place_.text}" if place_.text else str(place_)


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _box(box: _Box, corner: Point) -> Iterator[str]:
    (x, y), (width, height) = corner, box.size
    yield f'<g class="{escape(box.kind)}">'
    yield _rect("box", x, y, width, height, 4)
    line = y + PADDING / 2
    if box.title:
        yield _text("title", x + PADDING, line, box.title)
        line += ROW
    for row in box.rows:
        yield f'<g class="op"><title>{escape(row.about)}</title>'
        yield _rect("row", x + 1, line, width - 2, ROW, 0)
        yield _text("", x + PADDING, line, row.text)
        yield _text("type", x + width - PADDING, line, row.type, ' text-anchor="end"')
        yield "</g>"
        line += ROW
    yield "</g>"


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: int) -> str:
    place_ = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {place_} rx="{radius}"/>'


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    base = y + ROW - (ROW - FONT) / 2 - 2
    return f'<text class="{kind}" x="{x:.1f}" y="{base:.1f}"{more}>{escape(text)}</text>'


def _lines(layout: Layout, edges: dict[tuple[int, int], list[str]]) -> Iterator[str]:
    """Curves that leave and arrive upright, with the values that go along them."""
    for edge, values in edges.items():
        points = layout.lines[edge]
        path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            half = (y0 + y1) / 2
            path += f"C{x0:.1f},{half:.1f} {x1:.1f},{half:.1f} {x1:.1f},{y1:.1f}"
        about = escape("\n".join(values))
        yield f'<path class="line" d="{path}"><title>{about}</title></path>'
