"""The stages of a jitted function: traced, lowered, compiled. Each shows every level as text."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitflow import drawing
from jitflow.api.arguments import key_and_inputs
from jitflow.api.failures import explained
from jitflow.api.report import Compilation
from jitflow.api.road import Road
from jitflow.api.signature import Call
from jitflow.errors import CheckError, TraceError
from jitflow.ir.core import Function
from jitflow.passes.timing import Timing
from jitflow.trace.context import STATE
from jitflow.trace.graph import to_networkx
from jitflow.trace.pytree import TreeDef, describe_difference, flatten, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import Staged
from jitflow.trace.walkers import builder

if TYPE_CHECKING:
    import networkx

    from jitflow.drawing import Direction


class Donated(NamedTuple):
    """A result and the input that takes it, by number; in_place: while the code runs."""

    result: int
    leaf: int
    in_place: bool


class Traced:
    """A function as the user wrote it: its graph, in program order, with source lines.

    `road` leads from there to machine code.
    """

    def __init__(
        self, staged: Staged, call: Call, timings: Sequence[Timing] = (),
        donated: Sequence[int | str] = (),
    ) -> None:
        self.donated_arguments = tuple(donated)
        """Positions and keywords, as in `call`."""
        self._staged = staged
        self._call = call._replace(leaves=[])  # the arguments themselves are not kept alive
        self.road = Road(staged.function, timings)

    @property
    def graph(self) -> Function:
        """The graph as an IR function: arguments first, then captured arrays."""
        return self._staged.function

    @property
    def captured_arrays(self) -> tuple[np.ndarray[Any, Any], ...]:
        """The arrays from outside, of which the last parameters are made."""
        return self._staged.captured

    @property
    def result_tree(self) -> TreeDef:
        """The structure of what the function returns."""
        return self._staged.tree

    @property
    def call(self) -> Call:
        """What the arguments were, but for their leaves."""
        return self._call

    def as_text(self, level: str = "graph", *, locations: bool = False) -> str:
        """The function at a level: graph, ir, opt, kernels, llvm or asm."""
        return self.road.text(level, locations)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The graph for networkx: a node per argument and op, an edge per operand."""
        return to_networkx(self.graph)

    def alike(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of pairs of a result and a parameter, by number: arrays of equal type."""
        types = [(self.graph.results[k].type, self.graph.params[i].type) for k, i in pairs]
        fit = [one == other and bool(one.shape) for one, other in types]
        return [pair for pair, fits in zip(pairs, fit, strict=True) if fits]

    def giving(self, pairs: Sequence[tuple[int, int]]) -> Traced:
        """The same, where results are to take the memory of parameters: pairs of their numbers."""
        places = tuple(result for result, _ in pairs)
        graph = Function(self.graph.name, self.graph.body, {**self.graph.attrs, "donated": places})
        staged = self._staged._replace(function=graph)
        return Traced(staged, self._call, self.road.timings)

    def to_svg(self, direction: Direction = "TB") -> str:
        """A picture of the graph: one SVG text, in which each op says its source line."""
        return drawing.draw_function(self.graph, direction)

    def _repr_svg_(self) -> str | None:
        """What notebooks show; None where there are too many ops."""
        return self.to_svg() if len(self.graph.ops) <= drawing.MAX_OVERVIEW else None

    def lower(self) -> Lowered:
        return Lowered(self._staged, self._call, self.road)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.graph.name}>"


class Lowered(Traced):
    """A function as optimised IR."""

    def __init__(self, staged: Staged, call: Call, road: Road) -> None:
        super().__init__(staged, call)
        self.road = road

    def as_text(self, level: str = "opt", *, locations: bool = False) -> str:
        """The function at a level: graph, ir, opt, kernels, llvm or asm."""
        return self.road.text(level, locations)

    def to_svg(self, direction: Direction = "TB") -> str:
        """A picture of the kernels that fusion makes: one SVG text."""
        return drawing.draw_function(self.road.fused, direction)

    def compile(self) -> Compiled:
        return Compiled(self._staged, self._call, self.road)


class Compiled(Lowered):
    """Machine code for one signature; called with the dynamic arguments, without static ones."""

    def __init__(self, staged: Staged, call: Call, road: Road) -> None:
        super().__init__(staged, call, road)
        self.calls = 0
        self.donated: list[Donated] | None = None
        self.captured: Sequence[Any] = staged.captured
        self._execute = road.executable.run
        self.tree = staged.tree
        self._is_single = staged.tree.leaf_count == len(staged.tree.nodes) == 1
        self._build = builder(staged.tree) or functools.partial(unflatten, staged.tree)
        self._has_scalars = any(not v.type.shape for v in staged.function.results)

    def as_text(self, level: str = "llvm", *, locations: bool = False) -> str:
        """The function at a level: graph, ir, opt, kernels, llvm or asm."""
        return self.road.text(level, locations)

    def compile_report(self) -> Compilation:
        """What each step of the compilation took, and each kernel of it."""
        return Compilation(self.road)

    @property
    def call(self) -> Call:
        """The call that the code is for, without leaves."""
        return self._call

    def settle(self, call: Call) -> None:
        """Says anew which call the code is for."""
        self._call = call._replace(leaves=[])

    def is_for(self, call: Call) -> bool:
        """Whether arrays and other objects among a method's attributes are those of this call."""
        pairs = zip(self._call.attributes, call.attributes, strict=True)
        return all([mine.has_objects_of(other) for mine, other in pairs])

    def run(self, inputs: list[Any], donated: Sequence[Donated] = ()) -> Any:
        """The result for inputs that `key_and_inputs` made of leaves of this signature.

        Donated inputs take results: while the code runs where it lets them, or after it.
        """
        self.calls += 1
        if self.captured:
            inputs += self._read_captured()
        try:
            if donated:
                places = {d.result: inputs[d.leaf] for d in donated if d.in_place}
                outputs = self._execute(inputs, places)
            else:
                outputs = self._execute(inputs)
        except CheckError as error:
            raise explained(error, self.graph, inputs) from None
        for result, leaf, _ in donated:
            if outputs[result] is not inputs[leaf]:
                np.copyto(inputs[leaf], outputs[result])
                outputs[result] = inputs[leaf]
        if self._has_scalars:
            outputs = [x if x.ndim else x[()] for x in outputs]
        return outputs[0] if self._is_single else self._build(outputs)

    def _read_captured(self) -> list[Any]:
        params = self.graph.params[-len(self.captured) :]
        inputs = key_and_inputs(self.captured, keep_layout=False)[1]
        for x, param in zip(inputs, params, strict=True):
            if x.shape != param.type.shape or x.dtype != param.type.dtype.numpy:
                fail(
                    TraceError,
                    f"a captured array is now {x.dtype}{list(x.shape)}, it was {param.type}",
                    cure="pass it as an argument, or call clear_cache()",
                )
        return inputs

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the code on arguments of the signature that it was compiled for.

        What dicts have is found by their keys: whatever their order, the code is for one.
        """
        if STATE.context is not None:
            fail(TraceError, "compiled code takes concrete arrays; call the jitted function here")
        own = self._call
        leaves, tree = flatten((args, kwargs) if kwargs else args)
        if tree != own.tree or bool(kwargs) != own.has_keywords:
            fail(TraceError, "the arguments " + describe_difference(own.tree, tree, "args"))
        inputs = key_and_inputs(leaves, keep_layout=False)[1]
        self._require_types(inputs)
        return self.run(inputs)

    def _require_types(self, inputs: list[Any]) -> None:
        for param, x in zip(self.graph.params, inputs, strict=False):
            if not isinstance(x, np.ndarray):
                fail(TraceError, f"{param.name}: expected an array, got {type(x).__name__}")
            if x.shape != param.type.shape or x.dtype != param.type.dtype.numpy:
                fail(
                    TraceError,
                    f"{param.name} is {x.dtype}{list(x.shape)}; this code is for {param.type}",
                    cure="call the jitted function, which compiles for every signature",
                )
