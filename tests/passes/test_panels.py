"""Blocks and squares: every permutation, size and dtype gives the elements that it should."""

import itertools

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES, f32
from jitflow.ir.interpreter import interpret
from jitflow.ir.nests import walk_all
from jitflow.ir.types import TensorType, VectorType
from jitflow.passes.lowering.squares import turned
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function
from tests.support.native import HERE
from tests.support.programs import assert_same_bits

TARGETS = [(16, 16), (32, 16), (64, 32)]


@pytest.mark.parametrize("name", ["i8", "f16", "f32", "f64"])
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_a_square_is_turned(name, lanes):
    b = Builder()
    rows = [b.param(VectorType(DTYPES[name], lanes)) for _ in range(lanes)]
    function = b.build("turn", turned(b, rows))
    square = np.arange(lanes * lanes).reshape(lanes, lanes).astype(DTYPES[name].numpy)
    assert_same_bits(interpret(function, list(square)), list(square.T))


def transposed(dtype, shape, axes):
    """A transposed array and the array itself, where they have one shape, in one expression."""
    b = Builder(locations=HERE)
    x = b.param(TensorType(dtype, shape))
    y = b.transpose(x, axes=axes)
    y = b.not_(y) if dtype.kind == "b" else b.neg(y)
    return b.build("f", [b.select(b.eq(x, y), x, y) if y.type == x.type else y])


def check(dtype, shape, axes, expects_panel=None):
    function = transposed(dtype, shape, axes)
    x = np.random.default_rng(1).integers(0, 100, shape).astype(dtype.numpy)
    expected = interpret(function, [x])
    for target in TARGETS:
        loops = run_pipeline(loops_for(*target), function, verify_each=True)
        assert_same_bits(compile_function(loops)([x]), expected)
        if expects_panel is not None:
            assert any(op.name == "shuffle" for op in walk_all(loops)) == expects_panel


@pytest.mark.parametrize("dtype", [d for d in DTYPES.values() if d.kind != "c"], ids=str)
def test_dtypes(dtype):
    check(dtype, (48, 70), (1, 0), expects_panel=dtype.kind != "b")


@pytest.mark.parametrize("shape", [(64, 16), (16, 64), (33, 65), (17, 129), (80, 80), (15, 300)])
def test_sizes(shape):
    check(f32, shape, (1, 0), expects_panel=min(shape) >= 16)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))), ids=str)
def test_permutations_of_three_axes(axes):
    check(f32, (17, 20, 35), axes, expects_panel=axes[2] != 2)


def test_axes_of_extent_1_and_slices():
    b = Builder(locations=HERE)
    x = b.param(TensorType(f32, (40, 1, 60)))
    part = b.slice(x, start=(3, 0, 1), stop=(40, 1, 60), step=(2, 1, 1))
    function = b.build("f", [b.exp(b.transpose(part, axes=(2, 1, 0)))])
    array = np.random.default_rng(2).normal(size=(40, 1, 60)).astype(np.float32)
    results = [
        compile_function(run_pipeline(loops_for(*target), function))([array]) for target in TARGETS
    ]
    np.testing.assert_allclose(results[0][0], np.exp(array[3::2, :, 1:].T), rtol=1e-6)
    for result in results[1:]:
        assert_same_bits(result, results[0])


def both_ways(function, arrays):
    """The results of all targets, with the pass and without it: equal to the bit."""
    results = []
    for target in TARGETS:
        full = loops_for(*target)
        without = tuple(step for step in full if not step.startswith("panels"))
        for passes in (full, without):
            loops = run_pipeline(passes, function, verify_each=True)
            results.append(compile_function(loops)(arrays))
            has_panel = any(op.name == "shuffle" for op in walk_all(loops))
            assert has_panel == (passes is full)
    for result in results[1:]:
        assert_same_bits(result, results[0])
    return results[0]


@pytest.mark.parametrize("shape", [(80, 128), (100, 333), (129, 81)])
def test_rows_that_are_reduced(shape):
    b = Builder(locations=HERE)
    x = b.param(TensorType(f32, shape))
    y = b.param(TensorType(f32, shape[::-1]))
    product = b.mul(b.transpose(x, axes=(1, 0)), y)
    results = [b.reduce_sum(product, axes=(1,)), b.argmax(product, axis=1), b.neg(product)]
    function = b.build("f", results)
    rng = np.random.default_rng(4)
    x, y = (rng.normal(size=s).astype(np.float32) for s in (shape, shape[::-1]))
    total, most, negative = both_ways(function, [x, y])
    np.testing.assert_array_equal(negative, -(x.T * y))
    np.testing.assert_array_equal(most, (x.T * y).argmax(1))
    np.testing.assert_allclose(total, (x.T * y).sum(1), rtol=1e-4, atol=1e-4)


def test_reductions_in_three_axes():
    b = Builder(locations=HERE)
    x = b.param(TensorType(f32, (33, 6, 50)))
    turned_round = b.transpose(x, axes=(2, 1, 0))
    function = b.build("f", [
        b.reduce_max(turned_round, axes=(2,)), b.reduce_sum(turned_round, axes=(1, 2)),
    ])
    x = np.random.default_rng(5).normal(size=(33, 6, 50)).astype(np.float32)
    most, total = both_ways(function, [x])
    np.testing.assert_array_equal(most, x.T.max(2))
    np.testing.assert_allclose(total, x.T.sum((1, 2)), rtol=1e-4, atol=1e-4)
