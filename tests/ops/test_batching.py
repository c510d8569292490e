"""The batching rule of every row, by table, through the interpreter: a batch is its elements."""

from itertools import product

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.row import ROWS, Family, OpRow, register
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.batch import batch
from tests.support.derivative_cases import CASES
from tests.support.samples import sample

SIZE = 3
RNG = np.random.default_rng(11)
UNDEFINED = ("check", "transposed_call", "cholesky")
SAMPLED = [row.name for row in ROWS.values() if row.batch and row.name not in UNDEFINED]


def random(type):
    """A batch of arrays of a type, symbols being 5; integers index any axis of two elements."""
    shape = (SIZE, *(d if isinstance(d, int) else 5 for d in type.shape))
    if type.dtype.kind in "biu":
        return RNG.integers(0, 2, shape).astype(type.dtype.numpy)
    return RNG.normal(size=shape).astype(type.dtype.numpy)


def agree(function, batches):
    """For each choice of batched parameters: the batch against one element after the other."""
    count = len(function.params)
    for chosen in product((False, True), repeat=count):
        if not any(chosen):
            continue
        params = tuple(i for i in range(count) if chosen[i])
        after = verify(batch(function, size=SIZE, params=params))
        found = interpret(after, [x if i in params else x[0] for i, x in enumerate(batches)])
        each = [
            interpret(function, [x[k if i in params else 0] for i, x in enumerate(batches)])
            for k in range(SIZE)
        ]
        assert after.attrs["batched"] == tuple(range(len(function.results)))
        for got, *wanted in zip(found, *each, strict=True):
            assert got.dtype == wanted[0].dtype
            tolerance = 1e-12 if got.dtype.itemsize > 4 else 1e-3
            np.testing.assert_allclose(got, np.stack(wanted), tolerance, tolerance)


@pytest.mark.parametrize("name", SAMPLED)
def test_a_batch_is_its_elements(name):
    function = parse_function(sample(name))
    agree(function, [random(p.type) for p in function.params])


@pytest.mark.parametrize("case", range(len(CASES)), ids=[name for name, *_ in CASES])
def test_a_batch_is_its_elements_in_the_cases_of_the_derivatives(case):
    name, arrays, attrs, *_ = CASES[case]
    arrays = [np.asarray(array) for array in arrays]
    b = Builder()
    params = tuple(b.param(TensorType(as_dtype(x.dtype), x.shape)) for x in arrays)
    op = b.emit(ROWS[name], params, attrs)
    agree(
        b.build(name, op.results),
        [np.stack([x, other(ROWS[name], x), x]).astype(x.dtype) for x in arrays],
    )


def other(row, x):
    """An array like x: matrices that a function of linear algebra takes as well."""
    if row.family is Family.LIBRARY:
        return 2 * x
    return x[::-1] if x.ndim else x


def test_a_row_without_a_rule_is_refused():
    row = OpRow(name="new", family=Family.VIEW, arity=1, infer=None, doc="", no_derivative="none")
    with pytest.raises(ValueError, match="must say how it is batched"):
        register(row)
    assert "new" not in ROWS
