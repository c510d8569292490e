"""Whole Jacobians and Hessians, and products with a Hessian: maps of a basis, batched as IR."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from jitflow.api.chosen import Chosen, numbers_of, transformed
from jitflow.api.forward import jvp, require_arguments, require_forward
from jitflow.api.function import JitFunction
from jitflow.api.gradient import grad
from jitflow.api.inner import Inner, require_function, require_inexact
from jitflow.errors import DerivativeError, described
from jitflow.ir.core import Function, Value
from jitflow.ir.types import TensorType
from jitflow.passes.batch import batch
from jitflow.passes.linearize import linearize
from jitflow.passes.timing import run_pass
from jitflow.passes.transpose import transpose
from jitflow.trace.arrays import TracedArray
from jitflow.trace.containers import kind_of
from jitflow.trace.emit import constant, emit, wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import paths, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import splice


def jacfwd(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """A function that gives the Jacobian, a column at a time: for few inputs and many results.

    For each leaf of the result there is the structure of the argument (a tuple where `argnums` is
    one), with arrays of the leaf's shape and then the argument's. With `has_aux` the function
    returns (result, anything), and this one (Jacobian, anything). Arguments and results are floats.
    """
    return _jacobian(function, argnums, has_aux, "jacfwd", _columns)


def jacrev(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """Like `jacfwd`, but a row at a time, in reverse mode: for many inputs and few results."""
    return _jacobian(function, argnums, has_aux, "jacrev", _rows)


def hessian(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """A function that gives the second derivatives: `jacfwd` of `jacrev`."""
    require_function(function, "hessian")
    return jacfwd(jacrev(function, argnums, has_aux), argnums, has_aux)


def hvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of a scalar function at `primals`, times `tangents`, without the Hessian itself.

    Both are tuples with an entry for each argument. The product has the structure of the primal
    where there is one, else it is a tuple with an entry for each. Forward over reverse mode; raises
    what `grad` and `jvp` raise.
    """
    require_function(function, "hvp")
    require_arguments(primals, "hvp", "primals")
    numbers = tuple(range(len(primals)))
    gradient = grad(function, numbers[0] if len(numbers) == 1 else numbers)
    return jvp(gradient, primals, tangents)[1]


