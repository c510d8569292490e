"""Gradients as nodes: the path from the sources to the targets, run once more and differentiated.

What a gradient needs of the forward path is shared with it when a run is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow import api
from jitflow.errors import ArgumentError, DtypeError, ShapeError
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph
from jitflow.graph.nodes import convert
from jitflow.graph.operation import Operation, Tensor, as_tensor, may_be, record, shape_text
from jitflow.trace.source import fail


class Gradients(Operation):
    """The gradients of the sum of `targets` with respect to `sources`, an output for each.

    `weights`: what the targets are multiplied by before, none for 1.
    """

    type = "Gradients"

    def __init__(
        self, graph: Graph, name: str, targets: Sequence[Tensor], sources: Sequence[Tensor],
        weights: Sequence[Tensor], path: Sequence[Operation],
    ) -> None:
        self.targets = tuple(targets)
        self.sources = tuple(sources)
        self.weights = tuple(weights)
        self.path = tuple(path)
        inputs = (*targets, *sources, *weights)
        super().__init__(graph, name, inputs, [source.static for source in sources])

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        between = {x for operation in self.path for x in operation.outputs}
        assigned = {x for x in self.sources if evaluation.is_assigned(x)}

        def forward(*sources: Any) -> list[Any]:
            inner = evaluation.inner()
            given = dict(zip(self.sources, sources, strict=True))
            for tensor, value in given.items():
                if tensor in assigned:
                    inner.add(tensor, value)
                elif tensor not in between:
                    inner.give(tensor, value)
            for operation in self.path:
                inner.run([operation])
                for tensor in given.keys() & set(operation.outputs):
                    inner.give(tensor, inner.value(tensor) + given[tensor])
            return [inner.value(target) for target in self.targets]

        values = [
            np.full_like(evaluation.value(x), -0.0)
            if x in between or x in assigned else evaluation.value(x)
            for x in self.sources
        ]  # what has several values, or follows from others, is given its change: -0.0 + x is x
        targets, pull_back = api.vjp(forward, *values)
        given = [evaluation.value(weight) for weight in self.weights]
        weights = given or [np.ones_like(target) for target in targets]
        return tuple(pull_back(weights))


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients"
) -> list[Tensor | None]:
    """Nodes for the gradients of the sum of `ys` with respect to each of `xs`, in a list.

    None where no path leads from an x to a y. grad_ys: weights of the ys, None for ones. Raises
    DtypeError for what has no derivative because it is no float.
    """
    targets = [as_tensor(y) for y in _listed(ys)]
    sources = [as_tensor(x) for x in _listed(xs)]
    if not targets:
        fail(ArgumentError, "no ys to take gradients of", op="gradients")
    graph = targets[0].graph
    weights = _weights(graph, grad_ys, targets)
    path, reached = _path(targets, sources)
    given = [source for source in dict.fromkeys(sources) if source in reached]
    if not given:
        return [None] * len(sources)
    for tensor in (*targets, *given):
        if tensor.dtype.kind not in "fcV":
            problem = f"{tensor.name} is {tensor.dtype}; gradients are of floats"
            fail(DtypeError, problem, op="gradients", cure="g.cast(x, g.float32)")
    outputs = Gradients(graph, name, targets, given, weights, path).outputs
    found = dict(zip(given, outputs, strict=True))
    return [found.get(source) for source in sources]


def _weights(graph: Graph, grad_ys: Any, targets: Sequence[Tensor]) -> list[Tensor]:
    """A weight for each target; none at all where nothing was given."""
    listed = [] if grad_ys is None else _listed(grad_ys)
    if listed and len(listed) != len(targets):
        fail(ArgumentError, f"{len(listed)} grad_ys for {len(targets)} ys", op="gradients")
    if all(w is None for w in listed):
        return []
    made: list[Tensor] = []
    with graph.as_default():
        for w, y in zip(listed, targets, strict=True):
            is_one = w is None
            weight = record("ones_like", np.ones_like, (y,), {}) if is_one else convert(w, y.dtype)
            if not may_be(weight.shape, y.shape):
                shapes = [shape_text(weight.shape), shape_text(y.shape)]
                problem = f"a weight of another shape than {y.name}"
                fail(ShapeError, problem, op="gradients", shapes=shapes)
            made.append(weight)
    return made


def _listed(x: Any) -> Sequence[Any]:
    return x if isinstance(x, (list, tuple)) else [x]


def _path(
    targets: Sequence[Tensor], sources: Sequence[Tensor]
) -> tuple[list[Operation], set[Tensor]]:
    """The operations between sources and targets, in order, and the sources that they start at.

    Effects stop gradients: what was assigned has none.
    """
    graph = targets[0].graph
    ancestors = graph.ancestors(*targets)
    starts = set(sources)
    touched: set[Operation] = set()
    path = []
    for operation in ancestors:
        inputs = [x for x in operation.inputs if x in starts or x.op in touched]
        if inputs and not operation.writes:
            touched.add(operation)
            path.append(operation)
    needed: set[Tensor] = set(targets)
    for operation in reversed(path):
        if needed.intersection(operation.outputs):
            needed.update(operation.inputs)
    on_path = [operation for operation in path if needed.intersection(operation.outputs)]
    return on_path, starts & needed
