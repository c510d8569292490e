"""A run that was seen: which operations it needs, and one jitted function that does it all.

The function takes the state of variables and the feeds; it gives the fetched values, the new state
and what is printed. Nothing is changed before it has ended well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jitflow import api
from jitflow.graph.effects import Print
from jitflow.graph.errors import FailedPreconditionError
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.feeds import as_feed, fitted, missing, placeholder_of
from jitflow.graph.fetches import Fetches
from jitflow.graph.graph import Graph
from jitflow.graph.initializers import RandomOperation
from jitflow.graph.nodes import Placeholder
from jitflow.graph.operation import Operation, enum_name
from jitflow.graph.variables import VariableOperation


class Taken(NamedTuple):
    """What a run computes with: values of variables, feeds, and its number where it draws."""

    state: list[Any]
    given: list[Any]
    draw: int


class Plan:
    """What a fetch structure and a set of fed placeholders need, and the code for it."""

    def __init__(self, graph: Graph, structure: Any, fed: Iterable[Any]) -> None:
        self.fetches = Fetches(structure, graph)
        self.keys = list(fed)
        self.fed = [placeholder_of(key, graph) for key in self.keys]
        needed = graph.ancestors(*self.fetches.tensors, *self.fetches.operations)
        self.operations = [op for op in needed if not isinstance(op, VariableOperation)]
        self._require_feeds()
        self.reads = self._read_first()
        self.writes = list(dict.fromkeys(x for op in self.operations for x in op.writes))
        self._written = frozenset(self.writes)
        self.prints = [op for op in self.operations if isinstance(op, Print)]
        self.draws = any(isinstance(operation, RandomOperation) for operation in needed)
        self.run = api.stateful(self._trace, self._updates())

    def _require_feeds(self) -> None:
        given = {tensor.op for tensor in self.fed}
        for operation in self.operations:
            if isinstance(operation, Placeholder) and operation not in given:
                raise missing(operation)

    def _read_first(self) -> list[VariableOperation]:
        """Variables whose value the run needs, as it reads them before it has set them."""
        written: set[Operation] = set()
        reads: dict[VariableOperation, None] = {}
        for operation in self.operations:
            for x in operation.inputs:
                if isinstance(x.op, VariableOperation) and x.op not in written:
                    reads[x.op] = None
            written.update(operation.writes)
        for tensor in self.fetches.tensors:
            if isinstance(tensor.op, VariableOperation) and tensor.op not in written:
                reads[tensor.op] = None
        return list(reads)

    def _updates(self) -> list[tuple[int, int]]:
        """The new values of variables whose old ones are read: outputs and leaves, by number."""
        place = {variable: k for k, variable in enumerate(self.reads)}
        first = len(self.fetches.tensors)
        pairs = enumerate(self.writes, first)
        return [(output, place[variable]) for output, variable in pairs if variable in place]

    def _trace(self, state: Sequence[Any], feeds: Sequence[Any], draws: Any = 0) -> Any:
        evaluation = Evaluation(dict(zip(self.reads, state, strict=True)), draws)
        for tensor, value in zip(self.fed, feeds, strict=True):
            evaluation.give(tensor, fitted(tensor, value))
        evaluation.run(self.operations)
        new = [evaluation.state[variable] for variable in self.writes]
        values = [evaluation.value(tensor) for tensor in self.fetches.tensors]
        return values, new, [evaluation.shown[operation] for operation in self.prints]

    def given(self, feeds: Mapping[Any, Any]) -> list[Any]:
        """Feeds as arrays and numbers; InvalidArgumentError for what is neither."""
        pairs = zip(self.fed, self.keys, strict=True)
        return [as_feed(tensor, feeds[key]) for tensor, key in pairs]

    def is_plain(self, feeds: Any, given: Sequence[Any]) -> bool:
        """Whether the feeds are a dict of arrays and numbers, which are these."""
        if type(feeds) not in (dict, type(None)):
            return False
        return all(x is feeds[key] for x, key in zip(given, self.keys, strict=True))

    def state(self, values: list[Any]) -> list[Any]:
        """What the run reads of a session's values; FailedPreconditionError where one is not."""
        api.settled(values, [variable.slot for variable in self.writes])
        found = api.settled(values, [variable.slot for variable in self.reads])
        for variable, value in zip(self.reads, found, strict=True):
            if value is None:
                raise _uninitialized(variable)
        return found

    def changed(self, taken: Taken) -> dict[VariableOperation, Any]:
        """Variables that the run both reads and writes, and what it has read."""
        pairs = zip(self.reads, taken.state, strict=True)
        return {variable: x for variable, x in pairs if variable in self._written}

    def seen(self, taken: Taken, counter: Any) -> api.Seen:
        """This run, for runs like it."""
        count = len(self.fetches.tensors)
        return api.Seen(
            code=self.run.compiled_for(*taken[: 2 + self.draws]),
            kept=[(x.slot, value) for x, value in zip(self.reads, taken.state, strict=True)],
            feeds=list(zip(self.keys, taken.given, strict=True)),
            counter=counter if self.draws else None,
            steps=self.fetches.steps,
            writes=[(x.slot, count + k) for k, x in enumerate(self.writes)],
            updates=self._updates(),
        )


def _uninitialized(variable: Operation) -> FailedPreconditionError:
    """The error of a run that reads a variable without a value."""
    name, dtype = variable.name, enum_name(variable.outputs[0].dtype)
    device = variable.device.path
    return FailedPreconditionError(
        f"Attempting to use uninitialized value {name}\n"
        f'[[Node: _retval_{name}_0_0 = _Retval[T={dtype}, index=0, _device="{device}"]({name})]]\n'
        f"  made at: {variable.place[0]}"
    )
