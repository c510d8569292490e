"""Sessions: where variables have their values, and graphs are run.

A run executes what the fetched nodes need, and nothing else. Its effects show when all of it has
succeeded: a run that fails changes no variable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.export.program import Program
from jitflow.graph.exporting import program_of
from jitflow.graph.graph import Graph, default_sessions, get_default_graph
from jitflow.graph.operation import Operation
from jitflow.graph.plan import Plan, uninitialized
from jitflow.recording import Operand
from jitflow.trace.source import fail

_PLAIN = frozenset({np.ndarray, float, int, bool, np.float32, np.float64, np.int32, np.int64})
"""Feeds that compiled code takes as they are."""


class Session:
    """Values for the variables of one graph, the default one if none is given.

    graph: its nodes may be made before or after the session.
    """

    def __init__(self, graph: Graph | None = None) -> None:
        self.graph = graph or get_default_graph()
        self._values: dict[Operation, Any] = {}
        self._plans: dict[Any, Plan] = self.graph.plans
        self._draws = 0
        self._is_closed = False

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """The values of the fetched nodes, in the structure in which they are given.

        fetches: a node or lists, tuples, dicts of nodes; an operation without outputs gives None.
        feed_dict: values for placeholders. Raises InvalidArgumentError for a feed that is missing
        or does not fit, FailedPreconditionError for a variable without a value.
        """
        feeds = {} if feed_dict is None else feed_dict
        try:
            key = (*fetches, None, *feeds) if type(fetches) is list else (fetches, *feeds)
            plan = self._plans.get(key)
        except TypeError:  # containers in containers
            plan = None
        if plan is None:
            plan = self._planned(fetches, feeds)
        given = list(feeds.values())
        if not _PLAIN.issuperset(map(type, given)):
            given = plan.converted(given)
        values = self._values
        try:
            state = plan.read(values)
        except KeyError as error:
            raise uninitialized(error.args[0]) from None
        if plan.draws:
            self._draws += 1
        results, new, shown = plan.run(self._draws, state, given)
        if new:
            values.update(zip(plan.writes, new))  # noqa: B905  (once per step: as fast as it goes)
        if shown:
            for operation, items in zip(plan.prints, shown, strict=True):
                operation.show(items)
        return results if plan.finish is None else plan.finish(results)

    def _planned(self, fetches: Any, feeds: Any) -> Plan:
        """The plan for a structure of any kind; a new one where it was never run."""
        if self._is_closed:
            fail(ArgumentError, "the session is closed", cure="make a new one")
        if not isinstance(feeds, dict):
            fail(ArgumentError, f"feed_dict is a {type(feeds).__name__}", cure="{placeholder: x}")
        full = (_key(fetches), *feeds)
        plan = self._plans.get(full)
        if plan is None:
            plan = self._plans[full] = Plan(self.graph, fetches, list(feeds))
        if isinstance(fetches, (Operand, Operation)):
            self._plans[fetches, *feeds] = plan
        elif type(fetches) is list and all(isinstance(x, (Operand, Operation)) for x in fetches):
            self._plans[*fetches, None, *feeds] = plan
        return plan

    def checkpoint_state(self) -> dict[str, Any]:
        """The values of variables by name, and how often random numbers were drawn."""
        values = {variable.name: x for variable, x in self._values.items()}
        return {"draws": self._draws, "variables": values}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Takes the values that another session's `checkpoint_state` gave."""
        found = {self.graph.get_operation(name): x for name, x in state["variables"].items()}
        self._values.update(found)
        self._draws = state["draws"]

    def __jitflow_program__(self, fetches: Any, feeds: Any = ()) -> Program:
        """What `export.save(path, session, fetches, feeds)` writes, with the values of now."""
        if self._is_closed:
            fail(ArgumentError, "the session is closed", cure="export while it is open")
        return program_of(self.graph, fetches, feeds, self._values, self._draws)

    def close(self) -> None:
        """Frees the values; every later run fails."""
        self._values, self._plans, self._is_closed = {}, {}, True

    def __enter__(self) -> Session:
        default_sessions().append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        default_sessions().remove(self)
        self.close()


def _key(structure: Any) -> Any:
    """Hashable, equal for structures of the same containers and nodes."""
    if isinstance(structure, (list, tuple)):
        return type(structure), tuple([_key(x) for x in structure])
    if isinstance(structure, dict):
        return dict, tuple([(key, _key(x)) for key, x in structure.items()])
    return structure


class InteractiveSession(Session):
    """A session that is the default from the start, until it is closed."""

    def __init__(self, graph: Graph | None = None) -> None:
        super().__init__(graph)
        default_sessions().append(self)

    def close(self) -> None:
        if self in default_sessions():
            default_sessions().remove(self)
        super().close()
