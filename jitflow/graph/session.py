"""Sessions: where variables have their values, and graphs are run.

A run executes what the fetched nodes need, and nothing else. Its effects show when all of it has
succeeded: a run that fails changes no variable.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from jitflow import api
from jitflow.errors import ArgumentError, TraceError, described
from jitflow.export.program import Program
from jitflow.graph.exporting import program_of
from jitflow.graph.fetches import refuse_deep
from jitflow.graph.graph import Graph, default_sessions, get_default_graph
from jitflow.graph.operation import may_be
from jitflow.graph.plan import Plan, Taken
from jitflow.graph.variables import VariableOperation
from jitflow.trace.context import STATE
from jitflow.trace.exact import exact
from jitflow.trace.source import fail


class Session:
    """Values for the variables of one graph, the default one if none is given.

    graph: its nodes may be made before or after the session.
    """

    def __init__(self, graph: Graph | None = None) -> None:
        if not isinstance(graph, Graph | None):
            fail(ArgumentError, f"{graph!r} is no graph", op="Session", cure="Session(graph)")
        self.graph = get_default_graph() if graph is None else graph
        self._values: list[Any] = []
        """Of variables, by slot; None where there is none yet."""
        self._draws = np.zeros((), np.int64)
        self._native = api.Replay(self._values, Session._run_and_learn)
        self._is_closed = False

    @api.native_method("_native")
    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """The values of the fetched nodes, in the structure in which they are given.

        fetches: a node or lists, tuples, dicts of nodes; an operation without outputs gives None.
        feed_dict: values for placeholders. Raises InvalidArgumentError for a feed that is missing
        or does not fit, FailedPreconditionError for a variable without a value.
        """
        plan = self._plan(fetches, feed_dict)
        return self._run(plan, plan.given(feed_dict or {}))[0]

    def _run_and_learn(self, *args: Any, **kwargs: Any) -> Any:
        """A run that is not native yet; the next one like it is, if it can be.

        Where feeds are no arrays and no numbers, it is a run of the arrays that they are.
        """
        self._native.count_call()
        fetches, feeds = _arguments(*args, **kwargs)
        plan = self._plan(fetches, feeds)
        given = plan.given(feeds or {})
        if not plan.is_plain(feeds, given):
            return self._native(self, fetches, dict(zip(plan.keys, given, strict=True)))
        result, taken = self._run(plan, given)
        if self._native.wants() and not plan.prints:
            self._native.learn((self, *args), kwargs, feeds, plan.seen(taken, self._draws))
        return result

    def _run(self, plan: Plan, given: list[Any]) -> tuple[Any, Taken]:
        """The result, and what the plan's function took for it.

        Where another thread has changed what this run read and changes too, it runs again.
        """
        found = self._attempt(plan, given)
        if found is None:
            with self._native.asleep():
                while found is None:
                    found = self._attempt(plan, given)
        return found

    def _attempt(self, plan: Plan, given: list[Any]) -> tuple[Any, Taken] | None:
        """What `_run` gives; None where it came too late. Variables change when all is done."""
        if plan.draws:
            self._draws += 1
        taken = Taken(plan.state(self._values), given, int(self._draws))
        values, new, shown = plan.run(*taken[: 2 + plan.draws])
        result = plan.fetches.result(values)
        for operation, items in zip(plan.prints, shown, strict=True):
            operation.show(items)
        return (result, taken) if self._set(plan.changed(taken), plan.writes, new) else None

    def _set(
        self,
        unchanged: Mapping[VariableOperation, Any],
        variables: Iterable[VariableOperation],
        new: Iterable[Any],
    ) -> bool:
        """Gives variables their values, all or none: if others have still those of `unchanged`.

        It is one call of a function in C, as no interrupt and no other thread may come between.
        """
        values = self._values
        now = map(values.__getitem__, [variable.slot for variable in unchanged])
        slots = [variable.slot for variable in variables]
        free = api.settled(values, slots)
        there = map(operator.is_, map(values.__getitem__, slots), free)
        same = map(operator.is_, now, list(unchanged.values()))
        put = map(values.__setitem__, slots, new)
        return all(chain(same, there, map(operator.not_, put)))

    def _reserve(self) -> None:
        """Room for the variables that the graph has now."""
        self._values.extend([None] * (len(self.graph.slots) - len(self._values)))

    def _plan(self, fetches: Any, feeds: Any) -> Plan:
        """The plan for a fetch structure and a set of keys, made where it was never run."""
        if STATE.context is not None:
            fail(TraceError, "a session runs within a traced function", cure="run it before")
        self._require_open("make a new one")
        if feeds is not None and not isinstance(feeds, dict):
            fail(ArgumentError, f"feed_dict is {described(feeds)}", cure="{placeholder: x}")
        self._reserve()
        key = _key(fetches), frozenset(feeds or ())
        try:
            plan = self.graph.plans.get(key)
        except TypeError:  # an array or another thing that is no node
            return Plan(self.graph, fetches, feeds or ())
        if plan is None:
            plan = self.graph.plans[key] = Plan(self.graph, fetches, feeds or ())
        return plan

    def checkpoint_state(self) -> dict[str, Any]:
        """The values of variables by name, and how often random numbers were drawn."""
        self._require_open("save it while it is open")
        found = api.settled(self._values, range(len(self._values)))
        pairs = zip(self.graph.slots, found, strict=False)
        values = {variable.name: x for variable, x in pairs if x is not None}
        return {"draws": int(self._draws), "variables": values}

    def checkpoint_like(self, saved: Any) -> dict[str, Any]:
        """A state like the one saved: variables that have no value yet take one, too."""
        state = self.checkpoint_state()
        known = {x.name: x.outputs[0] for x in self.graph.slots}
        for name, value in saved.get("variables", {}).items():
            if name in known and name not in state["variables"]:
                wanted = known[name].shape or ()
                shape = np.shape(value) if may_be(np.shape(value), known[name].shape) else wanted
                state["variables"][name] = np.empty([n or 0 for n in shape], known[name].dtype)
        return state

    def restore_state(self, state: dict[str, Any]) -> None:
        """Takes the values that another session's `checkpoint_state` gave."""
        self._require_open("make a new one")
        self._reserve()
        variables = [self._variable(name) for name in state["variables"]]
        own = [np.array(x)[()] for x in state["variables"].values()]  # a run may write over it
        while not self._set({}, variables, own):
            continue
        self._draws[...] = state["draws"]

    def _variable(self, name: str) -> VariableOperation:
        operation = self.graph.get_operation(name)
        if not isinstance(operation, VariableOperation):
            fail(ArgumentError, f"{name} is no variable, which could take a value")
        return operation

    def __jitflow_program__(self, fetches: Any, feeds: Any = ()) -> Program:
        """What `export.save(path, session, fetches, feeds)` writes, with the values of now."""
        self._require_open("export while it is open")
        return program_of(self.graph, fetches, feeds, **self.checkpoint_state())

    def _require_open(self, cure: str) -> None:
        if self._is_closed:
            fail(ArgumentError, "the session is closed", cure=cure)

    def close(self) -> None:
        """Frees the values; every later run fails."""
        self._values = []
        self._native = api.Replay(self._values, Session._run_and_learn)
        self._is_closed = True

    def __reduce__(self) -> NoReturn:
        cure = "other = Session(graph); other.restore_state(session.checkpoint_state())"
        fail(TraceError, "a session cannot be copied or pickled", cure=cure)

    def __enter__(self) -> Session:
        default_sessions().append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        if self in default_sessions():
            default_sessions().remove(self)
        self.close()


def _arguments(fetches: Any, feed_dict: Any = None) -> tuple[Any, Any]:
    """What `run` was called with."""
    return fetches, feed_dict


_arguments.__name__ = _arguments.__qualname__ = "Session.run"  # in what TypeErrors say


def _key(structure: Any, depth: int = 0) -> Any:
    """Hashable, equal for structures of the same containers and nodes."""
    if not isinstance(structure, (list, tuple, dict)):
        return structure
    refuse_deep(depth)
    if isinstance(structure, dict):
        pairs = [(exact(key), _key(x, depth + 1)) for key, x in structure.items()]
        return type(structure), tuple(pairs)
    return type(structure), tuple([_key(x, depth + 1) for x in structure])


class InteractiveSession(Session):
    """A session that is the default from the start, until it is closed."""

    def __init__(self, graph: Graph | None = None) -> None:
        super().__init__(graph)
        default_sessions().append(self)

    def close(self) -> None:
        if self in default_sessions():
            default_sessions().remove(self)
        super().close()
