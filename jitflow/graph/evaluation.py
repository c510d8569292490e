"""A run while it is traced: the values of tensors so far, the state of variables, the effects.

Operations run in the order in which they were made. A variable is read by each operation that uses
it when that operation runs: after an assignment that was made before the operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jitflow import random

if TYPE_CHECKING:
    from jitflow.graph.operation import Operation, Tensor


class Evaluation:
    """The values of a run. `state` are those of variables, `draws` the number of the run."""

    def __init__(self, state: Mapping[Any, Any], draws: Any) -> None:
        self.state = dict(state)
        self.shown: dict[Any, list[Any]] = {}
        self._draws = draws
        self._values: dict[Tensor, Any] = {}

    def value(self, tensor: Tensor) -> Any:
        """The value of a tensor; of a variable, what it holds now."""
        if tensor in self._values:
            return self._values[tensor]
        return self.state[tensor.op]

    def run(self, operations: Iterable[Operation]) -> None:
        """Runs operations whose inputs have values, or come before them."""
        for operation in operations:
            for tensor, value in zip(operation.outputs, operation.run(self), strict=False):
                self._values[tensor] = value

    def give(self, tensor: Tensor, value: Any) -> None:
        """Fixes the value of a tensor that is not run: a feed, the argument of a derivative."""
        self._values[tensor] = value

    def write(self, variable: Any, value: Any) -> None:
        """An effect: from here on the variable holds the value, after the run in the session."""
        self.state[variable] = value

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
        return made
