"""`vmap`: the function is staged for one element, batched as IR, and spliced in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jitflow.api.axes import Axes, from_front, spread, to_front
from jitflow.api.chosen import transformed
from jitflow.api.function import JitFunction
from jitflow.api.inner import leaf_names, require_function, trace_inside
from jitflow.errors import ShapeError, TraceError
from jitflow.passes.batch import batch
from jitflow.passes.timing import run_pass
from jitflow.trace.arrays import TracedArray
from jitflow.trace.emit import emit, wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten, paths, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import Leaf, splice


def vmap(
    function: Callable[..., Any],
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    *,
    axis_size: int | None = None,
) -> JitFunction:
    """A function that computes `function` for each element along an axis of its arguments at once.

    in_axes: the axis of each positional argument, None for one that is the same for all elements:
        an int for all, or a tuple with an entry for each, which may be a tree that the argument
        continues. Keyword arguments are taken along axis 0.
    out_axes: where the axis stands in the results; None for a result that is the same for all.
    axis_size: how many elements there are, where no argument says so.

    Raises ShapeError where sizes differ, AxisError where there is no such axis, and NoCodeError for
    ops that have no batching rule.
    """
    require_function(function, "vmap")
    axes = tuple(in_axes) if isinstance(in_axes, list) else in_axes
    if not (axes is None or type(axes) is int or isinstance(axes, tuple)):
        fail(
            TraceError,
            f"in_axes is an int, None, or a tuple with an entry for each argument, got {axes!r}",
            op="vmap",
        )
    if axis_size is not None and not (type(axis_size) is int and axis_size >= 0):
        fail(TraceError, f"axis_size is a number >= 0, got {axis_size!r}", op="vmap")

    @functools.wraps(function)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        return _Mapped(function, args, kwargs, axes, axis_size).results(out_axes)

    return transformed(function, mapped, "vmap")


class _Mapped:
    """One call of a mapped function."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        axes: Any,
        axis_size: int | None,
    ) -> None:
        if isinstance(axes, tuple) and len(axes) != len(args):
            fail(
                TraceError,
                f"in_axes has {len(axes)} entries, and the call {len(args)} positional arguments",
                op="vmap",
            )
        self.function = function
        self.leaves, self.tree = flatten((args, kwargs))
        keywords = spread(0, kwargs, "in_axes")
        self.axes = [*spread(axes, args, "in_axes"), *keywords]
        names = leaf_names(function, args, range(len(args)))
        names += [f"argument {k}" for name in sorted(kwargs) for k in paths(
            flatten(kwargs[name])[1], name
        )]
        self.names = names
        self.arrays = self._take_apart()
        self.size = self._size(axis_size)

    def _take_apart(self) -> dict[int, TracedArray]:
        """The mapped leaves by their position, the mapped axis first."""
        return {
            i: to_front(lift(x, name), axis, name)
            for i, (x, axis, name) in enumerate(
                zip(self.leaves, self.axes, self.names, strict=True)
            )
            if axis is not None
        }

    def _size(self, size: int | None) -> int:
        first = "axis_size"
        for i, x in self.arrays.items():
            found = x.type.shape[0]
            if size is None:
                size, first = found, self.names[i]
            if found != size:
                fail(
                    ShapeError,
                    f"{self.names[i]} has {found} elements on axis {self.axes[i]}, "
                    f"and {first} says {size}",
                    op="vmap",
                    cure="give None in in_axes for what is the same for all elements",
                )
        if size is None:
            fail(
                TraceError, "nothing is mapped", op="vmap",
                cure="give an axis in in_axes, or axis_size",
            )  # fmt: skip
        return size

    def _call(self, elements: list[TracedArray]) -> Any:
        whole = list(self.leaves)
        for i, x in zip(self.arrays, elements, strict=True):
            whole[i] = x
        args, kwargs = unflatten(self.tree, whole)
        return self.function(*args, **kwargs)

    def results(self, out_axes: Axes) -> Any:
        arrays = list(self.arrays.values())
        leaves = [
            Leaf(x.type.with_shape(x.type.shape[1:]), False, self.names[i])
            for i, x in self.arrays.items()
        ]
        inner = trace_inside(self.function, self._call, leaves, kind="vmap", order=0)
        after = run_pass(batch, inner.graph, size=self.size, params=tuple(range(len(arrays))))
        values = splice(after, [*(x.value for x in arrays), *inner.captured])
        has_axis = [i in after.attrs["batched"] for i in range(len(values))]
        found = [
            wrap(v, weak and not has)
            for v, weak, has in zip(values, inner.weak, has_axis, strict=True)
        ]
        axes = spread(out_axes, unflatten(inner.result, found), "out_axes")
        rows = zip(found, has_axis, axes, paths(inner.result, "result"), strict=True)
        return unflatten(inner.result, [self._placed(*row) for row in rows])

    def _placed(self, x: TracedArray, has_axis: bool, axis: int | None, name: str) -> TracedArray:
        """One result with its batch where it is wanted."""
        if axis is None:
            if has_axis:
                fail(
                    TraceError,
                    f"{name} differs from element to element, and out_axes says None",
                    op="vmap",
                )
            return x
        if not has_axis:
            x = emit(
                "broadcast", x, shape=(self.size, *x.type.shape),
                axes=tuple(range(1, x.type.rank + 1)),
            )  # fmt: skip
        return from_front(x, axis, name)
