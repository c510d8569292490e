"""What a run is asked for: nodes in lists, tuples and dicts, and results that print as the rows do.

`[2, 5]`: containers of results show NumPy's scalars bare, which are what they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

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
    """A subclass of a namedtuple that prints scalars bare."""

    def text(self: Any) -> str:
        parts = (f"{name}={bare(x)}" for name, x in zip(self._fields, self, strict=True))
        return f"{kind.__name__}({', '.join(parts)})"

    made = type(kind.__name__, (kind,), {"__slots__": (), "__repr__": text})
    return made._make  # type: ignore[attr-defined]


class Fetches:
    """The nodes of a structure: `tensors` have values, `operations` run.

    ArgumentError for what is no node of the graph.
    """

    def __init__(self, structure: Any, graph: Graph) -> None:
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self._graph = graph
        self._nodes = self._checked(structure)
        self.finish = _finisher(structure)
        """Makes the result of what `arrange` gave; None where that is the result."""

    def arrange(self, value: Callable[[Tensor], Any]) -> Any:
        """The structure with values in place of tensors, None in place of operations.

        Plain lists, which compiled code makes; dicts too, as trees have their keys sorted.
        """
        return _mapped(self._nodes, lambda x: value(x) if isinstance(x, Tensor) else None)

    def _checked(self, structure: Any) -> Any:
        return _mapped(structure, self._node)

    def _node(self, x: Any) -> Any:
        if isinstance(x, str):
            x = self._graph.get_tensor(x) if ":" in x else self._graph.get_operation(x)
        if isinstance(x, Operand):
            x = as_tensor(x)
            self.tensors.append(x)
        elif isinstance(x, Operation):
            self.operations.append(x)
        else:
            cure = "fetch tensors, variables, operations, and lists, tuples, dicts of them"
            fail(ArgumentError, f"{x!r} cannot be fetched", cure=cure)
        operation_of(x, self._graph)
        return x


def _mapped(structure: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(structure, dict):
        return [_mapped(x, change) for x in structure.values()]
    if isinstance(structure, (list, tuple)):
        return [_mapped(x, change) for x in structure]
    return change(structure)


def _finisher(structure: Any) -> Callable[[Any], Any] | None:
    """What makes the result of lists and dicts of parts."""
    if isinstance(structure, dict):
        keys, inner = list(structure), [_finisher(x) for x in structure.values()]
        return lambda made: ResultDict(zip(keys, _finished(made, inner), strict=True))
    if not isinstance(structure, (list, tuple)):
        return None
    inner = [_finisher(x) for x in structure]
    if hasattr(structure, "_fields"):
        make = _named(type(structure))
    else:
        make = ResultList if isinstance(structure, list) else ResultTuple
    if not any(inner):
        return make
    return lambda made: make(_finished(made, inner))


def _finished(made: Iterable[Any], inner: Sequence[Callable[[Any], Any] | None]) -> list[Any]:
    return [x if finish is None else finish(x) for x, finish in zip(made, inner, strict=True)]
