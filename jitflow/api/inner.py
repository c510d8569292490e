"""What transforms share: functions traced inside a trace, and transforms called outside of one.

Owns the names that errors give to arguments, and the pair that `has_aux` asks for. Knows no
transform.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jitflow.api.function import JitFunction
from jitflow.errors import DerivativeError, DtypeError, TraceError, described
from jitflow.ir.core import Function, Value
from jitflow.passes.inline import inline
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import STATE, Context, in_trace
from jitflow.trace.emit import wrap
from jitflow.trace.pytree import TreeDef, flatten, paths, unflatten
from jitflow.trace.source import definition, fail
from jitflow.trace.staging import Leaf, Source, run


def evaluate(transform: Callable[..., Any], *args: Any) -> Any:
    """`transform(*args)` in the trace in progress, or compiled where there is none."""
    if STATE.context is not None:
        return transform(*args)
    return JitFunction(transform, None, None, inlines=True)(*args)


def require_function(function: Any, kind: str) -> None:
    if not callable(function):
        fail(TraceError, f"{kind} takes a function, got {described(function)}")


@dataclass(frozen=True, slots=True)
class Inner:
    """A function that was traced inside the trace in progress, its calls inlined."""

    graph: Function
    """Its parameters are the leaves, then what it captured."""

    captured: list[Value]
    """What the trace in progress gives for the captured parameters."""

    result: TreeDef
    aux: TreeDef
    """The structures of the result, and of what `has_aux` returns beside it (else of None)."""

    weak: list[bool]
    """Of each result: whether it is a weak number."""

    @property
    def leaf_count(self) -> int:
        """How many results belong to `result`; the others to `aux`."""
        return self.result.leaf_count

    @property
    def inexact(self) -> tuple[int, ...]:
        """The leaves of the result that have tangents."""
        values = self.graph.results[: self.leaf_count]
        return tuple(i for i, v in enumerate(values) if v.type.dtype.is_inexact)

    def arrays(self, values: Sequence[Value]) -> tuple[Any, Any]:
        """The function's result and aux, of the values of its results."""
        arrays = [wrap(v, w) for v, w in zip(values, self.weak, strict=True)]
        count = self.leaf_count
        return unflatten(self.result, arrays[:count]), unflatten(self.aux, arrays[count:])


def trace_inside(
    function: Callable[..., Any],
    call: Callable[[list[TracedArray]], Any],
    leaves: Sequence[Leaf],
    *,
    kind: str,
    has_aux: bool = False,
    order: int = 1,
) -> Inner:
    """The graph of `call`, which calls the user's function on traced leaves.

    order: how often the graph will be differentiated.

    Raises DerivativeError where `has_aux` is set and the function returns no pair.
    """
    result_tree: TreeDef | None = None
    aux_tree: TreeDef | None = None

    def pair(traced: list[TracedArray]) -> Any:
        nonlocal result_tree, aux_tree
        returned = call(traced)
        result, aux = _pair(returned, kind) if has_aux else (returned, None)
        result_tree, aux_tree = flatten(result)[1], flatten(aux)[1]
        return returned

    name = getattr(function, "__name__", "function")
    source = Source(pair, name, definition(inspect.unwrap(function)))

    def body(inner: Context) -> tuple[Function, list[bool], list[Value]]:
        inner.order += order
        results, _ = run(source, inner, leaves)
        graph = inner.builder.build(name, [result.value for result in results])
        return graph, [result.weak for result in results], inner.captures()

    graph, weak, captures = in_trace(body, nested=True)
    assert result_tree is not None and aux_tree is not None
    return Inner(inline(graph, keep_rules=True), captures, result_tree, aux_tree, weak)


def _pair(returned: Any, kind: str) -> Any:
    if isinstance(returned, tuple) and len(returned) == 2:
        return returned
    fail(
        DerivativeError,
        f"with has_aux the function returns (value, aux), not {described(returned)}",
        op=kind,
        cure="return a pair, or drop has_aux",
    )


def leaf_names(
    function: Callable[..., Any], args: Sequence[Any], places: Sequence[int]
) -> list[str]:
    """What errors call the leaves of the positional arguments at `places`."""
    try:
        known = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        known = []
    roots = [known[i] if i < len(known) else f"args[{i}]" for i in places]
    return [
        f"argument {path}"
        for i, root in zip(places, roots, strict=True)
        for path in paths(flatten(args[i])[1], root)
    ]


_BY_ARGNUMS = "choose others by argnums"
_OTHERS = dict.fromkeys(
    ("jvp", "linearize", "vjp"), "leave it to the function: lambda x: f(x, n)"
)
"""What to do about an argument without derivatives, where a transform knows no argnums."""


def require_inexact(
    arrays: Sequence[TracedArray], names: Sequence[str], kind: str, kinds: str = "fc"
) -> None:
    """DtypeError where an array that is differentiated by has no derivatives."""
    for x, name in zip(arrays, names, strict=True):
        if x.type.dtype.kind not in kinds:
            what = "complex numbers" if x.type.dtype.kind == "c" else "integers or bools"
            fail(
                DtypeError,
                f"no {'gradient' if 'grad' in kind else 'derivative'} by {what}: it is {x.type}",
                op=f"{kind}: {name}",
                cure=f"pass floats (x.astype(float), 3.0), or {_OTHERS.get(kind, _BY_ARGNUMS)}",
            )
