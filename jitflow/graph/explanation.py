"""What a run would do: which nodes it takes, which effects it has, and which it leaves out.

Owns the answer of `graph.explain`, and where nodes stand in a run. Knows nothing of values.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jitflow import api
from jitflow.errors import ArgumentError, cut, described
from jitflow.graph.effects import effect_text
from jitflow.graph.fetches import Fetches
from jitflow.graph.graph import Graph, steps_of
from jitflow.graph.nodes import Placeholder
from jitflow.graph.operation import Operation
from jitflow.graph.plan import Plan
from jitflow.graph.variables import VariableOperation
from jitflow.ir.dtypes import as_dtype
from jitflow.trace.source import fail
from jitflow.trace.spec import Spec

MOST_SHOWN = 20
"""Effects off the path that the text lists; `off_path` has all."""

COLUMNS = ("node", "type", "dtype", "shape", "device", "step", "inputs", "after", "effect", "runs")
"""What `node_facts` tells."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """What a run of some fetches does. Printed, it is a text.

    runs: the operations that run, in order; longest: those of the longest path among them, the
    least number of steps that they need. effects: those that do something; off_path: those of the
    graph that would, and do not run. feeds: placeholders that need a value. reads, sets: variables.
    lowered: the code, where it was made for given feeds.
    """

    fetched: Sequence[Operation]
    runs: Sequence[Operation]
    longest: Sequence[Operation]
    effects: Sequence[Operation]
    off_path: Sequence[Operation]
    feeds: Sequence[Operation]
    reads: Sequence[Operation]
    sets: Sequence[Operation]
    graph_size: int
    lowered: api.Lowered | None = None

    @property
    def kernels(self) -> int | None:
        """How many loop nests the code is fused to; None where there is none yet."""
        if self.lowered is None:
            return None
        return sum(op.name == "kernel" for op in self.lowered.road.fused.ops)

    def __str__(self) -> str:
        lines = [f"{_names(self.fetched)}: {len(self.runs)} of {self.graph_size} operations run"]
        feeds = [f"{op.name} {op.outputs[0].dtype} {op.shape_text}" for op in self.feeds]
        facts = {
            "feeds": ", ".join(feeds),
            "reads": _names(self.reads),
            "effects": ", ".join(f"{op.name} {effect_text(op)}" for op in self.effects) or "none",
            "longest path": f"{len(self.longest)} operations: {_names(self.longest)}",
        }
        if self.kernels is not None:
            devices = ", ".join(dict.fromkeys(op.device.name for op in self.runs))
            facts["code"] = f"{len(self.runs)} operations become {self.kernels} kernel"
            facts["code"] += "" if self.kernels == 1 else "s"
            facts["code"] += f" on {devices}" if devices else ""
        lines += [cut(f"  {name}: {text}") for name, text in facts.items() if text]
        if self.off_path:
            lines.append("  effects off the path, which do not happen:")
            shown = self.off_path[:MOST_SHOWN]
            lines += [cut(f"    {op.name} {effect_text(op)}{_place(op)}") for op in shown]
            more = len(self.off_path) - len(shown)
            lines += [f"    and {more} more"] if more else []
        return "\n".join(lines)

    __repr__ = __str__


def explain_run(graph: Graph, fetches: Any, feeds: Any) -> Explanation:
    """What a run of these fetches would do; with `feeds`, also what code it is."""
    if feeds is not None and not isinstance(feeds, dict):
        fail(ArgumentError, f"feed_dict is {described(feeds)}", cure="{placeholder: x}")
    found = Fetches(fetches, graph)
    fetched = list(dict.fromkeys([*(x.op for x in found.tensors), *found.operations]))
    runs = graph.ancestors(*fetched)
    on_path = set(runs)
    active = [op for op in graph if effect_text(op)]
    return Explanation(
        fetched=fetched,
        runs=runs,
        longest=longest_path(runs),
        effects=[op for op in active if op in on_path],
        off_path=[op for op in active if op not in on_path],
        feeds=[op for op in runs if isinstance(op, Placeholder)],
        reads=[op for op in runs if isinstance(op, VariableOperation)],
        sets=list(dict.fromkeys(x for op in runs for x in op.writes)),
        graph_size=len(graph),
        lowered=None if feeds is None else _lowered(graph, fetches, feeds),
    )


def node_facts(op: Operation, step: int, runs: Container[Operation] | None) -> dict[str, str]:
    """All that a line of a table says of an operation, by COLUMNS. `runs`: those that run."""
    values = (
        op.name,
        op.type,
        ", ".join(dict.fromkeys(str(x.dtype) for x in op.outputs)),
        op.shape_text if op.outputs else "",
        op.device.name,
        str(step),
        ", ".join(x.name for x in op.inputs),
        ", ".join(other.name for other in op.controls),
        effect_text(op),
        "" if runs is None else "yes" if op in runs else "no",
    )
    return dict(zip(COLUMNS, values, strict=True))


def longest_path(operations: Sequence[Operation]) -> list[Operation]:
    """Operations that need each other one by one, as many as there are."""
    when = steps_of(operations)
    path = [max(operations, key=lambda op: when[op])] if operations else []
    while path and when[path[-1]]:
        nearest = [op for op in path[-1].before if when.get(op, -1) == when[path[-1]] - 1]
        path.append(nearest[0])
    return path[::-1]


def _lowered(graph: Graph, fetches: Any, feeds: Mapping[Any, Any]) -> api.Lowered:
    plan = Plan(graph, fetches, feeds)
    state = [_spec(variable) for variable in plan.reads]
    return plan.run.trace(state, plan.given(feeds), *([0] if plan.draws else [])).lower()


def _spec(variable: Operation) -> Any:
    (output,) = variable.outputs
    if output.shape is None or None in output.shape:
        problem = f"the shape of {variable.name} is {variable.shape_text}"
        fail(ArgumentError, problem, cure="explain it without feed_dict")
    return Spec(as_dtype(output.dtype), output.shape)  # type: ignore[arg-type]


def _names(operations: Iterable[Operation]) -> str:
    return ", ".join(op.name for op in operations)


def _place(op: Operation) -> str:
    return f"  ({op.place[0]})" if op.place[0].line else ""
