"""Layers: functions whose variables live in trees outside of them.

A layer's `forward` asks for its parameters by name. While a model is made, that creates them; in
a call it finds them. Trees are nested as layers are: {"encoder": {"kernel": ..., "bias": ...}}.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from jitflow.nn.frame import CURRENT, Call, Frame, Variables, current
from jitflow.random.initializers import Initializer


class Layer:
    """A function with parameters. Subclasses write `forward`, with layers made in `__init__`.

    In `forward`, `self.param` and `self.variable` give arrays by name, and other layers are
    called like functions; a layer that is called twice uses the same ones twice. `init` makes
    the variables, `apply` computes with them.
    """

    trainable = True
    """Set False, training changes nothing in it or in its layers: they compute as outside of it."""

    @property
    def name(self) -> str:
        """What it is called where no attribute says it."""
        return type(self).__name__.lower()

    def children(self) -> dict[str, Layer]:
        """The layers in its attributes, by the names that their parts of a tree have."""
        found: dict[str, Layer] = {}
        for name, value in vars(self).items():
            for part, child in _layers_in(name, value):
                found[part if part not in found else f"{part}_"] = child
        return found

    def forward(self, x: Any) -> Any:
        """The output for an input, or for several."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def param(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: Any = np.float32
    ) -> Any:
        """A trained array of this layer."""
        frame = current(self.name)
        return frame.numbers(frame.params, name, shape, initializer, dtype)

    def variable(
        self, name: str, shape: Sequence[int], initializer: Initializer, dtype: Any = np.float32
    ) -> Any:
        """An array of this layer that training does not change, but `update` may."""
        frame = current(self.name)
        return frame.numbers(frame.state, name, shape, initializer, dtype)

    def update(self, name: str, value: Any) -> None:
        """What `variable` gives from the next call on; while variables are made it stays."""
        frame = current(self.name)
        if not frame.call.creates:
            frame.state[name] = value

    @property
    def training(self) -> bool:
        """Whether this is a step of training, and the layer is not frozen."""
        frame = current(self.name)
        frame.call.is_asked = True
        return frame.call.training and not frame.is_frozen

    def key(self) -> Any:
        """A key for random numbers of this call."""
        return current(self.name).call.key()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The output, within the `forward` of another layer."""
        outer = current(self.name)
        return self._run(outer.call.frame(self, outer), args, kwargs)

    def init(self, key: Any, *args: Any, **kwargs: Any) -> Variables:
        """Numbers for inputs like these, arrays or traced ones."""
        call = Call(self, Variables({}, {}), True, False, key)
        root = call.frames[()]
        self._run(root, args, kwargs)
        if call.is_asked:  # there may be layers that only a step of training calls
            call.training = True
            self._run(root, args, kwargs)
        return Variables(root.params, root.state)

    def apply(
        self, variables: Variables, *args: Any, training: bool = False, key: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """The output, and the state after the call. key: for layers that draw random numbers."""
        root = Call(self, variables, False, training, key).frames[()]
        return self._run(root, args, kwargs), root.state

    def _run(self, frame: Frame, args: Any, kwargs: Any) -> Any:
        before, CURRENT.frame = CURRENT.frame, frame
        frame.unnamed = {}
        try:
            return self.forward(*args, **kwargs)
        finally:
            CURRENT.frame = before


def _layers_in(name: str, value: Any) -> Iterable[tuple[str, Layer]]:
    """The layers of an attribute: itself, or those in lists, tuples and dicts, however nested."""
    if isinstance(value, Layer):
        yield name, value
    elif isinstance(value, (list, tuple, dict)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _layers_in(f"{name}_{key}", part)
