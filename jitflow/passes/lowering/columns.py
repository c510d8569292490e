"""States of several reductions of one kind, side by side in one state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jitflow.ir.builder import Builder
from jitflow.passes.lowering.cascade import State


@dataclass(frozen=True)
class Columns:
    """`count` states, which begin and combine each by itself."""

    count: int
    begin: Callable[[Builder], State]
    join: Callable[[Builder, State, State], State]

    def identity(self, b: Builder) -> State:
        """The state that changes nothing."""
        return self.begin(b) * self.count

    def joined(self, states: Sequence[State]) -> State:
        """All states as one."""
        return tuple(value for state in states for value in state)

    def apart(self, state: State) -> list[State]:
        """The state of each."""
        size = len(state) // self.count
        return [state[k : k + size] for k in range(0, len(state), size)]

    def combine(self, b: Builder, first: State, second: State) -> State:
        """The first of each with the second of it."""
        pairs = zip(self.apart(first), self.apart(second), strict=True)
        return self.joined([self.join(b, x, y) for x, y in pairs])
