"""What a failed check says: the error of Python that it stands for, with the index that was wrong.

Compiled code tells which check failed. Which index it was is computed again, by the interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitflow.errors import CheckError, IndexCheckError, JitflowError
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.interpreter import interpret
from jitflow.trace.checks import INDEX_OUT_OF_BOUNDS, as_error

_MOST_OPS = 1000


def explained(error: CheckError, graph: Function, inputs: Sequence[Any]) -> JitflowError:
    """The failed check as Python's error; `inputs` are the arrays of the graph's parameters."""
    found = as_error(error)
    if not isinstance(found, IndexCheckError):
        return found
    check = next((op for op in graph.ops if op.attrs.get("id") == error.id), None)
    bounds = _bounds(check) if check is not None and check.row.name == "check" else None
    if bounds is None:
        return found
    index, low, limit = bounds
    try:
        values = interpret(_history(graph, index), inputs)[0]
    except JitflowError:
        return found
    wrong = values[(values < low) | (values >= limit)]
    if not wrong.size:
        return found
    exact = f"index {wrong.flat[0]} is out of bounds"
    return IndexCheckError(str(found).replace(INDEX_OUT_OF_BOUNDS, exact))


def _bounds(check: Op) -> tuple[Value, int, int] | None:
    """The index that a check is about, its least value, and the first that is too great."""
    condition = check.operands[0].op
    if condition is not None and condition.row.name == "reduce_all":
        condition = condition.operands[0].op
    if condition is None or condition.row.name != "and":
        return None
    low, high = (value.op for value in condition.operands)
    if low is None or high is None or (low.row.name, high.row.name) != ("ge", "lt"):
        return None
    limits = [op.operands[1].op for op in (low, high)]
    numbers = [int(op.attrs["value"].item()) for op in limits if op is not None]
    return (low.operands[0], numbers[0], numbers[1]) if len(numbers) == 2 else None


def _history(graph: Function, value: Value) -> Function:
    """The function of the same parameters that computes a value of the graph, without checks."""
    needed: set[Value] = {value}
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if not needed.isdisjoint(op.results) and len(kept) < _MOST_OPS:
            needed.update(op.operands)
            kept.append(op)
    region = Region(graph.params, kept[::-1], (value,))
    return Function(graph.name, region)
