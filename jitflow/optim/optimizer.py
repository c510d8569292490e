"""The base of optimizers: how one formula for one array becomes an update of all parameters.

A formula is written in NumPy's operators, so that it takes arrays, traced arrays and nodes alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from jitflow.errors import ArgumentError, DtypeError, ShapeError, TraceError, explain
from jitflow.optim.clipping import scale_to_norm
from jitflow.trace.pytree import describe_difference, flatten, unflatten
from jitflow.trace.source import fail

Rate = float | Callable[[Any], Any]


class Trainer(Protocol):
    """What stands behind variables of a kind: how an optimizer gets gradients and makes updates."""

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None
    ) -> list[tuple[Any, Any]]: ...

    def apply_gradients(self, optimizer: Optimizer, pairs: Sequence[tuple[Any, Any]]) -> Any: ...


TRAINERS: dict[type, Trainer] = {}
"""By the type of a loss or variable; front ends fill it."""


class State(NamedTuple):
    """What an optimizer keeps between updates: a pytree.

    count: the number of updates so far. slots: by name, trees like the parameters.
    """

    count: Any
    slots: dict[str, Any]


class Optimizer:
    """A rule that changes parameters by their gradients.

    learning_rate: a number, or a schedule: a function of the number of updates so far.
    clip_norm: gradients are scaled down so that their global norm is at most this.
    """

    slot_names: Sequence[str] = ()
    """What the formula keeps for each parameter."""

    needs_count = False
    """Whether the formula asks how many updates there were."""

    def __init__(self, learning_rate: Rate, clip_norm: float | None = None) -> None:
        if not callable(learning_rate) and not learning_rate >= 0:
            raise ArgumentError(f"learning rate {learning_rate} is no number from 0 on")
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.needs_count = self.needs_count or callable(learning_rate)
        self.made: dict[Any, Any] = {}
        """Variables that hold slots, by what they belong to."""
        self.compiled: dict[str, Any] = {}
        """Its update as machine code, for variables that are changed at once."""

    def step(
        self, x: Any, slope: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        """The formula: a parameter and its slots after one update.

        rate: of x's dtype, or a Python float. count: of this update, 1 for the first, float64.
        """
        raise NotImplementedError

    def init(self, params: Any) -> State:
        """The state before the first update of a tree of float arrays."""
        leaves, tree = flatten(params)
        for x in leaves:
            require_float(x)
        made = {
            name: unflatten(tree, [np.zeros_like(x) for x in leaves]) for name in self.slot_names
        }
        return State(np.int64(0), made)

    def update(self, params: Any, grads: Any, state: State) -> tuple[Any, State]:
        """The parameters after one update, and the new state; best called within `@jit`.

        TraceError where the trees differ.
        """
        leaves, tree = flatten(params)
        slopes, given = flatten(grads)
        if given != tree:
            fail(TraceError, f"gradients {describe_difference(tree, given, 'grads')}")
        slots = [self._slots(state, name, tree) for name in self.slot_names]
        count = state.count + 1
        new, changed = self.steps(leaves, slopes, list(zip(*slots, strict=True)), count)
        columns = zip(*changed, strict=True) if slots else ()
        kept = {
            name: unflatten(tree, list(column))
            for name, column in zip(self.slot_names, columns, strict=True)
        }
        return unflatten(tree, new), State(count, kept)

    def _slots(self, state: State, name: str, tree: Any) -> list[Any]:
        """What a state keeps by this name; TraceError where it is for other parameters."""
        leaves, given = flatten(state.slots.get(name))
        if given != tree:
            fail(TraceError, f"the state {describe_difference(tree, given, name)}")
        return leaves

    def steps(
        self, leaves: Sequence[Any], slopes: Sequence[Any], slots: Sequence[Sequence[Any]],
        count: Any,
    ) -> tuple[list[Any], list[Sequence[Any]]]:
        """One update of all: new parameters and new slots, in their order. `count` is from 1."""
        if self.clip_norm is not None:
            slopes = scale_to_norm(slopes, self.clip_norm)
        now = count.astype(np.float64)
        rate = self.learning_rate(now - 1.0) if callable(self.learning_rate) else None
        new, changed = [], []
        for x, slope in zip(leaves, slopes, strict=True):
            require_alike(x, slope)
        for x, slope, own in zip(leaves, slopes, slots or [()] * len(leaves), strict=True):
            own_rate = self.learning_rate if rate is None else as_like(rate, x)
            y, kept = self.step(x, slope, own, own_rate, now)
            new.append(y)
            changed.append(kept)
        return new, changed

    def minimize(self, loss: Any, var_list: Sequence[Any] | None = None) -> Any:
        """A node that makes one update of the variables that lead to a loss of a graph."""
        return self.apply_gradients(self.compute_gradients(loss, var_list))

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None = None
    ) -> list[tuple[Any, Any]]:
        """(gradient, variable) of a graph's loss, for all trainable variables if none are given.

        The gradient is None where the variable does not lead to the loss.
        """
        return _trainer(loss).compute_gradients(loss, var_list)

    def apply_gradients(self, grads_and_vars: Sequence[tuple[Any, Any]]) -> Any:
        """Updates variables by gradients: in a graph a node, with a tape at once."""
        pairs = [(slope, x) for slope, x in grads_and_vars if slope is not None]
        if not pairs:
            raise ArgumentError("no variable has a gradient")
        return _trainer(pairs[0][1]).apply_gradients(self, pairs)

    def variables(self) -> list[Any]:
        """The variables that it made, in order: slots, and the count where the formula asks it."""
        return list(self.made.values())


def _trainer(x: Any) -> Trainer:
    if type(x) not in TRAINERS:
        cure = "within @jit use init and update, with gradients of value_and_grad"
        raise TraceError(explain(f"{x!r} is no node of a graph and no variable", cure=cure))
    return TRAINERS[type(x)]


def as_like(number: Any, x: Any) -> Any:
    """A rank-0 array in the dtype of another; Python numbers take it on by themselves."""
    return number.astype(x.dtype) if hasattr(number, "astype") else number


def require_float(x: Any) -> None:
    """DtypeError for a parameter that has no gradient."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "fV":
        kind = type(x).__name__ if dtype is None else str(dtype)
        fail(DtypeError, f"a parameter is {kind}; optimizers change arrays of floats")


def require_alike(x: Any, slope: Any) -> None:
    """ShapeError for a gradient of another shape, which would broadcast, as far as it is known."""
    shapes = [getattr(x, "shape", ()), getattr(slope, "shape", ())]
    if None not in shapes and len(shapes[0]) == len(shapes[1]):
        sizes = zip(*shapes, strict=True)
        if all(n is None or m is None or n == m for n, m in sizes):
            return
    if None not in shapes:
        fail(ShapeError, "a gradient has not its parameter's shape", shapes=shapes)
