"""`check_grads`: derivatives of a function held to differences of its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.api.forward import jvp, require_arguments, vjp
from jitflow.api.inner import require_function
from jitflow.errors import GradientError, TraceError
from jitflow.trace.pytree import flatten, paths, unflatten
from jitflow.trace.source import fail

_TOLERANCE = {8: 2e-5, 4: 2e-2, 2: 0.2}
_STEP = {8: 1e-4, 4: 2e-2, 2: 0.1}
"""By the size of the narrowest number, in bytes."""

_MODES = ("fwd", "rev")


def check_grads(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: str | Sequence[str] = _MODES,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Compares derivatives up to `order` with central differences along random directions.

    args: a tuple of trees of floats, where the function is smooth. modes: "fwd" asks `jvp`, "rev"
    `vjp`; above order 1 each mode is taken of each. eps: the step of the differences; its default
    and those of the tolerances depend on the dtypes. The directions are the same in each run.

    Raises GradientError, an AssertionError, at the first derivative that differs.
    """
    require_function(function, "check_grads")
    require_arguments(args, "check_grads", "args")
    chosen = (modes,) if isinstance(modes, str) else tuple(modes)
    if not chosen or not set(chosen) <= set(_MODES):
        fail(TraceError, f"modes are 'fwd' and 'rev', got {modes!r}", op="check_grads")
    width = min((np.asarray(x).real.dtype.itemsize for x in flatten(args)[0]), default=8)
    check = _Check(
        chosen,
        _TOLERANCE[width] if atol is None else atol,
        _TOLERANCE[width] if rtol is None else rtol,
        _STEP[width] if eps is None else eps,
    )
    check.order(function, tuple(args), order, "")


class _Check:
    def __init__(self, modes: tuple[str, ...], atol: float, rtol: float, step: float) -> None:
        self.modes = modes
        self.atol = atol
        self.rtol = rtol
        self.step = step
        self.random = np.random.default_rng(1234)

    def order(self, function: Callable[..., Any], args: Any, order: int, above: str) -> None:
        """Checks one order, then those of the derivatives. `above` are the modes so far."""
        directions = self.direction(args)
        difference = self.difference(function, args, directions)
        if "fwd" in self.modes:
            tangent = jvp(function, args, directions)[1]
            self.compare(tangent, difference, f"{above}jvp")
        cotangent = self.direction(function(*args))
        if "rev" in self.modes:
            gradients = vjp(function, *args)[1](cotangent)
            backward, forward = _dot(gradients, directions), _dot(cotangent, difference)
            self.compare(backward, forward, f"{above}vjp")
        if order <= 1:
            return
        if "fwd" in self.modes:

            def pushed(*args: Any) -> Any:
                return jvp(function, args, directions)[1]

            self.order(pushed, args, order - 1, f"{above}jvp of ")
        if "rev" in self.modes:

            def pulled(*args: Any) -> Any:
                return vjp(function, *args)[1](cotangent)

            self.order(pulled, args, order - 1, f"{above}vjp of ")

    def direction(self, tree: Any) -> Any:
        """A random direction of the shape and dtype of each leaf; zeros for integers."""
        leaves, structure = flatten(tree)
        return unflatten(structure, [self._normal(np.asarray(x)) for x in leaves])

    def _normal(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if not np.issubdtype(x.dtype, np.inexact):
            return np.zeros_like(x)
        found = self.random.normal(size=x.shape)
        if x.dtype.kind == "c":
            return (found + 1j * self.random.normal(size=x.shape)).astype(x.dtype)
        return np.asarray(found).astype(x.dtype)

    def difference(self, function: Callable[..., Any], args: Any, directions: Any) -> Any:
        """The derivative of the result along the directions, by central differences."""
        high = function(*_moved(args, directions, self.step))
        low = function(*_moved(args, directions, -self.step))
        above, tree = flatten(high)
        below, _ = flatten(low)
        return unflatten(tree, [
            (np.asarray(h, np.result_type(h, np.float64)) - w) / (2 * self.step)
            if np.issubdtype(np.asarray(h).dtype, np.inexact) else np.zeros_like(h)
            for h, w in zip(above, below, strict=True)
        ])  # fmt: skip

    def compare(self, found: Any, wanted: Any, what: str) -> None:
        leaves, tree = flatten(found)
        for x, y, path in zip(leaves, flatten(wanted)[0], paths(tree, "result"), strict=True):
            if np.shape(x) != np.shape(y) or not np.allclose(x, y, self.rtol, self.atol):
                worst = np.max(np.abs(np.asarray(x) - y), initial=0)
                fail(
                    GradientError,
                    f"the {what} differs from differences at {path} by {worst:.3g}\n"
                    f"  derivative: {_short(x)}\n  differences: {_short(y)}",
                    op="check_grads",
                )


def _moved(args: Any, directions: Any, step: float) -> Any:
    leaves, tree = flatten(args)
    along = flatten(directions)[0]
    return unflatten(tree, [
        (x + np.asarray(step * np.asarray(d), np.asarray(d).dtype)).astype(np.asarray(d).dtype)
        for x, d in zip(map(np.asarray, leaves), along, strict=True)
    ])  # fmt: skip


def _dot(left: Any, right: Any) -> Any:
    """The sum of products of two trees of equal structure; of complex numbers the real part."""
    pairs = zip(flatten(left)[0], flatten(right)[0], strict=True)
    wide = ((np.asarray(x, np.result_type(x, np.float64)), y) for x, y in pairs)
    return sum((np.real(np.sum(x * y)) for x, y in wide), 0.0)


def _short(x: Any) -> str:
    flat = np.asarray(x).ravel()
    shown = np.array2string(flat[:4], precision=6, separator=", ")
    return shown if flat.size <= 4 else f"{shown[:-1]}, ...]"
