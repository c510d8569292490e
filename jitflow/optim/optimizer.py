"""The base of optimizers: how one formula for one array becomes an update of all parameters.

A formula is written in NumPy's operators, so that it takes arrays, traced arrays and nodes alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from jitflow.errors import ArgumentError, DtypeError, ShapeError, TraceError
from jitflow.optim import settings
from jitflow.optim.clipping import scale_to_norm
from jitflow.optim.settings import Rate, as_like, slot_dtype
from jitflow.trace.pytree import describe_difference, flatten, unflatten
from jitflow.trace.source import fail


class Trainer(Protocol):
    """What stands behind variables of a kind: how an optimizer gets gradients and makes updates."""

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None
    ) -> list[tuple[Any, Any]]: ...

    def apply_gradients(
        self, optimizer: Optimizer, pairs: Sequence[tuple[Any, Any]], global_step: Any
    ) -> Any: ...

    def slots(self, optimizer: Optimizer, variable: Any) -> list[Any]: ...


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

    learning_rate: a number, or a schedule: a function of the number of updates so far; in a graph a
    node or a variable too.
    clip_norm: gradients are scaled down so that their global norm is at most this.
    """

    slot_names: Sequence[str] = ()
    """What the formula keeps for each parameter."""

    needs_count = False
    """Whether the formula asks how many updates there were."""

    def __init__(self, learning_rate: Rate, clip_norm: float | None = None) -> None:
        self.learning_rate = learning_rate
        self.clip_norm = None if clip_norm is None else settings.number("clip_norm", clip_norm)
        self.made: dict[Any, Any] = {}
        """Variables that hold slots, by what they belong to."""
        self.compiled: dict[str, Any] = {}
        """Its update as machine code, for variables that are changed at once."""

    @property
    def learning_rate(self) -> Rate:
        """The rate, which may be set. Code of `@jit` and graphs keep what they were made with."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: Rate) -> None:
        self._rate = settings.learning_rate(rate)

    @property
    def rate_now(self) -> Any:
        """The rate as an argument of compiled code; None for a schedule, which is part of it."""
        return None if callable(self._rate) else self._rate

    @property
    def counts(self) -> bool:
        """Whether somebody asks how many updates there were: the formula, or the schedule."""
        return self.needs_count or callable(self._rate)

    def step(
        self, x: Any, slope: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        """The formula: a parameter and its slots after one update.

        All are of one dtype, float32 at least. rate: of that dtype too, or a Python float. count:
        of this update, 1 for the first, float64; None in a graph where nobody `counts`.
        """
        raise NotImplementedError

    def init(self, params: Any) -> State:
        """The state before the first update of a tree of float arrays."""
        leaves, tree = flatten(params)
        for x in leaves:
            require_float(x)
        made = {
            name: unflatten(tree, [np.zeros_like(x, dtype=slot_dtype(x)) for x in leaves])
            for name in self.slot_names
        }
        return State(np.int64(0), made)

    def update(
        self, params: Any, grads: Any, state: State, learning_rate: Any = None
    ) -> tuple[Any, State]:
        """The parameters after one update, and the new state; best called within `@jit`.

        learning_rate: for this update, in place of the optimizer's. TraceError where the trees
        differ.
        """
        leaves, tree = flatten(params)
        slopes, given = flatten(grads)
        if given != tree:
            fail(TraceError, f"gradients {describe_difference(tree, given, 'grads')}")
        slots = [self._slots(state, name, tree) for name in self.slot_names]
        count = state.count + 1
        own = list(zip(*slots, strict=True))
        new, changed = self.steps(leaves, slopes, own, count, learning_rate)
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
        count: Any, learning_rate: Any = None,
    ) -> tuple[list[Any], list[Sequence[Any]]]:
        """One update of all: new parameters and new slots, in their order. `count` is from 1; None
        where nobody `counts`.

        Parameters of 16 bits are updated in float32, in which their slots are, and rounded once.
        """
        for x, slope in zip(leaves, slopes, strict=True):
            require_alike(x, slope)
        if self.clip_norm is not None:
            slopes = scale_to_norm(slopes, self.clip_norm)
        now: Any = None if count is None else count.astype(np.float64)
        rate = self._rate if learning_rate is None else settings.learning_rate(learning_rate)
        rate = rate(now - 1.0) if callable(rate) else rate
        new, changed = [], []
        for x, slope, own in zip(leaves, slopes, slots or [()] * len(leaves), strict=True):
            wide = slot_dtype(x)
            y, kept = self.step(
                as_like(x, wide), as_like(slope, wide), own, as_like(rate, wide), now
            )
            new.append(as_like(y, x.dtype))
            changed.append(kept)
        return new, changed

    def minimize(
        self, loss: Any, var_list: Sequence[Any] | None = None, *, global_step: Any = None
    ) -> Any:
        """A node that makes one update of the variables that lead to a loss of a graph.

        global_step: a variable that counts updates, one up each time.
        """
        pairs = self.compute_gradients(loss, var_list)
        return self.apply_gradients(pairs, global_step=global_step)

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None = None
    ) -> list[tuple[Any, Any]]:
        """(gradient, variable) of a graph's loss, for all trainable variables if none are given.

        The gradient is None where the variable does not lead to the loss.
        """
        return _trainer(loss).compute_gradients(loss, var_list)

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Any]], *, global_step: Any = None
    ) -> Any:
        """Updates variables by gradients: in a graph a node, with a tape at once."""
        pairs = [(slope, x) for slope, x in grads_and_vars if slope is not None]
        if not pairs:
            fail(ArgumentError, "no variable has a gradient")
        if len({id(x) for _, x in pairs}) < len(pairs):
            fail(ArgumentError, "a variable has two gradients", cure="add them")
        return _trainer(pairs[0][1]).apply_gradients(self, pairs, global_step)

    def build(self, variables: Iterable[Any]) -> None:
        """Makes the slots of eager variables, which the first update does otherwise.

        A checkpoint of an optimizer can then be restored into it.
        """
        for x in variables:
            _trainer(x).slots(self, x)

    def variables(self) -> list[Any]:
        """The variables that it made, in order: slots, and the count where the formula asks it."""
        return list(self.made.values())

    def slot(self, variable: Any, name: str) -> Any:
        """The variable that it keeps by this name for another one."""
        if (variable, name) not in self.made:
            known = ", ".join(self.slot_names) or "none"
            fail(ArgumentError, f"no slot {name!r} of {variable!r}; by name there is {known}")
        return self.made[variable, name]

    def checkpoint_state(self) -> dict[str, Any]:
        """What it keeps for the variables of a tape; what it keeps in a graph is a session's."""
        parts = {f"{place} {x.name}": x for place, x in enumerate(self.variables())}
        if any(not hasattr(x, "checkpoint_state") for x in parts.values()):
            fail(ArgumentError, "the slots are variables of a graph", cure="save the session")
        return {name: x.checkpoint_state() for name, x in parts.items()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Takes what another optimizer of these variables kept; `build` made the slots."""
        for x, value in zip(self.variables(), state.values(), strict=True):
            x.restore_state(value)


def _trainer(x: Any) -> Trainer:
    if type(x) not in TRAINERS:
        cure = "within @jit use init and update, with gradients of value_and_grad"
        fail(TraceError, f"{x!r} is no node of a graph and no variable", cure=cure)
    return TRAINERS[type(x)]


def require_float(x: Any) -> None:
    """DtypeError for a parameter that has no gradient."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "fV":
        kind = f"a Python {type(x).__name__}" if dtype is None else str(dtype)
        cure = "np.asarray(x, np.float32)"
        fail(DtypeError, f"a parameter is {kind}; optimizers change arrays of floats", cure=cure)


def require_alike(x: Any, slope: Any) -> None:
    """Refuses a gradient that is no float, or of another shape, which would broadcast."""
    dtype = getattr(slope, "dtype", None)
    if dtype is None or dtype.kind not in "fV":
        kind = type(slope).__name__ if dtype is None else str(dtype)
        fail(DtypeError, f"a gradient is {kind}; gradients are arrays of floats")
    shapes = [getattr(x, "shape", ()), getattr(slope, "shape", ())]
    if None not in shapes and len(shapes[0]) == len(shapes[1]):
        sizes = zip(*shapes, strict=True)
        if all(n is None or m is None or n == m for n, m in sizes):
            return
    if None not in shapes:
        fail(ShapeError, "a gradient has not its parameter's shape", shapes=shapes)