def elementwise_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> JitFunction:
    """A function that gives the derivative at each element, for a function that works on each.

    In general it is the gradient of the sum of the result, which is one array of floats.
    """
    require_function(function, "elementwise_grad")

    @functools.wraps(function)
    def total(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if kind_of(type(result)) is not None:
            fail(
                DerivativeError, f"the function returns {described(result)}, not one array",
                op="elementwise_grad",
            )  # fmt: skip
        result = lift(result, "result")
        return emit("reduce_sum", result, axes=tuple(range(result.type.rank)))

    return grad(total, argnums)


Parts = list[list[TracedArray]]
"""The part of the Jacobian for each leaf of the result, and for each of the arguments."""


def _jacobian(
    function: Callable[..., Any],
    argnums: Any,
    has_aux: bool,
    kind: str,
    compute: Callable[[Chosen, Inner], Parts],
) -> JitFunction:
    require_function(function, kind)
    numbers, single = numbers_of(argnums, kind)

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        chosen = Chosen(function, args, kwargs, numbers, kind)
        require_inexact(chosen.arrays, chosen.names, kind, "f")
        inner = chosen.trace(has_aux=has_aux)
        _require_floats(inner, kind)
        rows = [unflatten(chosen.tree, row) for row in compute(chosen, inner)]
        result = unflatten(inner.result, [row[0] if single else row for row in rows])
        if not has_aux:
            return result
        aux = inner.arrays(splice(inner.graph, [*chosen.values, *inner.captured]))[1]
        return result, aux

    return transformed(function, differentiated, kind)


def _require_floats(inner: Inner, kind: str) -> None:
    for value, path in zip(inner.graph.results, paths(inner.result, "result"), strict=False):
        if value.type.dtype.kind != "f":
            fail(
                DerivativeError,
                f"{path} is {value.type.dtype}; a Jacobian is of floats",
                op=kind,
                cure="return it beside the result, with has_aux=True",
            )


def _columns(chosen: Chosen, inner: Inner) -> Parts:
    """Forward mode: the tangents of all results along a basis of each argument."""
    count = len(inner.graph.params)
    columns = []
    for index, x in enumerate(chosen.arrays):
        of = tuple(range(inner.leaf_count))
        pushed = run_pass(linearize, inner.graph, wrt=(index,), of=of)
        require_forward(pushed)
        pairs = _along_basis(pushed, chosen, inner, count, x.type)
        columns.append([_basis_last(y, has, x.type) for y, has in pairs])
    return [[column[k] for column in columns] for k in range(inner.leaf_count)]


def _rows(chosen: Chosen, inner: Inner) -> Parts:
    """Reverse mode: the cotangents of all arguments along a basis of each result."""
    wrt = tuple(range(len(chosen.arrays)))
    count = len(inner.graph.params)
    rows = []
    for k in range(inner.leaf_count):
        type = inner.graph.results[k].type
        pulled = run_pass(transpose, run_pass(linearize, inner.graph, wrt=wrt, of=(k,)))
        pairs = _along_basis(pulled, chosen, inner, count, type)
        rows.append([_basis_first(y, has, type) for y, has in pairs])
    return rows


def _along_basis(
    linear: Function, chosen: Chosen, inner: Inner, index: int, type: TensorType
) -> list[tuple[TracedArray, bool]]:
    """What the function adds to the graph's results, for a basis as its parameter `index`.

    Each comes with whether its axis 0 counts the basis.
    """
    operands = [*chosen.values, *inner.captured]
    if not type.rank:
        results = splice(linear, [*operands, constant(1, type.dtype).value])
        return [(wrap(v), False) for v in results[len(inner.weak) :]]
    mapped = run_pass(batch, linear, size=type.size, params=(index,))
    results = splice(mapped, [*operands, _basis(type)])
    has_axis = mapped.attrs["batched"]
    return [(wrap(v), i in has_axis) for i, v in enumerate(results) if i >= len(inner.weak)]


def _basis(type: TensorType) -> Value:
    """The unit arrays of a type, one after the other along a new first axis."""
    square = TensorType(lift(0).type.dtype, (type.size, type.size))
    same = emit("eq", emit("iota", axis=0, type=square), emit("iota", axis=1, type=square))
    units = emit("convert", same, dtype=type.dtype)
    basis: TracedArray = emit("reshape", units, shape=(type.size, *type.shape))
    return basis.value


def _basis_last(x: TracedArray, has_axis: bool, type: TensorType) -> TracedArray:
    """Tangents as a part of the Jacobian: the basis is unfolded behind the result's axes."""
    if not has_axis:
        return _spread(x, (*x.type.shape, *type.shape), tuple(range(x.type.rank)))
    moved = emit("transpose", x, axes=(*range(1, x.type.rank), 0))
    return _reshaped(moved, (*x.type.shape[1:], *type.shape))


def _basis_first(x: TracedArray, has_axis: bool, type: TensorType) -> TracedArray:
    """Cotangents as a part of the Jacobian: the basis is unfolded before the argument's axes."""
    if not has_axis:
        rank = len(type.shape)
        shape = (*type.shape, *x.type.shape)
        return _spread(x, shape, tuple(range(rank, rank + x.type.rank)))
    return _reshaped(x, (*type.shape, *x.type.shape[1:]))


def _spread(x: TracedArray, shape: tuple[Any, ...], axes: tuple[int, ...]) -> TracedArray:
    if x.type.shape == shape:
        return x
    whole: TracedArray = emit("broadcast", x, shape=shape, axes=axes)
    return whole


def _reshaped(x: TracedArray, shape: tuple[Any, ...]) -> TracedArray:
    if x.type.shape == shape:
        return x
    unfolded: TracedArray = emit("reshape", x, shape=shape)
    return unfolded
