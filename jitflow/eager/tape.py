"""Tapes: operations on watched tensors are written down, and differentiated when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from jitflow.eager.program import compiled_gradient, program_of
from jitflow.eager.tensor import GRADIENTS, STATE, Done, Made, Tensor, as_tensor, given, record
from jitflow.eager.value import Valued
from jitflow.errors import ArgumentError, DtypeError, described
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail


class GradientTape:
    """Records what is done with watched tensors and trainable variables within its `with`.

    persistent: gradients may be asked for more than once. watch_accessed_variables: trainable
    variables are watched as they are read. Gradients are recorded by the tapes around this one.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watches_variables = watch_accessed_variables
        self._watched: dict[int, Tensor] = {}
        self._variables: dict[int, Any] = {}
        self._record: list[Done] = []
        self._is_used = False

    def __enter__(self) -> GradientTape:
        if self in STATE.tapes:
            fail(ArgumentError, "this tape records already")
        STATE.tapes.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        STATE.tapes.remove(self)

    def watch(self, x: Any) -> None:
        """Records what is done with a tensor, or those of a tree; DtypeError for integers."""
        for leaf in flatten(x)[0]:
            if not isinstance(leaf, Valued):
                fail(ArgumentError, f"a tape watches tensors, not {described(leaf)}")
            tensor = as_tensor(leaf)
            if tensor.dtype.kind not in "fcV":
                fail(DtypeError, f"{tensor.dtype} has no gradient", cure="watch floats")
            self._watched[id(tensor)] = tensor

    def record(self, done: Done) -> None:
        """Writes an operation down if something that is watched goes into it."""
        if self.watches_variables:
            for x in done.inputs:
                if x.variable is not None and x.variable.trainable and x.dtype.kind in "fcV":
                    self._watched[id(x)] = x
                    self._variables[id(x.variable)] = x.variable
        if any(id(x) in self._watched for x in done.inputs):
            self._record.append(done)
            self._watched.update((id(x), x) for x in done.outputs)

    def watched_variables(self) -> list[Any]:
        """Variables that were read, in that order."""
        return list(self._variables.values())

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """What is done meanwhile is not on this tape."""
        if self not in STATE.tapes:
            fail(ArgumentError, "this tape does not record", cure="call it within `with tape:`")
        place = STATE.tapes.index(self)
        STATE.tapes.remove(self)
        try:
            yield
        finally:
            STATE.tapes.insert(place, self)

    def reset(self) -> None:
        """Forgets what it recorded."""
        self._watched, self._variables, self._record = {}, {}, []
        self._is_used = False

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """The gradient of the sum of `target` for each of `sources`, in their structure.

        None where the tape saw no way from a source to a target. output_gradients: weights of the
        targets. ArgumentError for a second call, unless the tape is persistent.
        """
        if self._is_used and not self.persistent:
            cure = "make it GradientTape(persistent=True)"
            fail(ArgumentError, "this tape has given its gradient", cure=cure)
        self._is_used = True
        targets = [as_tensor(x) for x in flatten(target)[0]]
        leaves, tree = flatten(sources)
        weights = [] if output_gradients is None else flatten(output_gradients)[0]
        groups = [self._reads(x) for x in leaves]
        found = iter(_gradients(self._record, targets, sum(groups, []), weights))
        if not self.persistent:
            self._record = []
        return unflatten(tree, [_total([next(found) for _ in group]) for group in groups])

    def _reads(self, source: Any) -> list[Tensor]:
        """The tensors that stand for a source: of a variable all that were read."""
        if not isinstance(source, Valued):
            problem = f"gradients are for tensors and variables, not for {described(source)}"
            fail(ArgumentError, problem)
        if not isinstance(source, Tensor):
            inputs = (x for one in self._record for x in one.inputs if x.variable is source)
            return list({id(x): x for x in inputs if id(x) in self._watched}.values())
        tensor = as_tensor(source)
        return [tensor] if id(tensor) in self._watched else []


def _of_one(made: Made, index: int, slope: Any) -> list[Tensor | None]:
    """The gradients of the inputs of one operation for that of one of its outputs."""
    outputs = [given(np.float32(0)) for _ in range(made.count)]  # only told apart
    done = Done(made.application, made.inputs, outputs)
    return _gradients([done], [outputs[index]], made.inputs, [slope])


GRADIENTS.append(_of_one)


def _total(parts: Sequence[Tensor | None]) -> Tensor | None:
    found: list[Any] = [x for x in parts if x is not None]
    return reduce(add, found) if found else None


def _gradients(
    made: Sequence[Done], targets: Sequence[Tensor], sources: Sequence[Tensor],
    weights: Sequence[Any],
) -> list[Tensor | None]:
    """The gradient for each source that leads to a target, None for the others."""
    steps = _between(made, targets, sources)
    used = {id(x) for one in steps for x in one.inputs} | {id(x) for x in targets}
    reached = [x for x in sources if id(x) in used]
    if not reached:
        return [None] * len(sources)
    program, given = program_of(steps, targets, reached)
    ones = [as_tensor(w) for w in weights]
    outputs = record("gradient", compiled_gradient(program), (ones, given), {})
    found = {id(x): output for x, output in zip(reached, outputs, strict=True)}
    return [found.get(id(x)) for x in sources]


def _between(
    made: Sequence[Done], targets: Sequence[Tensor], sources: Sequence[Tensor]
) -> list[Done]:
    """What leads from sources to targets, in order."""
    reached = {id(x) for x in sources}
    forward = []
    for one in made:
        if any(id(x) in reached for x in one.inputs):
            reached.update(id(x) for x in one.outputs)
            forward.append(one)
    needed = {id(x) for x in targets}
    steps = []
    for one in reversed(forward):
        if any(id(x) in needed for x in one.outputs):
            needed.update(id(x) for x in one.inputs)
            steps.append(one)
    return steps[::-1]
