"""A run while it is traced: the values of tensors so far, the state of variables, the effects.

Operations run in the order in which they were made. A variable is read by each operation that uses
it when that operation runs: after an assignment that was made before the operation. Gradients run
operations once more, on what these read the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jitflow import random
from jitflow.trace.source import speaks_for

if TYPE_CHECKING:
    from jitflow.graph.operation import Operation, Tensor


class Evaluation:
    """The values of a run. `state` are those of variables, `draws` the number of the run."""

    def __init__(self, state: Mapping[Any, Any], draws: Any) -> None:
        self.state = dict(state)
        self.shown: dict[Any, list[Any]] = {}
        self._draws = draws
        self._values: dict[Tensor, Any] = {}
        self._before: dict[Any, list[tuple[int, Any]]] = {}
        self._changes: dict[Any, Any] = {}
        self._now: int | None = None

    def value(self, tensor: Tensor) -> Any:
        """The value of a tensor; of a variable, what it holds where the run has come to."""
        if tensor in self._values:
            return self._values[tensor]
        held = self._held(tensor.op)
        return held + self._changes[tensor.op] if tensor.op in self._changes else held

    def _held(self, variable: Any) -> Any:
        """What the variable held before the operation that runs, which may run once more."""
        if self._now is not None:
            for number, value in self._before.get(variable, ()):
                if number >= self._now:
                    return value
        return self.state[variable]

    @speaks_for("operation")
    def run(self, operations: Iterable[Operation]) -> None:
        """Runs operations whose inputs have values, or come before them."""
        for operation in operations:
            self._now = operation.number
            for tensor, value in zip(operation.outputs, operation.run(self), strict=False):
                self._values[tensor] = value
        self._now = None

    def give(self, tensor: Tensor, value: Any) -> None:
        """Fixes the value of a tensor that is not run: a feed, the argument of a derivative."""
        self._values[tensor] = value

    def write(self, variable: Any, value: Any) -> None:
        """An effect: from here on the variable holds the value, after the run in the session."""
        assert self._now is not None
        before = self.state.get(variable)
        self._before.setdefault(variable, []).append((self._now, before))
        self.state[variable] = value

    def is_assigned(self, tensor: Tensor) -> bool:
        """Whether the tensor is a variable that the run has written so far."""
        return tensor.op in self._before

    def add(self, tensor: Tensor, change: Any) -> None:
        """From here on each read of the variable gives that much more: a derivative's argument."""
        known = self._changes.get(tensor.op)
        self._changes[tensor.op] = change if known is None else known + change

    def show(self, operation: Any, values: list[Any]) -> None:
        """An effect: the operation prints these values when the run is done."""
        self.shown[operation] = values

    def key(self, seed: int) -> Any:
        """A key for random numbers: another one for each run and each seed."""
        return random.fold_in(random.key(seed), self._draws)

    def inner(self) -> Evaluation:
        """A copy without effects: what runs in it may be differentiated."""
        made = Evaluation(self.state, self._draws)
        made._values = dict(self._values)
        made._before = self._before
        made._changes = dict(self._changes)
        return made
