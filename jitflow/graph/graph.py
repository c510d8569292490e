"""Graphs: operations in the order in which they were made, unique names, the default graph.

A graph only grows. Knows no kinds of operations and nothing of running them, but that of the
sessions of a thread one is the default, as one of the graphs is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

from jitflow import drawing
from jitflow.errors import ArgumentError, TraceError
from jitflow.forks import forked_lock
from jitflow.graph.names import checked_name
from jitflow.graph.scopes import Scopes
from jitflow.trace.source import fail

if TYPE_CHECKING:
    import networkx

    from jitflow.graph.explanation import Explanation
    from jitflow.graph.operation import Operation, Tensor


class Node:
    """What stands for a place in a graph: copies are itself, and there is nothing to pickle."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        fail(TraceError, f"{self!r} is a node of a graph, which cannot be pickled",
             cure="save the session's values, or a run by jitflow.export")


class Graph(Scopes):
    """A graph of operations. `len(graph)` counts them, iteration gives them in order."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.collections: dict[str, list[Any]] = {}
        self.seed: int | None = None
        self.plans: dict[Any, Any] = {}
        """Runs that were seen, for all sessions."""
        self._lock = forked_lock()
        self._names: dict[str, int] = {}
        self._by_name: dict[str, Operation] = {}
        self.slots: list[Operation] = []
        """Variables, in the order of their values in a session's list."""

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __repr__(self) -> str:
        return f"<Graph of {len(self)} operations>"

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Operations are made in this graph meanwhile, in this thread."""
        with entered(_STATE.graphs, self):
            yield self

    def unique_name(self, base: str) -> str:
        """`base` within the scope, with the first number behind it that is free."""
        name = self.now.scope + checked_name(base)
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        if not count:
            return name
        numbered = f"{name}_{count}"
        while numbered in self._names:
            count += 1
            numbered = f"{name}_{count}"
        self._names[name], self._names[numbered] = count + 1, 1
        return numbered

    def add(self, operation: Operation, base: str) -> None:
        """Gives the operation its name and its number. Several threads may add to a graph."""
        with self._lock:
            operation.name = self.unique_name(base)
            operation.number = len(self.operations)
            self._by_name[operation.name] = operation
            self.operations.append(operation)

    def reserve(self, variable: Operation) -> int:
        """Where a variable has its value in a session's list."""
        with self._lock:
            self.slots.append(variable)
            return len(self.slots) - 1

    def get_operation(self, name: str) -> Operation:
        """The operation of this name; ArgumentError where there is none."""
        if name not in self._by_name:
            fail(ArgumentError, f"no operation {name!r} in {self!r}")
        return self._by_name[name]

    def get_tensor(self, name: str) -> Tensor:
        """The tensor of a name such as `add:0`."""
        operation, _, index = name.partition(":")
        outputs = self.get_operation(operation).outputs
        if not (index or "0").isdigit() or int(index or 0) >= len(outputs):
            fail(ArgumentError, f"{operation!r} has {len(outputs)} outputs; no {name!r}")
        return outputs[int(index or 0)]

    def own_operation(self, node: Any) -> Operation:
        """The operation behind a node of this graph; ArgumentError for any other."""
        return operation_of(node, self)

    def ancestors(self, *nodes: Any) -> list[Operation]:
        """What must run to run these nodes, and they, in the order of a run."""
        needed: set[Operation] = set()
        pending = [operation_of(node, self) for node in nodes]
        while pending:
            operation = pending.pop()
            if operation not in needed:
                needed.add(operation)
                before = operation.before
                if any(other.number >= operation.number for other in before):
                    _refuse_cycle(operation)
                pending += before
        return sorted(needed, key=lambda operation: operation.number)

    def steps(self, *nodes: Any) -> dict[Operation, int]:
        """How many operations each must wait for, one behind the other; of all, or of what these
        nodes need. Those of equal steps do not need each other.
        """
        return steps_of(self.ancestors(*nodes) if nodes else self.operations)

    def explain(self, fetches: Any, feed_dict: Any = None) -> Explanation:
        """What a run of these fetches would do, to be printed: which operations run, which effects
        they have, and which effects the graph has off their path, which do not happen.

        feed_dict: as in a run; with one, even an empty one, also what the run is compiled to.
        """
        from jitflow.graph.explanation import explain_run  # noqa: PLC0415  (as rare as drawing)

        return explain_run(self, fetches, feed_dict)

    def to_svg(
        self, fetches: Any = None, direction: drawing.Direction = "LR",
        depth: int | Literal["few"] | None = None, only_path: bool = False,
    ) -> str:
        """A picture: one SVG text, the same for the same graph.

        fetches: what a run would be asked for; what does not run then is faded, or left out where
        `only_path`. direction: "LR" from left to right, "TB" from top to bottom. depth: how many
        scopes deep it goes, each deeper one is one box; "few" for as deep as leaves few boxes.
        Raises ArgumentError for other directions, and where there are too many nodes.
        """
        from jitflow.graph.picture import draw_graph  # noqa: PLC0415  (drawing is rare)

        return draw_graph(self, fetches, direction, depth, only_path)

    def _repr_svg_(self) -> str | None:
        """What notebooks show; None where there are too many nodes."""
        try:
            return self.to_svg(depth="few") if len(self) <= drawing.MAX_BOXES else None
        except ArgumentError:
            return None

    def to_networkx(self) -> networkx.MultiDiGraph:
        """A node per operation, an edge per input, `kind` "data", "control" or "state"."""
        import networkx  # noqa: PLC0415

        graph = networkx.MultiDiGraph()
        for operation in self:
            graph.add_node(operation.name, type=operation.type, shape=operation.shape_text)
            for x in operation.inputs:
                graph.add_edge(x.op.name, operation.name, kind="data")
            for control in operation.controls:
                graph.add_edge(control.name, operation.name, kind="control")
            for variable in operation.writes:
                graph.add_edge(operation.name, variable.name, kind="state")
        return graph

    def __reduce__(self) -> NoReturn:
        fail(TraceError, "a graph cannot be copied or pickled", cure="build it again")


