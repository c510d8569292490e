"""Layers, and where their numbers are: parameters and state live in trees, not in the layers.

A layer's `forward` asks for its parameters by name. While a model is made, that creates them; in
a call it finds them. Trees are nested as layers are: {"dense": {"kernel": ..., "bias": ...}}.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jitflow import random
from jitflow.errors import ArgumentError, TraceError
from jitflow.random.initializers import Initializer
from jitflow.trace.source import fail


class Variables(NamedTuple):
    """What a layer computes with: a pytree. `params` are trained, `state` is kept beside them."""

    params: dict[str, Any]
    state: dict[str, Any]


class Frame:
    """One call of one layer: its part of the trees, and what the call may do."""

    def __init__(
        self, params: dict[str, Any], state: dict[str, Any], mode: Mode, path: str = ""
    ) -> None:
        self.params = params
        self.state = state
        self.new_state = dict(state)
        self.mode = mode
        self.path = path
        self.names: dict[str, int] = {}

    def inner(self, name: str) -> Frame:
        """The frame of a layer within; each name once."""
        count = self.names.get(name, 0)
        self.names[name] = count + 1
        name = f"{name}_{count}" if count else name
        if self.mode.creates:
            self.params.setdefault(name, {})
            self.new_state.setdefault(name, {})
        elif name not in self.params and name not in self.state:
            fail(ArgumentError, f"no parameters for {self.path}{name}", cure="make them by init()")
        made = Frame(
            self.params.get(name, {}), self.state.get(name, {}), self.mode, f"{self.path}{name}/"
        )
        if self.mode.creates:
            made.new_state = self.new_state[name]
        return made


class Mode:
    """What holds for a whole call of a model."""

    def __init__(self, creates: bool, training: bool, key: Any) -> None:
        self.creates = creates
        self.training = training
        self._key = key
        self._draws = 0

    def key(self) -> Any:
        """A key for random numbers, another one each time."""
        if self._key is None:
            fail(ArgumentError, "a call that draws random numbers needs key=")
        self._draws += 1
        return random.fold_in(self._key, self._draws)


class _State(threading.local):
    frame: Frame | None = None


_STATE = _State()


class Layer:
    """A function with parameters. Subclasses write `forward`, with layers made in `__init__`.

    In `forward`, `self.param` and `self.variable` give numbers by name, and other layers are
    called like functions. `init` makes the numbers, `apply` computes with them.
    """

    @property
    def name(self) -> str:
        """What its part of a tree is called."""
        return type(self).__name__.lower()

    def forward(self, x: Any) -> Any:
        """The output for an input."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def param(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: Any = np.float32
    ) -> Any:
        """A trained array of this layer."""
        frame = self._frame()
        return _numbers(frame, frame.params, name, shape, initializer, dtype)

    def variable(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: Any = np.float32
    ) -> Any:
        """An array of this layer that training does not change, but `update` may."""
        frame = self._frame()
        return _numbers(frame, frame.new_state, name, shape, initializer, dtype)

    def update(self, name: str, value: Any) -> None:
        """What `variable` gives from the next call on."""
        self._frame().new_state[name] = value

    @property
    def training(self) -> bool:
        """Whether this is a step of training."""
        return self._frame().mode.training

    def key(self) -> Any:
        """A key for random numbers of this call."""
        return self._frame().mode.key()

    def _frame(self) -> Frame:
        if _STATE.frame is None:
            fail(TraceError, f"{self.name} is called outside of a model", cure="use init and apply")
        return _STATE.frame

    def __call__(self, *args: Any) -> Any:
        """The output, within the `forward` of another layer."""
        outer = self._frame()
        inner = outer.inner(self.name)
        output = _run(inner, self.forward, args)
        if not outer.mode.creates:
            _keep(outer, inner)
        return output

    def init(self, key: Any, *args: Any) -> Variables:
        """Numbers for inputs like these, arrays or traced ones."""
        frame = Frame({}, {}, Mode(True, False, key))
        _run(frame, self.forward, args)
        return Variables(frame.params, frame.new_state)

    def apply(
        self, variables: Variables, *args: Any, training: bool = False, key: Any = None
    ) -> tuple[Any, dict[str, Any]]:
        """The output, and the state after the call. key: for layers that draw random numbers."""
        frame = Frame(variables.params, variables.state, Mode(False, training, key))
        output = _run(frame, self.forward, args)
        return output, frame.new_state


def _numbers(
    frame: Frame, tree: dict[str, Any], name: str, shape: Sequence[int], initializer: Initializer,
    dtype: Any,
) -> Any:
    """The array of this name in a part of the frame, made first where the call creates."""
    if frame.mode.creates and name not in tree:
        tree[name] = initializer(frame.mode.key(), tuple(shape), dtype)
    if name not in tree:
        fail(ArgumentError, f"no {frame.path}{name}", cure="make the numbers by init()")
    if np.shape(tree[name]) != tuple(shape):
        shapes = [np.shape(tree[name]), tuple(shape)]
        fail(ArgumentError, f"{frame.path}{name} was made for another input", shapes=shapes)
    return tree[name]


def _run(frame: Frame, forward: Callable[..., Any], args: Any) -> Any:
    before, _STATE.frame = _STATE.frame, frame
    try:
        return forward(*args)
    finally:
        _STATE.frame = before


def _keep(outer: Frame, inner: Frame) -> None:
    name = inner.path.rstrip("/").rpartition("/")[2]
    if name in outer.new_state:
        outer.new_state[name] = inner.new_state
