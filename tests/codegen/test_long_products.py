"""Products along long axes: however they are cut, their bits are those of one walk."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.builder import Builder
from jitflow.ir.core import walk
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.types import TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function
from tests.support.native import HERE
from tests.support.programs import assert_same_bits

TARGETS = [(16, 16), (32, 16), (64, 32)]

SHAPES = {
    "partial": (33, 1100, 17),
    "sums": (149, 1030, 131),
    "chain": (10, 600, 333),
    "chain of one row": (1, 40, 9001),
}
"""By what waits in memory."""


@pytest.fixture(autouse=True)
def number_of_threads():
    before = jf.get_num_threads()
    yield
    jf.set_num_threads(before)


def product(dtype, shape, other, contract):
    b = Builder(locations=HERE)
    x, y = (b.param(TensorType(DTYPES[dtype], s)) for s in (shape, other))
    batch = ((), ()) if len(shape) == 2 else ((0,), (0,))
    return b.build("f", [b.dot_general(x, y, contract=contract, batch=batch)])


def sample(dtype, *shape):
    values = np.random.default_rng(sum(shape)).standard_normal(shape) * 3
    return values.astype(DTYPES[dtype].numpy)


def on_all_targets(function, arrays, waits):
    """The result, which no target and no number of threads changes."""
    results = []
    for target in TARGETS:
        loops = run_pipeline(loops_for(*target), function, verify_each=True)
        names = {v.name for op in walk(loops.body) for v in op.results}
        assert {"partial", "sums", "chain"} & names >= {waits}
        native = compile_function(loops)
        for threads in (1, 2, 3, 7, 16):
            jf.set_num_threads(threads)
            results.append(native(arrays))
    for result in results[1:]:
        assert_same_bits(result, results[0])
    return results[0][0]


def by_one_walk(dtype, x, y):
    """The product by parts of so few rows and columns that nothing waits."""
    rows, columns, part, width = len(x), y.shape[1], 5, 8
    f = compile_function(
        run_pipeline(
            loops_for(32, 16),
            product(dtype, (part, x.shape[1]), (x.shape[1], width), ((1,), (0,))),
        )
    )
    for i in [*range(0, rows - part, part * 7), max(rows - part, 0)]:
        for j in [*range(0, columns - width, width * 11), max(columns - width, 0)]:
            left, right = np.zeros((part, x.shape[1]), x.dtype), np.zeros((len(y), width), y.dtype)
            cut_rows, cut_columns = x[i : i + part], y[:, j : j + width]
            left[: len(cut_rows)], right[:, : cut_columns.shape[1]] = cut_rows, cut_columns
            (block,) = f([left, right])
            height, breadth = len(cut_rows), cut_columns.shape[1]
            yield (slice(i, i + part), slice(j, j + width)), block[:height, :breadth]


@pytest.mark.parametrize("dtype", ["f32", "f64", "f16", "i32"])
@pytest.mark.parametrize("waits", SHAPES)
def test_the_bits_of_one_walk(dtype, waits):
    rows, depth, columns = SHAPES[waits]
    x, y = sample(dtype, rows, depth), sample(dtype, depth, columns)
    function = product(dtype, x.shape, y.shape, ((1,), (0,)))
    result = on_all_targets(function, [x, y], waits.split()[0])
    for place, block in by_one_walk(dtype, x, y):
        assert_same_bits([result[place]], [block])


@pytest.mark.parametrize("shape", [(1100, 40), (1030, 150), (300, 61)])
def test_a_matrix_with_itself(shape):
    """Half of the result is a copy of the other half, which no bit shows."""
    x = sample("f32", *shape)
    f = jf.jit(lambda x: x.T @ x)
    text = f.lower(x).as_text("kernels")
    apart = jf.jit(lambda x, y: x.T @ y)
    for threads in (1, 3):
        jf.set_num_threads(threads)
        result = f(x)
        np.testing.assert_array_equal(result, apart(x, x.copy()))
        np.testing.assert_array_equal(result, result.T)
    assert len(text) != len(apart.lower(x, x).as_text("kernels"))


def test_rows_with_rows_of_the_same():
    x = sample("f64", 40, 200)
    result = jf.jit(lambda x: x @ x.T)(x)
    np.testing.assert_array_equal(result, jf.jit(lambda x, y: x @ y.T)(x, x.copy()))


def test_a_batch_of_long_products():
    x, y = sample("f32", 3, 33, 1100), sample("f32", 3, 1100, 20)
    function = product("f32", x.shape, y.shape, ((2,), (1,)))
    result = on_all_targets(function, [x, y], "partial")
    for k in range(3):
        for place, block in by_one_walk("f32", x[k], y[k]):
            assert_same_bits([result[k][place]], [block])
