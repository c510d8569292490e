"""What a tape recorded, as a function that can be traced: its gradient is compiled once per shape.

Two recordings of equal structure are equal programs, whatever their values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from jitflow import api
from jitflow.eager.tensor import Done, Tensor
from jitflow.forks import computed
from jitflow.recording import Application
from jitflow.trace.pytree import flatten


class Step(NamedTuple):
    """An application of values by number; its outputs get the numbers from `first` on."""

    application: Application
    inputs: tuple[int, ...]
    first: int


class Program:
    """Steps over numbered values, of which the first ones are given: the gradient of targets.

    changes: by the number of a step's output, that of the given value which is added to it.
    """

    def __init__(
        self, steps: Sequence[Step], targets: Sequence[int], sources: int, given: int,
        changes: dict[int, int],
    ) -> None:
        self.steps = tuple(steps)
        self.targets = tuple(targets)
        self.sources = sources
        self.given = given
        self.changes = changes

    @computed
    def key(self) -> Any:
        """Equal for equal programs; None where an argument cannot be compared.

        Taken once, before the program is traced: it has what arrays hold then.
        """
        applied = [(step.application.key, step.inputs) for step in self.steps]
        if any(key is None for key, _ in applied):
            return None
        changes = tuple(self.changes.items())
        return tuple(applied), self.targets, self.sources, self.given, changes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.key is not None and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    @computed
    def _hash(self) -> int:
        return id(self) if self.key is None else hash(self.key)

    def gradient(self, weights: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        """Gradients of the targets, times weights, with respect to the sources."""
        sources, others = given[: self.sources], given[self.sources :]
        own = set(self.changes.values())
        starts = [np.full_like(x, -0.0) if i in own else x for i, x in enumerate(sources)]

        def forward(*sources: Any) -> list[Any]:
            return self._run([*sources, *others])

        targets, pull_back = api.vjp(forward, *starts)
        weights = list(weights) or [np.ones_like(target) for target in targets]
        return list(pull_back(weights))

    def _run(self, values: list[Any]) -> list[Any]:
        for step in self.steps:
            results = flatten(step.application([values[i] for i in step.inputs]))[0]
            for i, x in enumerate(results, step.first):
                change = self.changes.get(i)
                values.append(x if change is None else x + values[change])
        return [values[i] for i in self.targets]


def program_of(
    record: Sequence[Done], targets: Sequence[Tensor], sources: Sequence[Tensor]
) -> tuple[Program, list[Tensor]]:
    """The program of a record, and the tensors that it is given: sources first.

    A source that others lead to is given as the change that is added to it.
    """
    made = {id(x) for one in record for x in one.outputs}
    given = list(sources)
    numbers = {id(x): i for i, x in enumerate(sources)}
    for x in (x for one in record for x in one.inputs):
        if id(x) not in numbers and id(x) not in made:
            numbers[id(x)] = len(given)
            given.append(x)
    count = len(given)
    steps, changes = [], {}
    for one in record:
        steps.append(Step(one.application, tuple(numbers[id(x)] for x in one.inputs), count))
        for x in one.outputs:
            if id(x) in numbers:
                changes[count] = numbers[id(x)]
            numbers[id(x)] = count
            count += 1
    ends = [numbers[id(x)] for x in targets]
    return Program(steps, ends, len(sources), len(given), changes), given


@lru_cache(maxsize=256)
def compiled_gradient(program: Program) -> Callable[..., Any]:
    """`program.gradient` as machine code, the same for equal programs."""
    return api.jit(program.gradient)
