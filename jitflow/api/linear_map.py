"""Linear maps as values: what `linearize` and `vjp` give beside the result.

A map is a pytree of the arrays that it needs, so that it goes in and out of jitted functions; what
it computes is an IR function, part of the structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jitflow.api.directions import directions, zeros_of
from jitflow.api.inner import evaluate
from jitflow.errors import TraceError
from jitflow.ir.core import Function, Value
from jitflow.ir.types import TensorType
from jitflow.trace.containers import register
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import TreeDef, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import splice


@dataclass(frozen=True, slots=True)
class Side:
    """What a map takes or gives: a structure, and the type of each leaf."""

    tree: TreeDef
    types: tuple[TensorType, ...]

    def fill(self, values: Sequence[Value]) -> Any:
        """The structure with a value for each leaf that is no integer; zeros for those that are."""
        rest = iter(values)
        return unflatten(self.tree, [
            wrap(next(rest)) if type.dtype.is_inexact else zeros_of(type) for type in self.types
        ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """A linear map without its residuals.

    `function` takes residuals and a value for each leaf of `takes` that is no integer.
    `kind` is vjp, whose map takes one argument, or linearize, whose map takes several.
    """

    function: Function
    takes: Side
    gives: Side
    kind: str


class LinearMap:
    """A function that is linear in its arguments; calling it computes no more than its own part.

    That of `linearize` takes a tangent for each primal and gives the tangent of the result. That
    of `vjp` takes the cotangent of the result, and gives a tuple with one for each primal.
    """

    __slots__ = ("recipe", "residuals")

    def __init__(self, residuals: Sequence[Any], recipe: Recipe) -> None:
        self.residuals = tuple(residuals)
        self.recipe = recipe

    def __call__(self, *given: Any) -> Any:
        if self.recipe.kind == "vjp" and len(given) != 1:
            fail(
                TraceError,
                f"the map takes one cotangent, in the structure of the result, not {len(given)}",
                op="vjp",
            )
        return evaluate(_apply, self, given)

    def __repr__(self) -> str:
        return f"<linear map of {self.recipe.function.name}>"


def _apply(map: LinearMap, given: tuple[Any, ...]) -> Any:
    recipe = map.recipe
    is_reverse = recipe.kind == "vjp"
    what = "cotangent" if is_reverse else "tangents"
    fitted = directions(
        given[0] if is_reverse else given, recipe.takes.tree, recipe.takes.types, recipe.kind, what
    )
    arrays = [*(lift(x) for x in map.residuals), *fitted]
    return recipe.gives.fill(splice(recipe.function, [x.value for x in arrays]))


register(
    LinearMap, lambda map: (map.residuals, map.recipe), lambda recipe, c: LinearMap(c, recipe)
)
