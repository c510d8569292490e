"""Tangents and cotangents that a user gives: made fit for the arrays that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitflow.errors import DerivativeError, DtypeError, ShapeError
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import TracedArray
from jitflow.trace.emit import constant, emit
from jitflow.trace.lift import lift
from jitflow.trace.pytree import TreeDef, describe_difference, flatten, paths
from jitflow.trace.source import fail


def directions(
    given: Any, tree: TreeDef, types: Sequence[TensorType], kind: str, what: str
) -> list[TracedArray]:
    """The leaves of `given`, which has this structure, each of its type; numbers are converted.

    `what` is what errors call them: tangents, or the cotangent. Leaves for integers and bools have
    no direction and are left out. Raises DerivativeError, ShapeError or DtypeError at the leaf
    that does not fit.
    """
    leaves, found = flatten(given)
    if found != tree:
        fail(DerivativeError, f"the structure {describe_difference(tree, found, what)}", op=kind)
    rows = zip(leaves, types, paths(tree, what), strict=True)
    return [fitted(x, type, name, kind) for x, type, name in rows if type.dtype.is_inexact]


def zeros_of(type: TensorType) -> TracedArray:
    """Zeros of a type."""
    zero = constant(0, type.dtype)
    whole: TracedArray = emit("broadcast", zero, shape=type.shape, axes=()) if type.shape else zero
    return whole


def fitted(x: Any, type: TensorType, name: str, kind: str) -> TracedArray:
    """`x` as an array of this type; ShapeError or DtypeError where it is another."""
    array = lift(x, name)
    if array.type.shape != type.shape:
        fail(
            ShapeError,
            f"{name} has shape {array.type.shape}, and what it belongs to has {type.shape}",
            op=kind,
        )
    if array.type.dtype is type.dtype:
        return array
    if array.weak and (array.type.dtype.kind != "c" or type.dtype.kind == "c"):
        return emit("convert", array, dtype=type.dtype)
    fail(
        DtypeError,
        f"{name} is {array.type.dtype}, and what it belongs to is {type.dtype}",
        op=kind,
        cure=f"write .astype({type.dtype.numpy.name!r})",
    )