def _refuse_cycle(start: Operation) -> NoReturn:
    """ArgumentError with a cycle through an operation, or with what it may not wait for."""
    paths = [[start]]
    seen = {start}
    while paths:
        path = paths.pop(0)
        for other in (*(x.op for x in path[-1].inputs), *path[-1].controls):
            if other is start:
                cycle = " -> ".join(operation.name for operation in (*path, start)[::-1])
                fail(ArgumentError, f"the graph has a cycle: {cycle}")
            if other not in seen:
                seen.add(other)
                paths.append([*path, other])
    fail(ArgumentError, f"{start.name} needs operations that were made after it")


class _State(threading.local):
    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.sessions: list[Any] = []


_STATE = _State()
_GLOBAL = [Graph()]


@contextmanager
def entered(stack: list[Any], x: Any) -> Iterator[None]:
    """`x` is the last of a stack meanwhile, whatever else comes and goes."""
    stack.append(x)
    try:
        yield
    finally:
        stack.reverse()
        stack.remove(x)
        stack.reverse()


def steps_of(operations: Iterable[Operation]) -> dict[Operation, int]:
    """How many of these operations, given in order, each must wait for one behind the other."""
    found: dict[Operation, int] = {}
    for op in operations:
        found[op] = max((found[x] + 1 for x in op.before if x in found), default=0)
    return found


def get_default_graph() -> Graph:
    """The graph in which operations are made now."""
    return _STATE.graphs[-1] if _STATE.graphs else _GLOBAL[0]


def default_sessions() -> list[Any]:
    """This thread's sessions that were entered by `with`, the innermost last."""
    return _STATE.sessions


def get_default_session() -> Any:
    """The session that `eval` uses; TraceError where none was entered."""
    if not _STATE.sessions:
        fail(TraceError, "no default session", cure="use `with g.Session():`, or pass session=")
    return _STATE.sessions[-1]


def reset_default_graph() -> None:
    """A new, empty graph in place of the global one; TraceError within `as_default`."""
    if _STATE.graphs:
        fail(TraceError, "reset_default_graph within `with graph.as_default()`")
    _GLOBAL[0] = Graph()


def operation_of(node: Any, graph: Graph | None = None) -> Operation:
    """The operation behind a tensor, a variable or itself.

    ArgumentError where it is none of these, or of another graph than `graph`.
    """
    operation = getattr(node, "op", None)
    if operation is None:
        fail(ArgumentError, f"{node!r} is no node of a graph", cure="pass a tensor or an operation")
    if graph is not None and operation.graph is not graph:
        fail(ArgumentError, f"{node!r} is a node of another graph")
    return operation
