"""What operations take from around them as they are made: names' scope, controls, device.

Each thread has its own, so that several may build one graph.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jitflow.errors import ArgumentError, DeviceError
from jitflow.graph.names import checked_name
from jitflow.runtime.devices import Device, find_device
from jitflow.trace.source import fail, here

if TYPE_CHECKING:
    from jitflow.graph.operation import Operation


class Surroundings(threading.local):
    """What holds for operations that this thread makes now."""

    def __init__(self) -> None:
        self.scope = ""
        self.reuses = False
        self.controls: tuple[Operation, ...] = ()
        self.placement = find_device()

    @contextmanager
    def changed(self, **values: Any) -> Iterator[None]:
        """Other values meanwhile."""
        before = {name: getattr(self, name) for name in values}
        vars(self).update(values)
        try:
            yield
        finally:
            vars(self).update(before)


class Scopes:
    """The `with` statements of a graph; `now` is what they have set."""

    def __init__(self) -> None:
        self.now = Surroundings()

    @contextmanager
    def name_scope(self, name: str) -> Iterator[str]:
        """Names of operations made meanwhile start with `name/`."""
        scope = f"{self.now.scope}{checked_name(name, 'scope')}/"
        with self.now.changed(scope=scope):
            yield scope

    @contextmanager
    def variable_scope(self, name: str, reuse: bool = False) -> Iterator[str]:
        """A scope of names; with `reuse`, `get_variable` gives variables that exist already."""
        with self.now.changed(reuses=reuse or self.now.reuses), self.name_scope(name) as scope:
            yield scope

    @contextmanager
    def control_dependencies(self, nodes: Iterable[Any]) -> Iterator[None]:
        """Operations made meanwhile run after these, which run whenever one of those does."""
        if hasattr(nodes, "op") or not isinstance(nodes, Iterable):
            fail(ArgumentError, f"{nodes!r} is no list of nodes", cure="control_dependencies([x])")
        added = [self.own_operation(node) for node in nodes]
        with self.now.changed(controls=tuple(dict.fromkeys((*self.now.controls, *added)))):
            yield

    @contextmanager
    def device(self, name: str | Device | None) -> Iterator[Device]:
        """Operations made meanwhile run on this device; None is the default one.

        Raises DeviceError, with what there is, for a device that is not there.
        """
        try:
            placement = find_device(name)
        except DeviceError as error:
            place = here()[0]
            raise DeviceError(f"{place}: {place.text}\n{error}") from None
        with self.now.changed(placement=placement):
            yield placement

    def own_operation(self, node: Any) -> Operation:
        """The operation behind a node of this graph; ArgumentError for any other."""
        raise NotImplementedError
