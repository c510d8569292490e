"""What is alike is made once and copied: the same code, with values of its own."""

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.core import walk
from jitflow.ir.dtypes import f32
from jitflow.ir.location import Location
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.lowering.again import Again
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from tests.support.native import call, reference
from tests.support.programs import assert_same_bits

RNG = np.random.default_rng(7)
PLAIN = {"contract": ((1,), (0,)), "batch": ((), ())}


def products(line=1):
    """Four products, the third of an array with itself; the second has `line`."""
    b = Builder(locations=(Location("m.py", 1),))
    x, y, z = (b.param(TensorType(f32, (13, 13)), name) for name in "xyz")
    first = b.dot_general(x, y, **PLAIN)
    b.locations = (Location("m.py", line),)
    second = b.dot_general(y, z, **PLAIN)
    b.locations = (Location("m.py", 1),)
    third, last = b.dot_general(z, z, **PLAIN), b.dot_general(z, x, **PLAIN)
    return b.build("f", [first, second, third, last])


@pytest.fixture
def copied(monkeypatch):
    """The keys of what was copied."""
    keys = []
    emit = Again.emit

    def counted(self, builder, key, outer, make):
        made = []
        emit(self, builder, key, outer, lambda: made.append(make()))
        keys.extend([key] * (not made))

    monkeypatch.setattr(Again, "emit", counted)
    return keys


def test_copies_compute_what_is_asked(copied):
    function = products()
    arguments = [RNG.random(p.type.shape, np.float32) for p in function.params]
    expected = reference(function, arguments)
    assert_same_bits(call(function, arguments, verify_each=True), expected)
    assert copied


def test_copies_have_values_of_their_own():
    kernels = run_pipeline(LOOPS, products())
    verify(kernels)
    ops = list(walk(kernels.body))
    params = [v for op in ops for region in op.regions for v in region.params]
    assert len(ops) == len(set(ops))
    assert len(params) == len(set(params))


def test_a_product_of_an_array_with_itself_is_another_kind(copied):
    run_pipeline(("lower",), products())
    assert len(copied) == 2


def test_lines_are_kept(copied):
    """What is alike but for its lines is made anew, as errors and reports name them."""
    kernels = run_pipeline(("lower",), products(line=3))
    assert 3 in {place.line for op in walk(kernels.body) for place in op.locations}
    assert len(copied) == 1
