"""Exact rows that are expanded: their compiled code has the bits of the NumPy reference."""

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from tests.codegen.test_rows import CODED, samples
from tests.support.native import HERE, compiled
from tests.support.samples import accepted, plain_rows

SIZE = 1003  # whole vectors, and a tail
EXPANDED = [row for row in plain_rows() if row.exact and row.expand is not None]


@pytest.mark.parametrize("row", EXPANDED, ids=lambda row: row.name)
def test_compiled_row_is_the_reference(row):
    for dtype in set(accepted(row)) & set(CODED):
        operands = [samples(dtype, SIZE, seed) for seed in range(row.arity)]
        check(row, dtype, operands)
        check(row, dtype, [x[:1].reshape(()) for x in operands])


def check(row, dtype, operands):
    builder = Builder(locations=HERE)
    params = [builder.param(TensorType(dtype, operands[0].shape)) for _ in operands]
    function = builder.build(row.name, [builder.emit(row, tuple(params)).result])
    (found,) = compiled(function)(operands)
    with np.errstate(all="ignore"):
        expected = row.reference(*operands)
    same = (found == expected) | (found != found) & (expected != expected)
    if dtype.is_float:
        same &= (np.signbit(found) == np.signbit(expected)) | (found != found)
    wrong = np.flatnonzero(~np.atleast_1d(same))
    assert not wrong.size, [[x.flat[i] for x in (*operands, found, expected)] for i in wrong[:4]]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_rests_of_quotients_of_any_size(dtype):
    rng = np.random.default_rng(5)
    numpy = DTYPES[dtype].numpy
    info = np.finfo(numpy)
    exponents = rng.integers(info.minexp - info.nmant, info.maxexp, (2, 4000))
    x, y = (rng.uniform(-2, 2, 4000) * np.exp2(e.astype(float)) for e in exponents)
    for name in ("fmod", "remainder", "floor_divide"):
        check(ROWS[name], DTYPES[dtype], [x.astype(numpy), y.astype(numpy)])


@pytest.mark.parametrize("name", ["quotient", "fmod", "remainder", "floor_divide", "gcd"])
def test_integers_beside_the_limit_of_float_quotients(name):
    near = [2**51, 2**51 - 1, 2**51 + 1, 2**50, 2**52, 2**53 + 1, 2**62, 3, 7, 1, 0]
    x, y = (v.ravel() for v in np.meshgrid(near, [*near, 2**26, 2**51 - 3]))
    for factor in (1, -1):
        check(ROWS[name], DTYPES["i64"], [x, factor * y])
        check(ROWS[name], DTYPES["i64"], [factor * (x - 1), y])
    check(ROWS[name], DTYPES["u64"], [x.astype(np.uint64), y.astype(np.uint64)])
    for k in range(0, len(x), 11):  # one at a time, so that each takes its own branch
        check(ROWS[name], DTYPES["i64"], [x[k : k + 1], y[k : k + 1]])


@pytest.mark.parametrize("divisor", [3, -7, 1, -1, 0, 10, 64])
def test_integers_by_a_constant(divisor):
    for dtype in (d for d in CODED if d.is_integer and (d.is_signed or divisor >= 0)):
        x = samples(dtype, SIZE, 3)
        for name in ("quotient", "fmod", "remainder", "floor_divide"):
            builder = Builder(locations=HERE)
            param = builder.param(TensorType(dtype, x.shape))
            by = builder.full_like(param, divisor)
            function = builder.build(name, [getattr(builder, name)(param, by)])
            (found,) = compiled(function)([x])
            with np.errstate(all="ignore"):
                expected = ROWS[name].reference(x, np.full_like(x, divisor))
            np.testing.assert_array_equal(found, expected, err_msg=f"{name} {dtype}")
