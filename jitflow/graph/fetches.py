"""What a run is asked for: nodes in lists, tuples and dicts, and results that print numbers bare.

`[2, 5]`: what a container of results holds are NumPy's scalars, shown as their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from jitflow.api import Made
from jitflow.errors import ArgumentError
from jitflow.graph.graph import Graph, operation_of
from jitflow.graph.operation import Operation, Tensor, as_tensor
from jitflow.recording import Operand
from jitflow.trace.source import fail


def bare(x: Any) -> str:
    """`repr`, of NumPy's scalars that of their number."""
    return repr(x.item()) if isinstance(x, np.generic) and x.dtype.kind in "biuf" else repr(x)


class ResultList(list[Any]):
    """A list that prints scalars bare."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"[{', '.join(map(bare, self))}]"


class ResultTuple(tuple[Any, ...]):
    """A tuple that prints scalars bare."""

    __slots__ = ()

    def __repr__(self) -> str:
        inside = ", ".join(map(bare, self))
        return f"({inside},)" if len(self) == 1 else f"({inside})"


class ResultDict(dict[Any, Any]):
    """A dict that prints scalars bare."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key!r}: {bare(x)}' for key, x in self.items())}}}"


@cache
def _named(kind: Any) -> Callable[[Sequence[Any]], Any]:
    """Makes a subclass of a namedtuple that prints scalars bare, as `_make` but without Python."""

    def text(self: Any) -> str:
        parts = (f"{name}={bare(x)}" for name, x in zip(self._fields, self, strict=True))
        return f"{kind.__name__}({', '.join(parts)})"

    made = type(kind.__name__, (kind,), {"__slots__": (), "__repr__": text})
    return partial(tuple.__new__, made)


MAX_DEPTH = 100
"""Of containers of fetches within one another."""


def refuse_deep(depth: int) -> None:
    """ArgumentError for containers that lie this deep: Python's own error would name no cure."""
    if depth == MAX_DEPTH:
        problem = f"fetches lie in more than {MAX_DEPTH} containers, or in one that holds itself"
        fail(ArgumentError, problem, cure="fetch one list, and arrange what comes back")


class Fetches:
    """The nodes of a structure: `tensors` have values, `operations` run.

    `steps` make the result of the tensors' values, parts before wholes. ArgumentError for what is
    no node of the graph.
    """

    def __init__(self, structure: Any, graph: Graph) -> None:
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self.steps: list[int | Made | None] = []
        self._graph = graph
        self._add(structure)

    def _add(self, x: Any, depth: int = 0) -> None:
        if not isinstance(x, (dict, list, tuple)):
            self._add_node(x)
            return
        refuse_deep(depth)
        for part in x.values() if isinstance(x, dict) else x:
            self._add(part, depth + 1)
        if isinstance(x, dict):
            self.steps.append(Made(ResultDict, len(x), list(x)))
        else:
            self.steps.append(Made(_made_of(x), len(x)))

    def _add_node(self, x: Any) -> None:
        if isinstance(x, str):
            x = self._graph.get_tensor(x) if ":" in x else self._graph.get_operation(x)
        if isinstance(x, Operand):
            x = as_tensor(x)
            self.steps.append(len(self.tensors))
            self.tensors.append(x)
        elif isinstance(x, Operation):
            self.steps.append(None)
            self.operations.append(x)
        else:
            cure = "fetch tensors, variables, operations, and lists, tuples, dicts of them"
            fail(ArgumentError, f"{x!r} cannot be fetched", cure=cure)
        operation_of(x, self._graph)

    def result(self, values: Sequence[Any]) -> Any:
        """The structure, with values in place of tensors, None in place of operations."""
        parts: list[Any] = []
        for step in self.steps:
            if isinstance(step, Made):
                first = len(parts) - step.size
                taken = parts[first:]
                whole = taken if step.keys is None else dict(zip(step.keys, taken, strict=True))
                parts[first:] = [step.function(whole)]
            else:
                parts.append(None if step is None else values[step])
        return parts[0]


def _made_of(x: Any) -> Callable[[Sequence[Any]], Any]:
    """What makes the result for a list or tuple of fetches."""
    kind: Any = type(x)
    if hasattr(x, "_fields"):
        return _named(kind)
    return ResultList if isinstance(x, list) else ResultTuple
