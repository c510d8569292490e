"""Python functions applied to parts of arrays: traced once for one part, then batched as IR."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.types import Shape
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    emit,
    fail,
    normal_axis,
)
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import expand_dims, permuted, reshaped
from jitflow.passes.batch import batch
from jitflow.passes.inline import inline
from jitflow.trace import STATE, Context, in_trace, wrap
from jitflow.trace.pytree import unflatten
from jitflow.trace.source import definition
from jitflow.trace.staging import Leaf, Source, run, splice


def mapped(function: Callable[..., Any], arrays: Sequence[Array]) -> Any:
    """The function's results for each element along axis 0 of the arrays, stacked along axis 0."""
    size = arrays[0].type.shape[0]
    leaves = [
        Leaf(x.type.with_shape(x.type.shape[1:]), False, f"argument {k}")
        for k, x in enumerate(arrays)
    ]
    name = getattr(function, "__name__", "function")
    source = Source(lambda parts: function(*parts), name, definition(function))

    def body(inner: Context) -> Any:
        results, tree = run(source, inner, leaves)
        graph = inner.builder.build(name, [result.value for result in results])
        return graph, tree, inner.captures()

    graph, tree, captures = in_trace(body, nested=True)
    after = batch(inline(graph), size=size, params=tuple(range(len(arrays))))
    values = splice(after, [*(x.value for x in arrays), *captures])
    stacked = [
        strong(wrap(v) if i in after.attrs["batched"] else _repeated(wrap(v), size))
        for i, v in enumerate(values)
    ]
    return unflatten(tree, stacked)


def _repeated(x: Array, size: Any) -> Array:
    axes = tuple(range(1, x.type.rank + 1))
    return emit("broadcast", x, shape=(size, *x.type.shape), axes=axes)


@numpy_function(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Array:
    """The function of each vector along the axis; its result's axes stand where the axis was."""
    x = as_array(arr)
    place = normal_axis("apply_along_axis", axis, x.type.rank)
    others = [k for k in range(x.type.rank) if k != place]
    lead = tuple([x.type.shape[k] for k in others])
    if 0 in lead:
        problem = "cannot apply a function when any iteration dimensions are 0"
        fail(ShapeError, problem, op="apply_along_axis", shapes=[x.type.shape])
    rows = reshaped(permuted(x, [*others, place]), (math.prod(lead), x.type.shape[place]))
    found = mapped(lambda row: as_array(func1d(row, *args, **kwargs)), [rows])
    rank, inner = len(lead), found.type.rank - 1
    result = reshaped(found, (*lead, *found.type.shape[1:]))
    before, after = list(range(place)), list(range(place, rank))
    return permuted(result, [*before, *range(rank, rank + inner), *after])


@numpy_function(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Array:
    """func(a, axis) for one axis after the other; an axis that goes comes back with size 1."""
    value = as_array(a)
    rank = value.type.rank
    listed = axes if isinstance(axes, (tuple, list, np.ndarray)) else (axes,)
    for axis in listed:
        place = normal_axis("apply_over_axes", axis, rank)
        result = as_array(func(value, place))
        if result.type.rank != rank:
            result = expand_dims(result, place)
        if result.type.rank != rank:
            problem = "the function does not return an array of the correct shape"
            fail(ShapeError, problem, op="apply_over_axes", shapes=[result.type.shape])
        value = result
    return value


class vectorize:
    """np.vectorize. On traced values the function is traced once for one element.

    Arguments are broadcast against each other. `signature` gives the axes that the function itself
    sees, as in "(n),(n)->()"; `excluded` names arguments, or their positions, that stay whole.
    """

    def __init__(
        self,
        pyfunc: Callable[..., Any],
        otypes: Any = None,
        doc: str | None = None,
        excluded: Any = None,
        cache: bool = False,
        signature: str | None = None,
    ) -> None:
        options = {"otypes": otypes, "doc": doc, "excluded": excluded, "cache": cache}
        self.numpy_own = np.vectorize(pyfunc, **options, signature=signature)
        self.pyfunc = pyfunc
        self.otypes = otypes
        self.excluded = set(excluded or ())
        self.signature = signature
        self.__name__ = getattr(pyfunc, "__name__", "function")
        self.__doc__ = doc if doc is not None else pyfunc.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.context is None:
            return self.numpy_own(*args, **kwargs)
        chosen = [k for k in range(len(args)) if k not in self.excluded]
        names = [k for k in kwargs if k not in self.excluded]
        given = [as_array(args[k]) for k in chosen] + [as_array(kwargs[k]) for k in names]
        ranks = self._core_ranks(len(given))
        lead = broadcast_shapes(
            "vectorize",
            [x.type.shape[: x.type.rank - r] for x, r in zip(given, ranks, strict=True)],
        )
        rows = [_rows(x, r, lead) for x, r in zip(given, ranks, strict=True)]

        def element(*parts: Array) -> Any:
            whole, named = list(args), dict(kwargs)
            for k, part in zip(chosen, parts, strict=False):
                whole[k] = part
            named.update(zip(names, parts[len(chosen) :], strict=True))
            return self.pyfunc(*whole, **named)

        found = mapped(element, rows)
        if isinstance(found, tuple):
            return tuple([self._whole(x, lead, k) for k, x in enumerate(found)])
        return self._whole(found, lead, 0)

    def _core_ranks(self, count: int) -> list[int]:
        """How many axes the function itself sees of each argument."""
        if self.signature is None:
            return [0] * count
        terms = re.findall(r"\(([^)]*)\)", self.signature.partition("->")[0])
        if len(terms) != count:
            problem = f"signature {self.signature!r} does not fit {count} arguments"
            fail(TraceError, problem, op="vectorize")
        return [len([name for name in term.split(",") if name.strip()]) for term in terms]

    def _whole(self, x: Array, lead: Shape, place: int) -> Array:
        result = reshaped(x, (*lead, *x.type.shape[1:]))
        if self.otypes is None:
            return result
        return emit("convert", result, dtype=requested_dtype(np.dtype(self.otypes[place])))


def _rows(x: Array, rank: int, lead: Shape) -> Array:
    """One row for each element of the broadcast, with the axes that the function sees."""
    core = x.type.shape[x.type.rank - rank :]
    return reshaped(broadcast(strong(x), (*lead, *core)), (math.prod(lead), *core))
