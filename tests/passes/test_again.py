"""What is lowered several times over is one nest, run with the buffers of each."""

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32
from jitflow.ir.location import Location
from jitflow.ir.nests import nests_of, runs_of
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.lowering.again import MANY_ALIKE
from jitflow.passes.manager import count_ops, run_pipeline
from jitflow.passes.pipeline import LOOPS
from tests.support.native import call, reference
from tests.support.programs import assert_same_bits

RNG = np.random.default_rng(7)
PLAIN = {"contract": ((1,), (0,)), "batch": ((), ())}


def products():
    """Four products, each on a line of its own, the third of an array with itself."""
    b = Builder()
    x, y, z = (b.param(TensorType(f32, (13, 13)), name) for name in "xyz")
    results = []
    for line, (lhs, rhs) in enumerate([(x, y), (y, z), (z, z), (z, x)], 1):
        b.locations = (Location("m.py", line),)
        results.append(b.dot_general(lhs, rhs, **PLAIN))
    return b.build("f", results)


def running_sums():
    """Three cumulative sums, one of them of a transposed array."""
    b = Builder(locations=(Location("m.py", 1),))
    x, y = (b.param(TensorType(f32, (6, 6)), name) for name in "xy")
    turned = b.transpose(x, axes=(1, 0))
    return b.build("f", [b.cumsum(v, axis=1, reverse=False) for v in (x, y, turned)])


@pytest.mark.parametrize("build", [products, running_sums])
def test_runs_compute_what_is_asked(build):
    function = build()
    arguments = [RNG.random(p.type.shape, np.float32) for p in function.params]
    expected = reference(function, arguments)
    assert_same_bits(call(function, arguments, verify_each=True), expected)


def test_a_product_of_an_array_with_itself_is_another_kind():
    lowered = verify(run_pipeline("lower", products()))
    assert len(nests_of(lowered)) == 1
    assert len(runs_of(lowered)) == 3


def test_other_strides_are_another_kind():
    assert len(runs_of(run_pipeline("lower", running_sums()))) == 2


def test_runs_stand_in_order_and_keep_their_lines():
    lowered = run_pipeline("lower", products())
    lines = [op.locations[0].line for op in lowered.ops if op.regions or op.row.name == "run"]
    assert lines == [1, 2, 3, 4]


def test_a_single_product_is_no_nest():
    b = Builder(locations=(Location("m.py", 1),))
    x = b.param(TensorType(f32, (13, 13)), "x")
    function = b.build("f", [b.dot_general(x, x, **PLAIN)])
    assert not nests_of(run_pipeline("lower", function))


def test_what_is_made_within_another_goes_with_it():
    """Running sums copy their first slice, as concatenations copy rows."""
    b = Builder(locations=(Location("m.py", 1),))
    x, y = (b.param(TensorType(f32, (20, 30)), name) for name in "xy")
    sums = [b.cumsum(v, axis=0, reverse=False) for v in (x, y)]
    rows = [b.slice(v, start=(0, 0), stop=(1, 30), step=(1, 1)) for v in (x, y)]
    others = [b.slice(v, start=(1, 0), stop=(20, 30), step=(1, 1)) for v in (x, y)]
    turned = [b.concatenate(other, row, axis=0) for other, row in zip(others, rows, strict=True)]
    function = b.build("f", [*sums, *turned])
    arguments = [RNG.random(p.type.shape, np.float32) for p in function.params]
    expected = reference(function, arguments)
    assert_same_bits(call(function, arguments, verify_each=True), expected)


def sums_of_rows(count):
    """The sum of the squares of each row, which is straight code, and all of them together."""
    b = Builder(locations=(Location("m.py", 1),))
    x = b.param(TensorType(f32, (count, 20)), "x")
    sums = []
    for k in range(count):
        part = b.slice(x, start=(k, 0), stop=(k + 1, 20), step=(1, 1))
        row = b.reshape(part, shape=(20,))
        sums.append(b.reshape(b.reduce_sum(b.mul(row, row), axes=(0,)), shape=(1,)))
    return b.build("f", [b.concatenate(*sums, axis=0)])


@pytest.mark.parametrize("count", [MANY_ALIKE - 1, MANY_ALIKE, 3 * MANY_ALIKE])
def test_straight_code_is_a_nest_where_there_is_much_of_it(count):
    function = sums_of_rows(count)
    arguments = [RNG.random((count, 20), np.float32)]
    assert_same_bits(call(function, arguments, verify_each=True), reference(function, arguments))
    loops = run_pipeline(LOOPS, function)
    is_many = count >= MANY_ALIKE
    assert len(runs_of(loops)) == count * is_many
    assert len(nests_of(loops)) == is_many
    if is_many:
        assert count_ops(loops) < 12 * count
