"""A graph as a picture: nodes by their kind, effects, what a fetch runs and what it leaves out.

Values go along full lines, orders along dotted ones, and what a node sets along dashed ones: the
variable does not wait for it. Where boxes lie, and how they look, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from jitflow.drawing import Box, Direction, Line, Picture, Row, clipped, draw
from jitflow.graph.effects import effect_text
from jitflow.graph.fetches import Fetches
from jitflow.graph.graph import Graph
from jitflow.graph.nodes import Placeholder
from jitflow.graph.operation import Constant, Operation, Tensor, shape_text
from jitflow.graph.variables import VariableOperation

NAME_LETTERS = 34
VALUE_LETTERS = 18
SEPARATOR = " \u00b7 "

_LITERAL = re.compile(r"(.+)/[xyz](_\d+)? \1(_\d+)?$")
"""The name of a number and that of the node it is for."""


def draw_graph(
    graph: Graph, fetches: Any, direction: Direction, depth: int | Literal["few"] | None,
    only_path: bool,
) -> str:
    """The SVG text of a graph."""
    return draw(_Reader(graph, fetches, only_path).read(), direction, depth)


class _Reader:
    """The nodes of a graph as boxes; `run` are those on the path, None where nothing is fetched."""

    def __init__(self, graph: Graph, fetches: Any, only_path: bool) -> None:
        self.graph = graph
        self.run: set[Operation] | None = None
        self.wanted: set[Operation] = set()
        if fetches is not None:
            found = Fetches(fetches, graph)
            self.wanted = {x.op for x in found.tensors} | set(found.operations)
            self.run = set(graph.ancestors(*self.wanted))
        self.shown = [op for op in graph if not only_path or self.is_on(op)]
        self.number = {op: i for i, op in enumerate(self.shown)}
        self.literals = self.find_literals()
        named = (op.name for op in graph if op not in self.literals)
        self.scopes = {name.rpartition("/")[0] for name in named}

    def is_on(self, operation: Operation) -> bool:
        return self.run is None or operation in self.run

    def find_literals(self) -> dict[Operation, Operation]:
        """Numbers that stood beside a node and are of no other use, with that node."""
        uses: dict[Operation, list[Operation]] = {}
        for operation in self.shown:
            for x in operation.inputs:
                uses.setdefault(x.op, []).append(operation)
        return {
            op: uses[op][0] for op in self.shown
            if isinstance(op, Constant) and not op.value.ndim and len(uses.get(op, ())) == 1
            and _LITERAL.match(f"{op.name} {uses[op][0].name}")
        }  # fmt: skip

    def read(self) -> Picture:
        boxes = [self.box(op) for op in self.shown]
        lines = [line for op in self.shown for line in self.lines(op)]
        return Picture(self.title(), self.about(), boxes, lines, self.notes())

    def title(self) -> str:
        count = len(self.graph)
        return f"Graph of {count} operation{'' if count == 1 else 's'}"

    def about(self) -> str:
        effects = [op.name for op in self.shown if effect_text(op)]
        text = f"With side effects: {', '.join(effects)}." if effects else "No side effects."
        return " ".join([text, *self.notes()])

    def notes(self) -> list[str]:
        if self.run is None:
            return [] if len(self.graph) else ["an empty graph"]
        names = clipped(", ".join(op.name for op in self.graph if op in self.wanted), 60)
        return [f"fetch {names}: {len(self.run)} of {len(self.graph)} operations run"]

    def box(self, op: Operation) -> Box:
        return Box(
            kind_of(op), op.name, "" if op in self.literals else op.name, self.rows(op),
            self.scope(op), "\n".join(self.facts(op)), not self.is_on(op), op in self.wanted,
        )  # fmt: skip

    def rows(self, op: Operation) -> list[Row]:
        if not isinstance(op, Constant):
            return [Row(text, style="note") for text in self.texts(op)]
        value = _value_text(op.value)
        if op in self.literals:
            return [Row(value)]
        return [Row(f"{value}{SEPARATOR}{_type_text(op.outputs[0])}", style="note")]

    def texts(self, op: Operation) -> Iterator[str]:
        kind = op.type if not _says(op.name.rpartition("/")[2], op.type) else ""
        types = list(dict.fromkeys(map(_type_text, op.outputs)))
        shown = types[0] if len(types) == 1 else f"{len(op.outputs)} outputs" if types else ""
        if text := SEPARATOR.join(filter(None, (kind, shown))):
            yield text
        if effect := effect_text(op):
            yield clipped(effect, NAME_LETTERS)

    def scope(self, op: Operation) -> tuple[str, ...]:
        """Where the box stands: a number beside the node that it is for."""
        if op in self.literals:
            op = self.literals[op]
        path = op.name if op.name in self.scopes else op.name.rpartition("/")[0]
        return tuple(path.split("/")) if path else ()

    def facts(self, op: Operation) -> Iterator[str]:
        """What the box says when pointed at."""
        yield f"{op.name}: {op.type}"
        for output in op.outputs[:8]:
            yield f"gives {output.name}: {output.dtype} {shape_text(output.shape)}"
        if isinstance(op, Constant):
            yield f"value {_value_text(op.value, 200)}"
        yield f"on {op.device.name}"
        place = op.place[0]
        if place.line:
            yield f"{place}: {place.text}" if place.text else str(place)

    def lines(self, op: Operation) -> Iterator[Line]:
        end = self.number[op]
        for x in dict.fromkeys(op.inputs):
            if x.op in self.number:
                about = [f"{x.name}: {x.dtype} {shape_text(x.shape)}"]
                yield Line(self.number[x.op], end, about, "data", x.index, self.is_off(x.op, op))
        for other in dict.fromkeys(op.controls):
            if other in self.number:
                about = [f"{other.name} runs before {op.name}"]
                yield Line(self.number[other], end, about, "control", 0, self.is_off(other, op))
        for variable in op.writes:
            if variable in self.number:
                about = [f"{op.name} sets {variable.name}"]
                is_off = self.run is not None and op not in self.run
                yield Line(self.number[variable], end, about, "state", 0, is_off, is_back=True)

    def is_off(self, *ends: Operation) -> bool:
        return not all(map(self.is_on, ends))


def kind_of(op: Operation) -> str:
    """The kind of box that a node is."""
    if effect_text(op):
        return "effect"
    if isinstance(op, VariableOperation):
        return "variable"
    if isinstance(op, Placeholder):
        return "given"
    return "constant" if isinstance(op, Constant) else "op"


def _says(name: str, type: str) -> bool:
    """Whether the name of a node tells its type already."""
    return name.lower().startswith(type.lower()) or type == "NoOp"


def _type_text(x: Tensor) -> str:
    return f"{x.dtype} {shape_text(x.shape)}"


def _value_text(value: np.ndarray[Any, Any], longest: int = VALUE_LETTERS) -> str:
    if value.size > 16:
        return f"{value.size} elements"
    return clipped(str(value.tolist()) if value.ndim else str(value[()]), longest)
