"""`check(f, *args)`: f traced and interpreted equals f run by NumPy, in dtype, shape and value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.location import Location
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.trace import WEAK
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.spec import spec
from jitflow.trace.staging import Leaf, Source, Staged, stage

TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-12}
TOLERANCE |= {"complex64": TOLERANCE["float32"], "complex128": TOLERANCE["float64"]}


def staged(f: Any, *args: Any) -> Staged:
    """The graph of f on arguments like these; Python numbers are weak."""
    leaves = [
        Leaf(
            TensorType(as_dtype(np.asarray(x).dtype), np.shape(x)), type(x) in WEAK, f"argument {k}"
        )
        for k, x in enumerate(args)
    ]
    return stage(Source(lambda xs: f(*xs), "f", Location(__file__, 1)), leaves)


def evaluate(f: Any, *args: Any) -> Any:
    """What the graph of f gives, by the interpreter."""
    graph = staged(f, *args)
    verify(graph.function)
    arrays = [np.asarray(x) for x in args]
    return unflatten(graph.tree, interpret(graph.function, [*arrays, *graph.captured]))


def check(f: Any, *args: Any, exact: bool = True) -> None:
    got, expected = evaluate(f, *args), numpy_result(f, *args)
    got_leaves, expected_leaves = flatten(got)[0], flatten(expected)[0]
    assert len(got_leaves) == len(expected_leaves)
    for a, b in zip(got_leaves, expected_leaves, strict=True):
        same(a, np.asarray(b), exact)


def numpy_result(f: Any, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        return f(*args)


def same(got: Any, expected: Any, exact: bool) -> None:
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    if exact or got.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, expected)
        if got.dtype.kind == "f":
            zeros = got == 0
            np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]))
    else:
        tolerance = TOLERANCE[got.dtype.name]
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture(name="check", scope="session")
def check_fixture() -> Any:
    return check


@pytest.fixture(name="evaluate", scope="session")
def evaluate_fixture() -> Any:
    return evaluate


@pytest.fixture(name="rows", scope="session")
def rows_fixture() -> Any:
    """The names of the ops in the graph of f."""
    return lambda f, *args: [op.name for op in staged(f, *args).function.ops]


@pytest.fixture(name="types", scope="session")
def types_fixture() -> Any:
    """The types of what f gives for an argument of a spec."""

    def types(f: Any, text: str) -> list[str]:
        given = spec(text)
        leaf = Leaf(TensorType(given.dtype, given.shape), given.weak, "argument x")
        graph = stage(Source(lambda xs: f(*xs), "f", Location(__file__, 1)), [leaf])
        verify(graph.function)
        return [str(value.type) for value in graph.function.results]

    return types
