"""Models as programs that can be exported: what they predict, and one step of their training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jitflow.export.program import Program
from jitflow.ir.dtypes import as_dtype
from jitflow.nn.batches import arguments
from jitflow.trace.pytree import map_tree
from jitflow.trace.spec import Spec

if TYPE_CHECKING:
    from jitflow.nn.model import Model


def prediction(model: Model, variables: Any, x: Any) -> Program:
    """The outputs for inputs like x; the model's variables are constants."""

    def predict(state: Mapping[str, Any], x: Any) -> Any:
        return model.apply(variables, *arguments(x))[0], {}, []

    return Program("predict", predict, {}, {}, {"x": _example(x)}, tuple)


def training_step(model: Model, state: Mapping[str, Any], key: Any, x: Any, y: Any) -> Program:
    """A step on a batch like (x, y), which gives what `fit` measures by name.

    state: the model's variables, the optimizer's slots, and the count of steps so far.
    """

    def train(state: Mapping[str, Any], x: Any, y: Any) -> Any:
        variables, slots, measured = model.train_step(
            state["variables"], state["slots"], key, state["count"], None, arguments(x), y, None
        )
        changes = {"variables": variables, "slots": slots, "count": state["count"] + 1}
        return dict(zip(model.names, measured, strict=True)), changes, []

    inputs = {"x": _example(x), "y": _example(y)}
    return Program("train", train, state, state, inputs, tuple)


def _example(x: Any) -> Any:
    """A tree of specs like a tree of arrays; a list is an array."""
    if isinstance(x, (tuple, dict)):
        return map_tree(_example, x)
    if isinstance(x, Spec):
        return x
    array = np.asarray(x)
    return Spec(as_dtype(array.dtype), array.shape)
